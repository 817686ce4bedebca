"""Which source, incarnation and offset the entries of a tag get."""

from __future__ import annotations

from hashlib import sha256

import pytest

from producers.chunk import Chunk
from producers.core.forward.entries import Entries, Piece
from producers.core.forward.sources import (
    IDLE_SECS,
    LIVES_MAX,
    SHARED_SOURCES,
    Lives,
    Origins,
    chunks_of_request,
    tag_text,
)

FRESH = {"inside_line": False, "open_streams": {}}


def origins(tags_max: int = 1000, name: str = "in", prefix: str | None = None) -> Origins:
    return Origins("node-1", name, prefix, tags_max)


def ids(known: Origins, *tags: bytes, now: float = 0) -> list[str]:
    return [known.of(tag, now).source["id"] for tag in tags]


def whole(*payloads: bytes) -> Entries:
    return Entries([Piece(each, 1) for each in payloads], sha256(b"".join(payloads)).digest())


def request(tag: bytes, chunk: str | bytes, entries: Entries, known: Origins | None = None) -> list[Chunk]:
    return chunks_of_request((known or origins()).of(tag, 0), "forward://peer", chunk, entries, 7)


# -- tags --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "prefix", "text"),
    [
        (b"docker.web", None, "docker.web"),
        (b"web", "docker", "docker.web"),
        ("jörg.日本".encode(), None, "jörg.日本"),
        (b"a\xffb", None, "a\\xffb"),
        (b"a\nb\x00c\x7f", None, "a\\x0ab\\x00c\\x7f"),
        (b"", None, "forward.in"),
        (b"", "docker", "docker"),
    ],
)
def test_a_tag_stays_what_the_client_called_it(tag: bytes, prefix: str | None, text: str) -> None:
    assert tag_text(tag, prefix, "forward.in") == text
    assert origins(prefix=prefix).of(tag, 0).source["tag"] == text


# -- sources -----------------------------------------------------------------------------------------------------------


def test_each_tag_of_each_input_is_a_source_and_the_same_after_a_restart() -> None:
    first, again, other = ids(origins(), b"a", b"b"), ids(origins(), b"a", b"b"), ids(origins(name="x"), b"a", b"b")
    assert (first == again, len({*first, *other})) == (True, 4)


def test_tags_beyond_the_limit_share_sources_and_keep_their_tags() -> None:
    known = origins(tags_max=10)
    own = ids(known, *(b"own-%d" % n for n in range(10)))
    beyond = [known.of(b"beyond-%d" % n, 0) for n in range(500)]
    assert len(set(own)) == 10
    assert len({each.source["id"] for each in beyond}) == SHARED_SOURCES
    assert {each.source["id"] for each in beyond}.isdisjoint(own)
    assert [each.source["tag"] for each in beyond] == [f"beyond-{n}" for n in range(500)]


def test_a_tag_keeps_its_place_while_it_is_heard_and_gives_it_up_when_it_is_not() -> None:
    known = origins(tags_max=2)
    a, b = ids(known, b"a", b"b")
    ids(known, b"a", now=IDLE_SECS - 1)
    c = ids(known, b"c", now=IDLE_SECS + 1)[0]
    assert ids(known, b"a", now=IDLE_SECS + 2) == [a]
    assert ids(known, b"b", now=IDLE_SECS + 3) != [b]
    assert ids(origins(), b"c") == [c]


# -- incarnations of requests with a chunk id --------------------------------------------------------------------------


def test_a_request_is_an_incarnation_from_its_beginning_to_its_end() -> None:
    made = request(b"a", "c1", whole(b"12345", b"678"))
    assert [(each.offset, each.payload, each.lines, each.ended, each.end_reason, each.resumed) for each in made] == [
        (0, b"12345", 1, False, None, FRESH),
        (5, b"678", 1, True, "complete", None),
    ]
    assert (made[0].incarnation, len(made[0].incarnation)) == (made[1].incarnation, 8)
    assert (made[0].path, made[0].observed_timestamp) == ("forward://peer", 7)


def test_a_retry_has_the_same_incarnation_even_if_it_is_cut_differently_or_shares_its_source_now() -> None:
    crowded = origins(tags_max=1)
    crowded.of(b"other", 0)
    first = request(b"a", "c1", whole(b"12345", b"678"))
    retries = [request(b"a", "c1", whole(b"12345678")), request(b"a", "c1", whole(b"12345678"), crowded)]
    assert {each[0].incarnation for each in (first, *retries)} == {first[0].incarnation}
    assert retries[1][0].source["id"] != first[0].source["id"]


def test_other_entries_another_id_or_another_tag_are_another_incarnation() -> None:
    made = [
        request(b"a", "1", whole(b"x")),
        request(b"a", "1", whole(b"y")),
        request(b"a", "2", whole(b"x")),
        request(b"b", "1", whole(b"x")),
    ]
    assert len({each[0].incarnation for each in made}) == 4


def test_an_id_that_is_no_utf_8_is_one_all_the_same() -> None:
    assert request(b"a", "\udcff", whole(b"x"))[0].incarnation == request(b"a", b"\xff", whole(b"x"))[0].incarnation


# -- incarnations of connections ---------------------------------------------------------------------------------------


def send(lives: Lives, tag: bytes, payload: bytes, known: Origins | None = None) -> list[Chunk]:
    return lives.chunks(tag, known or origins(), Piece(payload, 1), 0, 7)


def test_the_entries_of_a_tag_go_on_where_the_last_ended() -> None:
    lives = Lives("forward://peer", b"1")
    a = [*send(lives, b"a", b"123"), *send(lives, b"b", b"4"), *send(lives, b"a", b"5"), *lives.ends(9)]
    assert [(each.source["tag"], each.offset, each.payload, each.ended, each.end_reason) for each in a] == [
        ("a", 0, b"123", False, None),
        ("b", 0, b"4", False, None),
        ("a", 3, b"5", False, None),
        ("b", 1, b"", True, "closed"),
        ("a", 4, b"", True, "closed"),
    ]
    assert [each.resumed for each in a[:3]] == [FRESH, FRESH, None]
    assert a[0].incarnation == a[2].incarnation == a[4].incarnation != a[1].incarnation


def test_each_connection_has_incarnations_of_its_own() -> None:
    assert send(Lives("p", b"1"), b"a", b"x")[0].incarnation != send(Lives("p", b"2"), b"a", b"x")[0].incarnation


def test_a_connection_of_many_tags_ends_the_longest_unheard_and_never_begins_an_incarnation_twice() -> None:
    lives = Lives("forward://peer", b"1")
    first = send(lives, b"a", b"x")[0]
    for n in range(LIVES_MAX - 1):
        assert len(send(lives, b"%d" % n, b"x")) == 1
    ended, _ = send(lives, b"one more", b"x")
    assert (ended.incarnation, ended.offset, ended.ended) == (first.incarnation, 1, True)
    assert send(lives, b"a", b"x")[-1].incarnation != first.incarnation
    assert len(lives.ends(9)) == LIVES_MAX


def test_an_incarnation_stays_with_its_source_when_the_tag_gets_a_place_meanwhile() -> None:
    known = origins(tags_max=1)
    known.of(b"other", 0)
    lives = Lives("forward://peer", b"1")
    shared = send(lives, b"a", b"x", known)[0]
    later = lives.chunks(b"a", known, Piece(b"y", 1), 2 * IDLE_SECS, 7)[0]
    assert (later.source["id"], known.of(b"a", 2 * IDLE_SECS).source["id"] == shared.source["id"]) == (
        shared.source["id"],
        False,
    )
