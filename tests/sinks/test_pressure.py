"""A destination that refuses gets less at once, and more again when it takes it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sinks.core.pressure import GROW_AFTER, SMALLEST_SHARE, Pressure, PressureLimits

LIMITS = PressureLimits(requests_in_flight=4, batch_max_bytes=1600, slow_secs=10.0)


def refuse(pressure: Pressure, times: int) -> None:
    for number in range(times):
        pressure.refused(100.0 * number, 100.0 * number + 1)


def please(pressure: Pressure, times: int) -> None:
    for _ in range(times):
        pressure.answered(10_000.0, 10_000.1)


def test_it_begins_with_half_of_the_requests_and_whole_ones():
    pressure = Pressure(LIMITS)
    assert (pressure.requests_in_flight, pressure.batch_bytes) == (2, 1600)


def test_answers_without_complaint_add_one_request_after_the_other_up_to_the_limit():
    pressure = Pressure(LIMITS)
    please(pressure, GROW_AFTER)
    assert pressure.requests_in_flight == 3
    please(pressure, 100)
    assert pressure.requests_in_flight == 4


def test_refusals_halve_the_requests_and_then_their_size_down_to_a_floor():
    pressure = Pressure(LIMITS)
    refuse(pressure, 1)
    assert (pressure.requests_in_flight, pressure.batch_bytes) == (1, 1600)
    refuse(pressure, 3)
    assert (pressure.requests_in_flight, pressure.batch_bytes) == (1, 400)
    refuse(pressure, 100)
    assert (pressure.requests_in_flight, pressure.batch_bytes) == (1, 1600 // SMALLEST_SHARE)


def test_several_refusals_of_what_was_sent_before_the_first_count_once():
    pressure = Pressure(PressureLimits(16, 1600, 10.0))
    for _ in range(5):
        pressure.refused(0.0, 1.0)
    assert pressure.requests_in_flight == 4


def test_a_slow_answer_is_a_refusal():
    pressure = Pressure(LIMITS)
    pressure.answered(0.0, 10.1)
    assert pressure.requests_in_flight == 1


@given(st.lists(st.booleans(), max_size=300))
def test_it_stays_within_its_limits_and_comes_back_to_them(answers):
    pressure = Pressure(LIMITS)
    for number, taken in enumerate(answers):
        (pressure.answered if taken else pressure.refused)(float(number), number + 0.5)
        assert 1 <= pressure.requests_in_flight <= 4
        assert 100 <= pressure.batch_bytes <= 1600
    please(pressure, 10 * GROW_AFTER)
    assert (pressure.requests_in_flight, pressure.batch_bytes) == (4, 1600)
