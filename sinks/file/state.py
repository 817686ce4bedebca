"""How far files and partitions are written: what makes each record appear once.

::

    {"version": 1,
     "files": {"/var/log/out/a.log": {"inode": 81, "length": 4096, "since": 1795262400.0}},
     "partitions": [{"topic": "logs.app", "topic_id": "x3N…", "partition": 0, "next_offset": 1310, "time_ms": 1795…}]}

Lengths are written down before a file is written to, and together with the offsets behind every batch. So whatever a
crash leaves, a file is as it was at these offsets once it has been cut to its length.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

VERSION: Final = 1


@dataclass(frozen=True)
class FileEnd:
    """How far a file is written."""

    inode: int
    length: int
    since: float
    """When it was begun, in seconds since 1970."""


@dataclass(frozen=True)
class Written:
    """How far a partition is written."""

    topic_id: str
    """Kafka's, which a topic that is made anew has not; empty: unknown."""
    next_offset: int
    time_ms: int
    """Kafka's time of the latest record. One of a lower offset but a later time is of another life of the topic."""

    def has(self, offset: int, time_ms: int) -> bool:
        """Whether a record is written already."""
        return offset < self.next_offset and time_ms <= self.time_ms

    def with_record(self, offset: int, time_ms: int) -> Written:
        """The same with one more record."""
        return replace(self, next_offset=offset + 1, time_ms=max(time_ms, self.time_ms))


@dataclass(frozen=True)
class State:
    """All that is kept."""

    files: dict[str, FileEnd] = field(default_factory=dict)
    partitions: dict[tuple[str, int], Written] = field(default_factory=dict)

    def text(self) -> str:
        """As it stands in the state file."""
        partitions = [
            {"topic": topic, "partition": partition, **asdict(each)}
            for (topic, partition), each in self.partitions.items()
        ]
        files = {path: asdict(each) for path, each in self.files.items()}
        return json.dumps({"version": VERSION, "files": files, "partitions": partitions})


def read_state(text: str) -> State:
    """What `State.text` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    found: dict[str, Any] = json.loads(text)
    if found["version"] != VERSION:
        raise ValueError(f"version {found['version']!r} is not known")
    partitions = {
        (each.pop("topic"), each.pop("partition")): Written(**each) for each in map(dict, found["partitions"])
    }
    return State({path: FileEnd(**each) for path, each in found["files"].items()}, partitions)


def save(path: Path, state: State, *, fsync: bool) -> None:
    """Replace the state file as a whole. Raises OSError."""
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(state.text())
        file.flush()
        if fsync:
            os.fsync(file.fileno())
    new.replace(path)
    if fsync:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk confirm the names in a folder. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
