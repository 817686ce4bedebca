"""A namespace sends no faster than its limit in the long run, and no slower."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.files.rate import Allowance, allowance_of


@dataclass(frozen=True)
class Limit:
    namespaces: str = "*"
    bytes_per_sec: int = 100
    burst_bytes: int = 1000


def full(limit: Limit) -> Allowance:
    found = allowance_of([limit], "dev")
    assert found is not None
    return found


def test_a_burst_goes_at_once() -> None:
    allowance = full(Limit())
    allowance.spend(999)
    assert allowance.wait_secs(0.0) == 0.0


def test_what_is_overdrawn_is_waited_for() -> None:
    allowance = full(Limit())
    allowance.spend(1200)
    wait = allowance.wait_secs(0.0)
    assert wait == pytest.approx(2.01)
    assert allowance.wait_secs(wait) == 0.0


def test_a_rest_gives_no_more_than_the_burst() -> None:
    allowance = full(Limit())
    allowance.wait_secs(1e6)
    assert allowance.left == 1000


def test_the_first_limit_that_matches_counts() -> None:
    limits = [Limit("dev-*", 1), Limit("*", 2)]
    rates = [found and found.rate.bytes_per_sec for found in (allowance_of(limits, name) for name in ("dev-1", "prod"))]
    assert rates == [1, 2]


def test_what_is_in_no_namespace_has_no_limit() -> None:
    assert allowance_of([Limit("*")], "") is None
    assert allowance_of([Limit("dev")], "prod") is None


@given(
    st.integers(1, 10_000), st.integers(1, 100_000),
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 5000)), min_size=1, max_size=50),
)  # fmt: skip
def test_sending_keeps_to_the_limit(rate: int, burst: int, tries: list[tuple[float, int]]) -> None:
    allowance, now, sent = full(Limit("*", rate, burst)), 0.0, 0
    for pause, size in tries:
        now += pause
        now += allowance.wait_secs(now)
        assert allowance.wait_secs(now + 1e-6) == 0.0, "after the wait it may send"
        now += 1e-6
        assert sent <= burst + rate * now + 1, "every chunk but the last is within the limit"
        allowance.spend(size)
        sent += size
