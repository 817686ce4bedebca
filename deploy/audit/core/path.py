"""Which of many overlapping segments together say what became of a range, each number once.

Work that was done twice is told twice, and not always in the same pieces: after a crash a chain of segments may begin
at another boundary. So what counts is a path of segments that touch end to start, the one written last where several
begin at one place. Where no such path leads from the beginning to the end, the one that tells as few numbers twice as
possible is taken, and how many those are is told.

    [0,100) [100,200)            written first
            [100,180) [180,300)  written later: the path is [0,100) [100,180) [180,300)
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

Part = tuple[Any, tuple[tuple[str, int], ...]]
"""Whose (hour of a file's; source and hour of a sink's), and outcomes."""


class Segment(NamedTuple):
    """One ledger entry about a range."""

    start: int
    end: int
    written_at: int
    run: str
    """Replay or redrive; empty: none."""
    parts: tuple[Part, ...]


class Step(NamedTuple):
    """A segment of a path."""

    segment: Segment
    doubled: int
    """So many numbers at its beginning were told by the one before as well."""


def best_path(segments: Iterable[Segment]) -> list[Step]:
    """The path through all of them; parts that lie apart follow one another. In whatever order they are given."""
    found: list[Step] = []
    for group in _connected(sorted(set(segments), key=_order)):
        found += _walk(group) if len(group) > 1 else [Step(group[0], 0)]
    return found


def _order(each: Segment) -> tuple[int, int, int, str, str]:
    return each.start, each.written_at, each.end, each.run, repr(each.parts)


def _connected(segments: list[Segment]) -> list[list[Segment]]:
    """Segments by start, those that overlap together."""
    groups: list[list[Segment]] = []
    end = -1
    for each in segments:
        if not groups or each.start >= end:
            groups.append([])
            end = each.end
        groups[-1].append(each)
        end = max(end, each.end)
    return groups


def _walk(group: Sequence[Segment]) -> list[Step]:
    places = sorted({place for each in group for place in (each.start, each.end)})
    costs = _costs(group, places)
    from_: defaultdict[int, list[Segment]] = defaultdict(list)
    for each in group:  # the one written last comes last
        from_[each.start].append(each)
    steps: list[Step] = []
    at, doubled = places[0], 0
    while at != places[-1]:
        best = next((each for each in reversed(from_[at]) if costs[each.end] == costs[at]), None)
        if best is None:  # no way on from here: back to where one begins
            earlier = places[bisect_left(places, at) - 1]
            doubled += at - earlier
            at = earlier
            continue
        steps.append(Step(best, doubled))
        at, doubled = best.end, 0
    return steps


def _costs(group: Sequence[Segment], places: Sequence[int]) -> dict[int, int]:
    """For each boundary how many numbers are told twice, at the least, on the way from there to the end."""
    into: defaultdict[int, list[int]] = defaultdict(list)
    for each in group:
        into[each.end].append(each.start)
    nearest = dict(pairwise(places))
    costs: dict[int, int] = {}
    waiting = [(0, places[-1])]
    while waiting:
        cost, place = heapq.heappop(waiting)
        if place in costs:
            continue
        costs[place] = cost
        for start in into[place]:
            heapq.heappush(waiting, (cost, start))
        if place in nearest:  # whoever stands behind may step back to here
            heapq.heappush(waiting, (cost + nearest[place] - place, nearest[place]))
    return costs
