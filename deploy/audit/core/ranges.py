"""A set of whole numbers as disjoint ranges, which grows range by range: ``[0, 100) [200, 300)``."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

Span = tuple[int, int]
"""First number, and the one behind the last."""


class Hole(NamedTuple):
    """Numbers that are not there."""

    start: int
    end: int
    mark: Any
    """Of the range that begins behind it; None: no range does."""


class Ranges:
    """Ranges in order; those that touch are one. Each has a mark of whatever came first in it."""

    __slots__ = ("ends", "marks", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.marks: list[Any] = []

    def __iter__(self) -> Iterator[Span]:
        return zip(self.starts, self.ends, strict=True)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def total(self) -> int:
        """How many numbers."""
        return sum(self.ends) - sum(self.starts)

    def add(self, start: int, end: int, mark: Any = None) -> list[Span]:
        """Add a range; returns those parts of it that were there before."""
        ends = self.ends
        if start >= end:
            return []
        if ends and ends[-1] == start:  # as nearly all come
            ends[-1] = end
            return []
        low, high = bisect_left(ends, start), bisect_right(self.starts, end)
        if low == high:
            self._put(low, high, start, end, mark)
            return []
        known = [(max(start, self.starts[at]), min(end, ends[at])) for at in range(low, high)]
        first = self.marks[low] if self.starts[low] <= start else mark
        self._put(low, high, min(start, self.starts[low]), max(end, ends[high - 1]), first)
        return [each for each in known if each[0] < each[1]]

    def _put(self, low: int, high: int, start: int, end: int, mark: Any) -> None:
        self.starts[low:high], self.ends[low:high], self.marks[low:high] = [start], [end], [mark]

    def meets(self, start: int, end: int) -> bool:
        """Whether any number of a range is there."""
        at = bisect_right(self.ends, start)
        return at < len(self.starts) and self.starts[at] < end and start < end

    def covers(self, start: int, end: int) -> bool:
        """Whether all numbers of a range are there."""
        return not any(True for _ in self.holes(start, end))

    def holes(self, start: int, end: int) -> Iterator[Hole]:
        """What is missing of a range."""
        for at in range(bisect_right(self.ends, start), len(self.starts)):
            if self.starts[at] >= end:
                break
            if start < self.starts[at]:
                yield Hole(start, self.starts[at], self.marks[at])
            start = max(start, self.ends[at])
        if start < end:
            at = bisect_left(self.starts, end)
            yield Hole(start, end, self.marks[at] if at < len(self.starts) and self.starts[at] == end else None)
