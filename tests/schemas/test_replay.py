"""Headers of replayed chunks."""

from __future__ import annotations

from schemas.replay import CONTEXT, Replayed, headers_of, replayed_of


def test_headers_say_what_was_said_and_those_of_others_say_nothing() -> None:
    said = Replayed("r-1.1", 1795262400.123, CONTEXT)
    assert replayed_of(headers_of(said)) == said
    wrong = [None, [], [("traceparent", b"00-1")], [(name, b"x") for name, _ in headers_of(said)]]
    assert [replayed_of(each) for each in wrong] == [None] * 4
