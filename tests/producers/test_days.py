"""A byte that is read again has the day that it had, also after midnight."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from producers.core.files.days import NANOS_PER_DAY, day_of, extended, observed, pruned

MONDAY = 20_000
NOON = MONDAY * NANOS_PER_DAY + NANOS_PER_DAY // 2


def test_the_first_byte_of_a_day_begins_it() -> None:
    days = extended((), 0, NOON)
    days = extended(days, 500, NOON + 1)
    days = extended(days, 900, NOON + NANOS_PER_DAY)
    assert days == ((0, MONDAY), (900, MONDAY + 1))


def test_a_clock_that_is_set_back_begins_no_day() -> None:
    days = extended((), 0, NOON)
    assert extended(days, 500, NOON - 3 * NANOS_PER_DAY) == days


def test_a_day_on_which_nothing_new_can_begin_is_not_noted() -> None:
    days = extended((), 100, NOON)
    assert extended(days, 100, NOON + NANOS_PER_DAY) == days, "those bytes may have been sent already"


def test_bytes_of_today_are_observed_now() -> None:
    assert observed(((0, MONDAY),), 10, NOON) == (NOON, None)


def test_bytes_of_yesterday_are_observed_at_its_last_moment() -> None:
    days = ((0, MONDAY), (900, MONDAY + 1))
    seen, until = observed(days, 10, NOON + NANOS_PER_DAY)
    assert (seen, until) == ((MONDAY + 1) * NANOS_PER_DAY - 1, 900)


def test_bytes_of_a_day_that_a_wrong_clock_calls_tomorrow_keep_it() -> None:
    assert observed(((0, MONDAY),), 10, NOON - NANOS_PER_DAY) == (MONDAY * NANOS_PER_DAY, None)


def test_bytes_before_all_days_are_observed_now() -> None:
    assert observed(((100, MONDAY),), 10, NOON) == (NOON, 100)
    assert observed((), 10, NOON) == (NOON, None)


def test_days_that_are_over_are_forgotten() -> None:
    days = ((0, 1), (100, 2), (200, 3))
    assert [pruned(days, offset) for offset in (99, 100, 250)] == [days, days[1:], days[2:]]


chunks = st.lists(st.tuples(st.integers(1, 500), st.integers(-2, 3)), min_size=1, max_size=20)


@given(chunks, st.integers(-3, 6))
def test_reading_again_gives_every_byte_its_day(sizes: list[tuple[int, int]], later: int) -> None:
    days, offset, now = extended((), 0, NOON), 0, NOON
    first = []
    for size, pause in sizes:
        now += pause * NANOS_PER_DAY
        days = extended(days, offset, now)
        seen, until = observed(days, offset, now)
        assert until is None, "the newest day has no end"
        first += [(at, day_of(seen)) for at in range(offset, offset + size)]
        offset += size
    again = now + later * NANOS_PER_DAY
    for at, day in first:
        seen, until = observed(days, at, again)
        assert (day_of(seen), until is None or until > at) == (day, True)
        assert observed(pruned(days, at), at, again) == (seen, until)
