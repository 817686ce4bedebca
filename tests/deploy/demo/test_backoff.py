"""Restarts wait as kubelet lets them wait."""

from __future__ import annotations

from deploy.demo.backoff import BackoffLimits, crashes_in_row, restart_delay

LIMITS = BackoffLimits()


def test_the_first_restart_is_immediate_and_delays_double_up_to_five_minutes() -> None:
    assert [restart_delay(LIMITS, n) for n in range(1, 9)] == [0, 10, 20, 40, 80, 160, 300, 300]
    assert restart_delay(LIMITS, 10_000) == 300


def test_ten_good_minutes_are_a_recovery() -> None:
    assert crashes_in_row(LIMITS, 5, ran_secs=599) == 6
    assert crashes_in_row(LIMITS, 5, ran_secs=600) == 1
