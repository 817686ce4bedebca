"""What became of records, counted for the ledger.

A share is what one read brought of one partition. Entries are made of shares whose records are all answered for; they
lie end to start, from the group's committed position on.

::

    committed 100, then read 100-149 and 150-219, one record of the second refused  ->
    {"stage": "sink/search", "topic": "logs.app", "partition": 3, "start": 100, "end": 220, "lines": 120,
     "outcomes": {"indexed": 119, "dead_letter/rejected_by_destination": 1, "bytes": 61200},
     "sources": {"5f0a…": {"indexed": 119}, "77b1…": {"dead_letter/rejected_by_destination": 1}}}

Nearly all records of a sink have the same outcome, the *usual* one. So keys are counted as they are read, all at once,
and only records with another outcome are counted one by one.

Offsets that no record was read from mean nothing by themselves (marks of transactions, compaction). Those below the
low watermark were removed before anybody read them: that is ``lost/expired``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

Partition = tuple[str, int]
"""Topic and partition."""

LOST: Final = "lost/expired"
DEAD_LETTER: Final = "dead_letter/"
"""With the reason behind it."""
PASSED: Final = "passed"
ALREADY_THERE: Final = "already_there"
ARCHIVED: Final = "archived"
BYTES: Final = "bytes"
DELETED: Final = "deleted/retention"

SOURCES_MAX: Final = 10_000
"""Of one entry, beyond its first share: about 400 KB, less than any topic takes."""
AT_ONCE_SECS: Final = 0.5
LATEST_SECS: Final = 5.0
"""An entry of a partition comes so soon behind the one before it, at the earliest and at the latest."""
ENTRY_BYTES: Final = 250
SOURCE_BYTES: Final = 40
"""About what an entry takes in Kafka, and each source in it."""
COST_SHARE: Final = 1 / 50
"""Before LATEST_SECS an entry is only written if it takes no more than this share of the bytes that it speaks of. So
the ledger of many sources that say little does not become as large as their logs."""

_SOURCE_ID: Final = re.compile(rb"[0-9a-f]{16}")
NOBODY: Final = ""
"""Stands for the source of records whose key is no source id: they were written by somebody else."""


class Share:
    """Records of one partition that were read together."""

    __slots__ = ("bytes", "end", "first", "gaps", "keys", "others")

    def __init__(self, offsets: Sequence[int], keys: Iterable[bytes | None], bytes_: int) -> None:
        """``offsets`` rise; a range will do. ``bytes_``: of their values."""
        self.first, self.end = offsets[0], offsets[-1] + 1
        self.keys = Counter(keys)
        self.bytes = bytes_
        self.others: Counter[tuple[bytes | None, str]] = Counter()
        """Key and outcome of records whose outcome is not the usual one."""
        self.gaps = [] if self.end - self.first == len(offsets) else list(_gaps(offsets))

    def tell(self, key: bytes | None, outcome: str) -> None:
        """A record has an outcome that is not the usual one."""
        self.others[key, outcome] += 1


Span = tuple[int, int]
"""First offset, and the one behind the last."""


def _gaps(offsets: Sequence[int]) -> Iterator[Span]:
    for before, behind in pairwise(offsets):
        if behind > before + 1:
            yield before + 1, behind


def gaps_of(start: int, shares: Iterable[Share]) -> list[Span]:
    """Offsets from ``start`` on from which no record was read."""
    found: list[Span] = []
    for share in shares:
        if share.first > start:
            found.append((start, share.first))
        found += share.gaps
        start = share.end
    return found


@dataclass
class Range:
    """What one entry speaks of."""

    start: int
    end: int
    shares: list[Share]
    lost: int = 0
    """Offsets in it whose records were removed before they were read."""


def ranges(start: int, shares: Sequence[Share], low: int = 0) -> list[Range]:
    """Ranges that touch each other, from ``start`` to the end of the last share; ``low``: the low watermark.

    What was lost between shares has a range of its own, what was lost inside of one is counted with it.
    """
    found: list[Range] = []
    sources = 0
    for share in shares:
        expired = min(share.first, low)
        if expired > start:
            found.append(Range(start, expired, [], expired - start))
            start = expired
        sources += len(share.keys)
        if not found or not found[-1].shares or sources > SOURCES_MAX:
            found.append(Range(start, share.end, []))
            sources = len(share.keys)
        last = found[-1]
        last.shares.append(share)
        last.lost += sum(max(0, min(end, low) - first) for first, end in share.gaps)
        start = last.end = share.end
    return found


def is_due(bytes_: int, sources: int, age_secs: float) -> bool:
    """Whether an entry is written now; ``age_secs`` since the last one of its partition."""
    if age_secs >= LATEST_SECS:
        return True
    cost = ENTRY_BYTES + SOURCE_BYTES * sources
    return age_secs >= AT_ONCE_SECS and cost <= bytes_ * COST_SHARE


def entry(place: tuple[str, str, int], of: Range, usual: str, written_at: int) -> dict[str, Any]:
    """The LedgerEntry of a range.

    ``place``: stage, topic and partition. ``usual``: outcome of every record that nothing else was told of.
    """
    stage, topic, partition = place
    sources = _sources(of.shares, usual)
    if of.lost:
        sources.setdefault(NOBODY, {})[LOST] = of.lost
    outcomes: Counter[str] = Counter()
    for each in sources.values():
        outcomes.update(each)
    lines = sum(outcomes.values())
    if of.shares:
        outcomes[BYTES] = sum(share.bytes for share in of.shares)
    return {
        "incarnation": "", "source_id": "", "stage": stage, "start": of.start, "end": of.end, "lines": lines,
        "outcomes": dict(outcomes), "topic": topic, "partition": partition, "sources": sources,
        "written_at": written_at,
    }  # fmt: skip


def _sources(shares: Iterable[Share], usual: str) -> dict[str, dict[str, int]]:
    keys: Counter[bytes | None] = Counter()
    others: Counter[tuple[bytes | None, str]] = Counter()
    for share in shares:
        keys.update(share.keys)
        others.update(share.others)
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (key, outcome), count in others.items():
        keys[key] -= count
        found[_source(key)][outcome] += count
    for key, count in keys.items():
        if count:
            found[_source(key)][usual] += count
    return {source: dict(outcomes) for source, outcomes in found.items()}


def _source(key: bytes | None) -> str:
    return key.decode() if key and _SOURCE_ID.fullmatch(key) else NOBODY


def whole(stage: str, path: str, outcomes: dict[str, int], written_at: int, **place: Any) -> dict[str, Any]:
    """The LedgerEntry of one object or index: written, or deleted by retention.

    ``place``: topic, partition, start, end, lines, as far as they are known.
    """
    return {
        "incarnation": "", "source_id": "", "stage": stage, "start": 0, "end": 0, "outcomes": outcomes, "path": path,
        "written_at": written_at, **place,
    }  # fmt: skip
