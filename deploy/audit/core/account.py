"""The account of one file, or of what a sink did with one partition: ranges that were told, and their sums.

Nearly all ranges are told once, so a first reading of the ledger keeps sums alone, and remembers where ranges overlap.
Only of what meets such a zone the entries themselves are kept, by a second reading, and a path is looked for. Memory is
that of the ranges' ends and the sums, however long the ledger is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deploy.audit.core.path import Part, Segment, Step, best_path
from deploy.audit.core.ranges import Ranges
from deploy.dead_letters.core.entries import is_redrive

DEAD_LETTER = "dead_letter/"


class Account:
    """Sums over ranges, each number once."""

    __slots__ = ("doubled", "ranges", "sums", "uncertain", "zones")

    def __init__(self) -> None:
        self.ranges = Ranges()
        self.zones: Ranges | None = None
        """Where ranges overlap."""
        self.sums: dict[Any, dict[str, int]] = {}
        """Whose part -> outcome -> amount."""
        self.doubled = 0
        """Numbers that are told twice and cannot be told apart."""
        self.uncertain: tuple[Step, ...] = ()
        """Steps of the path which tell those, and entries of replays in place of others that said something else."""

    def take(self, segment: Segment, mark: Any = None) -> None:
        """First reading."""
        if segment.start == segment.end:
            return
        for start, end in self.ranges.add(segment.start, segment.end, mark):
            if self.zones is None:
                self.zones = Ranges()
            self.zones.add(start, end)
        self._add(segment.parts)

    def begin_again(self) -> None:
        """Before the second reading, if there is any need for one."""
        self.sums.clear()

    def is_in_zone(self, segment: Segment) -> bool:
        """Whether the entry has to be kept. False: it was added, since no other is about its range."""
        if segment.start == segment.end:
            return False
        if self.zones is not None and self.zones.meets(segment.start, segment.end):
            return True
        self._add(segment.parts)
        return False

    def settle(self, kept: Iterable[Segment]) -> list[Segment]:
        """Add what was kept of the second reading, as the path through it says; returns what stands for it."""
        segments = list(set(kept))
        steps = best_path(segments)
        chosen = [each.segment for each in steps]
        final = list(corrected(chosen, [each for each in segments if each.run]))
        for each in final:
            self._add(each.parts)
        self.doubled = sum(each.doubled for each in steps)
        self.uncertain = tuple(each for each in steps if each.doubled)
        return final

    def _add(self, parts: Iterable[Part]) -> None:
        for key, outcomes in parts:
            sums = self.sums.get(key)
            if sums is None:
                sums = self.sums[key] = {}
            for name, amount in outcomes:
                sums[name] = sums.get(name, 0) + amount

    def total(self) -> dict[str, int]:
        """Sums over all parts."""
        return summed(self.sums.values())


def summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Outcomes added up."""
    found: Counter[str] = Counter()
    for each in parts:
        found.update(each)
    return dict(found)


def corrected(chosen: Iterable[Segment], again: Iterable[Segment]) -> Iterator[Segment]:
    """What stands, where some of it was sent again line by line: a redriven line's dead letter becomes what it is now.

    ``again``: entries of replays and redrives. Those that lie inside a chosen one (of redrives: that begin there), and
    have no more lines than it has dead letters, are about these. A redrive counts even if its chunk was told later: the
    worker may have been killed before it had told of it, and worked on it again, and what was sent again is there.
    """
    left = sorted(again, key=lambda each: (each.start, -each.written_at, each.end, repr(each)))
    for each in sorted(chosen, key=lambda one: one.start):
        inside = [one for one in left if _is_about(one, each)]
        yield _corrected(each, inside) if inside else each


def _is_about(one: Segment, chunk: Segment) -> bool:
    """Whether an entry tells of a part of a chunk."""
    if one == chunk or not chunk.start <= one.start < chunk.end:
        return False
    return is_redrive(one.run) or (one.end <= chunk.end and one.written_at >= chunk.written_at)


def _corrected(segment: Segment, again: Iterable[Segment]) -> Segment:
    outcomes = {key: Counter(dict(values)) for key, values in segment.parts}
    end = -1
    for each in again:
        if each.start < end:
            continue  # told again since
        now = summed(dict(values) for _, values in each.parts)
        if _take_dead_letters(outcomes, now.get("lines", 0)):
            first = outcomes[segment.parts[0][0]]
            first.update({name: amount for name, amount in now.items() if name not in ("lines", "bytes")})
            end = each.end
    return segment._replace(parts=tuple((key, tuple((+found).items())) for key, found in outcomes.items()))


def _take_dead_letters(outcomes: Mapping[Any, Counter[str]], lines: int) -> bool:
    """Take so many lines from what is dead-lettered; False: there are not so many, or none."""
    letters = [(found, name) for found in outcomes.values() for name in found if name.startswith(DEAD_LETTER)]
    if not lines or sum(found[name] for found, name in letters) < lines:
        return False
    for found, name in letters:
        taken = min(lines, found[name])
        found[name] -= taken
        lines -= taken
    return True
