"""How many documents each chunk should have, and where there are others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from deploy.audit.core.account import summed
from deploy.audit.core.outcomes import distinct
from deploy.audit.core.path import Segment

Range = tuple[int, int | None]
"""First position, and the one behind the last; None: open."""
Count = Callable[[Sequence[Range]], Sequence[int]]


@dataclass(frozen=True)
class Expected:
    """Of one chunk."""

    start: int
    end: int
    low: int
    """Documents, at least; without what is dead-lettered or on its way."""
    high: int
    """At most."""

    @classmethod
    def of(cls, standing: Iterable[Segment], others: Iterable[Segment], topics: Collection[str]) -> list[Self]:
        """``standing``: entries that count; ``others``: that were told of the same bytes and do not count.

        What a replay under other rules made and what was made before are both there.
        """
        found = []
        rest = list(others)
        for each in sorted(standing, key=lambda segment: segment.start):
            now = _distinct(each, topics)
            before = [
                _distinct(one, topics)
                for one in rest
                if one.start < each.end and each.start < one.end and (one.run or each.run) and not _is_inside(one, each)
            ]
            more = [one for one in before if one != now]
            found.append(cls(each.start, each.end, max([now, *more]), now + sum(more)))
        return found


def _is_inside(one: Segment, each: Segment) -> bool:
    """A redriven line: what stands was corrected by it."""
    return (
        bool(one.run)
        and each.start <= one.start
        and one.end <= each.end
        and one.end - one.start < each.end - each.start
    )


def _distinct(segment: Segment, topics: Collection[str]) -> int:
    return distinct(summed(dict(values) for _, values in segment.parts), topics)


def compare(
    chunks: Sequence[Expected], letters: Collection[int], waiting: Collection[int], count: Count
) -> Iterator[tuple[Expected, int]]:
    """Chunks with the wrong number of documents, and how many are too many; below zero: are missing.

    ``letters``: positions of records that were refused; ``waiting``: of those that may not be there yet. Positions of
    journals have gaps, so each range reaches up to the next chunk.
    """
    refused, late = sorted(letters), sorted(waiting)
    ends = [max(each.end, after.start) for each, after in pairwise(chunks)]
    if chunks:
        ends.append(chunks[-1].end)
    doubled = {at for at in range(1, len(chunks)) if chunks[at].start < chunks[at - 1].end}
    counts = count([(each.start, end) for each, end in zip(chunks, ends, strict=True)])
    for at, (each, end, found) in enumerate(zip(chunks, ends, counts, strict=True)):
        low = each.low - _inside(refused, each.start, end)
        high = each.high - _inside(refused, each.start, end)
        missing = low - _inside(late, each.start, end) - found
        if missing > 0 and at == len(chunks) - 1:
            missing = min(missing, low - _inside(late, each.start, None) - count([(each.start, None)])[0])
        if at in doubled or at + 1 in doubled:
            continue  # two entries tell of some of its lines, and nobody knows of how many
        if missing > 0:
            yield each, -missing
        elif found > high:
            yield each, found - high


def _inside(positions: Sequence[int], start: int, end: int | None) -> int:
    return (len(positions) if end is None else bisect_left(positions, end)) - bisect_left(positions, start)
