"""How long kubelet waits before it starts a program again that has exited (CrashLoopBackOff); pure.

The first restart is immediate, then 10 s, 20 s, 40 s … up to 5 min; ten good minutes and it begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BackoffLimits:
    """kubelet's defaults; tests take shorter ones."""

    initial_secs: float = 10.0
    """Delay before the second restart; doubled for each one after it."""
    max_secs: float = 300.0
    """Longest delay."""
    reset_secs: float = 600.0
    """A program that ran this long has recovered: its next restart is immediate again."""


def restart_delay(limits: BackoffLimits, crashes: int) -> float:
    """Seconds to wait after the `crashes`-th exit in a row (1: the first)."""
    if crashes <= 1:
        return 0.0
    return float(min(limits.max_secs, limits.initial_secs * 2 ** min(crashes - 2, 62)))


def crashes_in_row(limits: BackoffLimits, crashes: int, ran_secs: float) -> int:
    """How many exits in a row there are now, after one more that followed a run of `ran_secs`."""
    return 1 if ran_secs >= limits.reset_secs else crashes + 1
