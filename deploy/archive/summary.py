"""What an archive holds, in figures: by hour and namespace, and by partition what its manifests account for. Pure.

A partition's records are spread over hours and namespaces, and each object tells from which offset to which it holds
all records of its folder. So of offsets that lie in no object's range nothing is in this archive, as far as it was
looked at: they may be of hours that were not asked for, of records that went to the dead letters, markers of
transactions, or not archived yet. Only when as many records are there as offsets, each is accounted for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from deploy.archive.catalog import Hour, Wanted, in_namespaces
from sinks.core.manifest import Span


@dataclass
class HourFigures:
    """An hour and namespace of a topic."""

    topic: str
    hour: str
    namespace: str
    objects: int = 0
    bytes: int = 0
    records: int = 0
    first_id: str = ""
    last_id: str = ""
    unnamed: int = 0
    """Objects that no manifest names: their records are not counted."""


@dataclass
class PartitionFigures:
    """A partition of a topic, in the part that was looked at."""

    topic: str
    partition: int
    records: int = 0
    spans: list[Span] = field(default_factory=list)

    @property
    def first_offset(self) -> int:
        """Lowest offset of all objects."""
        return min(first for first, _ in self.spans)

    @property
    def last_offset(self) -> int:
        """Highest offset of all objects."""
        return max(last for _, last in self.spans)

    @property
    def offsets(self) -> int:
        """How many offsets there are from the lowest to the highest."""
        return self.last_offset - self.first_offset + 1

    @property
    def gaps(self) -> list[Span]:
        """Ranges of offsets between, which lie in no object's range."""
        found, at = [], self.first_offset
        for first, last in sorted(self.spans):
            if first > at:
                found.append((at, first - 1))
            at = max(at, last + 1)
        return found


@dataclass
class Figures:
    """Everything that was looked at."""

    hours: dict[tuple[str, str, str], HourFigures] = field(default_factory=dict)
    partitions: dict[tuple[str, int], PartitionFigures] = field(default_factory=dict)
    foreign: int = 0
    """Things in the folders that are not logferry's."""


def add_hour(figures: Figures, hour: Hour, wanted: Wanted) -> None:
    """Count an hour in."""
    entries = hour.entries
    figures.foreign += len(hour.stored.foreign)
    for each in in_namespaces(hour.stored.objects, wanted):
        key = hour.text, each.place.topic, each.place.namespace
        row = figures.hours.setdefault(key, HourFigures(each.place.topic, hour.text, each.place.namespace))
        row.objects += 1
        row.bytes += each.bytes
        entry = entries.get(each.name)
        if entry is None:
            row.unnamed += 1
            continue
        row.records += entry.records
        row.first_id = min(filter(None, (row.first_id, entry.first_id)), default="")
        row.last_id = max(row.last_id, entry.last_id)
        partition = figures.partitions.setdefault(
            (each.place.topic, each.place.partition), PartitionFigures(each.place.topic, each.place.partition)
        )
        partition.records += entry.records
        partition.spans += entry.spans
        _coalesce(partition)


_MANY = 10_000


def _coalesce(partition: PartitionFigures) -> None:
    """Keep the list of ranges short: those that touch become one."""
    if len(partition.spans) < _MANY:
        return
    partition.spans = coalesced(partition.spans)


def coalesced(spans: Iterable[Span]) -> list[Span]:
    """Ranges that overlap or touch as one."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
