"""Which bodies the input `http` takes for the same."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from producers.core.http.repeats import Repeats, digest_of

if sys.version_info >= (3, 14):
    pass
else:
    pass


NOW = 1_000_000_000.0
WINDOW = 600.0


def test_a_body_again_within_the_window_is_the_same_and_later_a_new_one() -> None:
    repeats = Repeats(WINDOW, 10)
    first = repeats.recognise("s", None, b"d", NOW)
    assert first is not None
    first.kept_at = NOW + 50
    assert repeats.recognise("s", None, b"d", NOW + 649) is first
    later = repeats.recognise("s", None, b"d", NOW + 650)
    assert later is not None
    assert later.incarnation != first.incarnation


@given(st.floats(0, 1e9), st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0.01, 1e4))
def test_what_comes_a_window_after_it_was_kept_never_gets_an_old_incarnation(
    now: float, kept_after: float, beyond: float, window: float
) -> None:
    repeats = Repeats(window, 10)
    first = repeats.recognise("s", None, b"d", now)
    assert first is not None
    first.kept_at = now + kept_after
    later = repeats.recognise("s", None, b"d", first.kept_at + window * 1.001 + beyond)
    assert later is not None
    assert later.incarnation != first.incarnation


def test_after_a_restart_in_the_same_window_a_retry_is_still_the_same() -> None:
    first, second = (Repeats(WINDOW, 10).recognise("s", None, b"d", 600 * 1000 + age) for age in (1, 599))
    assert first is not None
    assert second is not None
    assert first.incarnation == second.incarnation


def test_with_a_key_a_retry_is_the_same_however_late() -> None:
    first, second = (Repeats(WINDOW, 10).recognise("s", "key", b"d", NOW + age) for age in (0, 1e6))
    assert first is not None
    assert second is not None
    assert first.incarnation == second.incarnation


def test_bodies_sources_and_keys_make_different_incarnations() -> None:
    repeats = Repeats(WINDOW, 10)
    asked_for = [("s", None, b"d"), ("t", None, b"d"), ("s", None, b"e"), ("s", "k", b"d"), ("s", "l", b"d")]
    found = [repeats.recognise(*each, NOW) for each in asked_for]
    assert len({each.incarnation for each in found if each}) == 5


def test_a_key_never_stands_for_two_bodies() -> None:
    repeats = Repeats(WINDOW, 10)
    first = repeats.recognise("s", "k", b"d", NOW)
    assert repeats.recognise("s", "k", b"e", NOW) is None
    forgotten = Repeats(WINDOW, 10).recognise("s", "k", b"e", NOW)
    assert first is not None
    assert forgotten is not None
    assert first.incarnation != forgotten.incarnation


def test_no_more_bodies_are_remembered_than_allowed() -> None:
    repeats = Repeats(WINDOW, 100)
    for number in range(1000):
        assert repeats.recognise("s", None, digest_of(b"%d" % number), NOW)
    assert len(repeats) == 100


def test_bodies_of_the_past_are_forgotten() -> None:
    repeats = Repeats(WINDOW, 100)
    for number in range(50):
        known = repeats.recognise("s", None, b"%d" % number, NOW)
        assert known
        known.kept_at = NOW
    assert repeats.recognise("s", None, b"new", NOW + WINDOW)
    assert len(repeats) == 1
