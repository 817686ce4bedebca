"""Waiting grows, has a ceiling, and is never the same for many."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.backoff import Backoff

chances = st.floats(0, 1)


@given(st.integers(1, 10_000), chances)
def test_a_delay_lies_in_the_upper_half_below_its_ceiling(attempt, chance):
    backoff = Backoff(first_secs=0.2, most_secs=10.0)
    ceiling = min(10.0, 0.2 * 2.0 ** min(attempt - 1, 1000))
    assert ceiling / 2 <= backoff.delay(attempt, chance) <= ceiling


@given(st.integers(1, 100), chances)
def test_a_later_failure_never_waits_shorter(attempt, chance):
    assert Backoff().delay(attempt, chance) <= Backoff().delay(attempt + 1, chance)


@given(st.integers(1, 20))
def test_chance_spreads_the_attempts_of_many(attempt):
    assert Backoff().delay(attempt, 0.0) * 2 == Backoff().delay(attempt, 1.0)
