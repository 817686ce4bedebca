"""Where Kafka stood when the audit began. What came later is on its way, and no problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Partition = tuple[str, int]

STREAM = "stream"


@dataclass(frozen=True)
class Picture:
    """Ends first, positions second, and only then the ledger: what a group is past was told before it moved."""

    raw: str
    """The topic of chunks."""
    bounds: Mapping[Partition, tuple[int, int]] = field(default_factory=dict)
    """First offset, and the one behind the last."""
    committed: Mapping[str, Mapping[Partition, int]] = field(default_factory=dict)
    """``stream`` or ``sink/<name>`` -> what its group is past."""
    read: Mapping[str, tuple[Partition, ...]] = field(default_factory=dict)
    """The same -> all partitions that it reads."""
    ledger_ends: Mapping[int, int] = field(default_factory=dict)
    """Ends of the ledger before anything else was asked: what stands below was told of chunks that ``bounds`` has."""
    waits_since: Mapping[int, int] = field(default_factory=dict)
    """Partition of chunks -> nanoseconds since 1970 of the first that is not worked on yet, where there is one."""
    is_whole: bool = True
    """The ledger is read from its beginning, and nothing of it has expired."""
    partitions: int = 0
    """Of the topic of chunks."""

    def lag(self, stage: str) -> int:
        """Records that a stage has not finished."""
        positions = self.committed.get(stage, {})
        found = 0
        for each in self.read.get(stage, ()):
            start, end = self.bounds.get(each, (0, 0))
            found += max(0, end - max(start, positions.get(each, start)))
        return found

    def is_past(self, partition: int, offset: int) -> bool:
        """Whether the stream's group is past a chunk."""
        return offset < self.committed.get(STREAM, {}).get((self.raw, partition), 0)
