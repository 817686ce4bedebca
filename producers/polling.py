"""Logs that are at rest and of which nothing is heard: their files are looked at once in a while.

Those written to a moment ago are looked at often, for more is likely to come; the others at longer intervals. A look
costs a microsecond or two, which thousands of files make a burden on a node, so a round comes no sooner than so many
times as long as the last one took: with more files the looks become rarer, never dearer.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from producers.files.tail import SourceTail

FRESH_SECS: Final = 10.0
"""So long after it was read a log counts as written to a moment ago."""

FRESH_SHARE: Final = 20
"""Rounds over logs written to a moment ago: at most 5 % of a core."""

QUIET_SHARE: Final = 100
"""Rounds over the others: at most 1 % of a core."""


MOST_SECS: Final = 30.0
"""The longest pause between two rounds, however long the last one took: it may have hung, or met everything anew."""


def next_round(now: float, took: float, share: int, least: float = 0.0) -> float:
    """When to go round again: ``least`` seconds, or ``share`` times as long as it ``took``, from ``now``."""
    return now + min(max(least, share * took), max(least, MOST_SECS))


class Round:
    """Logs that are looked at equally often. Times are monotonic seconds."""

    def __init__(self, interval_secs: float, share: int) -> None:
        self.tails: dict[SourceTail, None] = {}
        self._interval = interval_secs
        self._share = share
        self._at = 0.0

    def next_due(self) -> float:
        """When the logs are looked at next; infinity: there are none."""
        return self._at if self.tails else float("inf")

    def changed(self, now: float) -> list[SourceTail]:
        """The logs whose files have changed, where it is time to look; they are at rest no more."""
        if now < self.next_due():
            return []
        began = time.perf_counter()
        found = [tail for tail in self.tails if tail.has_changed()]
        for tail in found:
            del self.tails[tail]
        self._at = next_round(now, time.perf_counter() - began, self._share, self._interval)
        return found


class Polling:
    """All logs that are at rest and must be polled."""

    def __init__(self, fresh_interval_secs: float, quiet_interval_secs: float) -> None:
        self._fresh = Round(fresh_interval_secs, FRESH_SHARE)
        self._quiet = Round(quiet_interval_secs, QUIET_SHARE)
        self._next_move = 0.0

    def rest(self, tail: SourceTail, now: float) -> None:
        """A log has nothing more to read, and its file cannot be watched."""
        (self._fresh if now - tail.read_at < FRESH_SECS else self._quiet).tails[tail] = None

    def forget(self, tail: SourceTail) -> None:
        """A log is being read, or is gone."""
        self._fresh.tails.pop(tail, None)
        self._quiet.tails.pop(tail, None)

    def changed(self, now: float) -> list[SourceTail]:
        """The logs whose files have changed. ``now``: monotonic seconds."""
        found = self._fresh.changed(now) + self._quiet.changed(now)
        if now >= self._next_move:
            self._next_move = now + FRESH_SECS / 4
            for tail in [each for each in self._fresh.tails if now - each.read_at >= FRESH_SECS]:
                del self._fresh.tails[tail]
                self._quiet.tails[tail] = None
        return found

    def next_due(self) -> float:
        """When the next look is due; infinity: nothing is polled."""
        return min(self._fresh.next_due(), self._quiet.next_due())
