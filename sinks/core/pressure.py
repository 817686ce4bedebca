"""How much at once a destination gets: more while it takes it, less at once when it refuses or slows down.

Additive increase, multiplicative decrease, as TCP does (RFC 5681), over the number of requests under way and, when one
is left, over their size. What was sent before a refusal says nothing new, so that of several refusals at once only the
first counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GROW_AFTER: Final = 8
"""So many answers in a row without complaint, and one more request may be under way."""
SMALLEST_SHARE: Final = 16
"""Requests get no smaller than this part of batch_max_bytes."""


@dataclass(frozen=True)
class PressureLimits:
    """What the settings allow."""

    requests_in_flight: int
    batch_max_bytes: int
    slow_secs: float
    """An answer that takes longer than this counts as a refusal: the destination works, but cannot keep up."""


class Pressure:
    """The present limits. All times are of one clock, in seconds."""

    def __init__(self, limits: PressureLimits) -> None:
        self._limits = limits
        self.requests_in_flight = max(1, (limits.requests_in_flight + 1) // 2)
        self.batch_bytes = limits.batch_max_bytes
        self._pleased = 0
        self._eased_at = float("-inf")
        """When the limits were lowered last."""

    def share_of(self, most: int) -> int:
        """So much of ``most`` as requests are of their largest size: no more is begun than can soon be finished."""
        return max(1, most * self.batch_bytes // self._limits.batch_max_bytes)

    def answered(self, sent_at: float, now: float) -> None:
        """A request was taken as a whole."""
        if now - sent_at > self._limits.slow_secs:
            self.refused(sent_at, now)
            return
        self._pleased += 1
        if self._pleased < GROW_AFTER:
            return
        self._pleased = 0
        if self.batch_bytes < self._limits.batch_max_bytes:
            self.batch_bytes = min(self._limits.batch_max_bytes, self.batch_bytes * 2)
        elif self.requests_in_flight < self._limits.requests_in_flight:
            self.requests_in_flight += 1

    def refused(self, sent_at: float, now: float) -> None:
        """A request, or a part of it, was not taken, or took too long."""
        self._pleased = 0
        if sent_at < self._eased_at:
            return
        self._eased_at = now
        if self.requests_in_flight > 1:
            self.requests_in_flight //= 2
        else:
            smallest = max(1, self._limits.batch_max_bytes // SMALLEST_SHARE)
            self.batch_bytes = max(smallest, self.batch_bytes // 2)
