"""Whose turn it is to be read: round robin over the logs that have something, and a time for those that must wait.

A log is in one of three states: ready (it has a turn in each round, one chunk a turn, so that a flood in one delays the
others by no more than a chunk), waiting for a time, or at rest until somebody wakes it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from producers.files.tail import SourceTail

PAUSE_SECS: Final = 0.15
"""How long a log that is written to again and again is left alone between two reads. With it a line reaches Kafka
within 250 ms, and a chunk carries what was written meanwhile instead of a single line."""


class Schedule:
    """The logs of all inputs by what they wait for. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._ready: deque[SourceTail] = deque()
        self._is_ready: set[SourceTail] = set()
        self._when: dict[SourceTail, float] = {}
        self._heap: list[tuple[float, int, SourceTail]] = []
        self._number = count()

    def wake(self, tail: SourceTail) -> None:
        """It may have something to read now."""
        if tail not in self._is_ready:
            self._when.pop(tail, None)
            self._is_ready.add(tail)
            self._ready.append(tail)

    def heard(self, tail: SourceTail, now: float) -> None:
        """Something was written to it. One that was read a moment ago keeps its time: then there is more to read."""
        due = self._when.get(tail)
        if due is None or not now < due <= now + PAUSE_SECS:
            self.wake(tail)

    def pause(self, tail: SourceTail, now: float) -> None:
        """It was just read; lines that come meanwhile share the next chunk."""
        self.at(tail, now + PAUSE_SECS)

    def at(self, tail: SourceTail, due: float) -> None:
        """Look at it at a time, or earlier when it is woken."""
        self._when[tail] = due
        heapq.heappush(self._heap, (due, next(self._number), tail))

    def next(self) -> SourceTail | None:
        """Whose turn it is; it is then neither ready nor waiting."""
        if not self._ready:
            return None
        tail = self._ready.popleft()
        self._is_ready.discard(tail)
        return tail

    def awake(self) -> Iterator[SourceTail]:
        """Those that are not at rest."""
        yield from self._ready
        yield from self._when

    def ready(self) -> int:
        """How many are ready."""
        return len(self._ready)

    def advance(self, now: float) -> None:
        """Make those ready whose time has come."""
        while self._heap and self._heap[0][0] <= now:
            due, _, tail = heapq.heappop(self._heap)
            if self._when.get(tail) == due:
                self.wake(tail)

    def next_due(self) -> float:
        """When the next one's time comes; infinity: never."""
        while self._heap and self._when.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else float("inf")
