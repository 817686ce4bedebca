"""Records on their way into objects: for each partition, open folders by hour and namespace.

`Buffer.read` decodes what was read from Kafka and says of which hours it is; `take` keeps it; `cut` makes objects of
some folders and keeps the others. A record that stands in an object already (`sinks.core.placing`) is passed over, and
the folder's open records before it are then closed: they become an object of their own, so that every object holds all
records of its folder between its first offset and its last.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from confluent_kafka import Message

from schemas.codec import Undecodable
from schemas.identity import object_folder, object_name
from sinks.core.manifest import Entry, hour_of
from sinks.core.open_folders import OpenFolder
from sinks.core.placing import Coverage
from sinks.object_storage.told import entry_of

NO_NAMESPACE: Final = "_none"
"""Stands for the namespace of what comes from no pod."""
HOUR: Final = 3_600_000_000_000
"""Nanoseconds."""

_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9._-]")
_TAKEN: Final = frozenset({"", ".", "..", "_manifest"})

Rejected = tuple[Message, Undecodable]


class Folder(NamedTuple):
    """Where an object lies below its topic, and which part of what is open there it is."""

    hour: int
    """Hours since 1970."""
    namespace: str
    part: int = 0
    """Rises when the records before a span that is covered are closed."""

    def path(self, topic: str) -> str:
        """``<topic>/dt=…/hour=…/<namespace>``."""
        return object_folder(topic, self.hour * HOUR, self.namespace)

    @property
    def hour_text(self) -> str:
        """As manifests have it."""
        return hour_of(self.hour * HOUR)


@dataclass(frozen=True)
class ArchiveObject:
    """One object, ready to be written."""

    hour: str
    entry: Entry
    """What the manifest will say of it."""
    body: bytes

    def named_by_both_ends(self) -> ArchiveObject:
        """The same under a name that says its last offset as well."""
        stem, _, extension = self.entry.name.rpartition(".")
        return replace(self, entry=replace(self.entry, name=f"{stem}-{self.entry.last_offset:020d}.{extension}"))

    def without_body(self) -> ArchiveObject:
        """What is kept of it while it travels."""
        return replace(self, body=b"")


@dataclass
class Block:
    """Records that were read together, decoded."""

    hours: Collection[int]
    """Of its records."""
    rejected: list[Rejected]
    offsets: Sequence[int]
    """Of its records; of a read, what is neither here nor rejected has nothing to keep."""
    content: Any
    """As the kind of buffer has it."""


@dataclass(frozen=True)
class Origin:
    """Where a buffer's records come from."""

    topic: str
    partition: int
    topic_id: str = ""


class Buffer(ABC):
    """Records of one partition that are not in an object yet."""

    extension: str

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.coverage = Coverage(origin.topic_id)
        self.covered: list[int] = []
        """Offsets of records that were not kept, being in an object already; whoever accounts for them clears it."""
        self._parts: dict[tuple[int, str], int] = {}

    @abstractmethod
    def read(self, records: Sequence[Message]) -> Block:
        """Decode records of the partition, in order; keeps nothing. Never raises on input."""

    @abstractmethod
    def take(self, block: Block, now: float) -> None:
        """Keep a block; the coverage of its hours must be known."""

    @abstractmethod
    def open(self) -> Sequence[OpenFolder[Folder]]:
        """Folders with records, and the memory that each holds."""

    @abstractmethod
    def cut(self, folders: Collection[Folder]) -> Iterator[ArchiveObject]:
        """Objects of some folders, which are then empty, also when not all objects are taken."""

    @abstractmethod
    def lowest(self) -> int | None:
        """Offset of the lowest record that is in no object."""

    def _members(self, hours: Iterable[int], namespaces: Iterable[str], offsets: Iterable[int]) -> list[Folder | None]:
        """For each record its folder; None for what is in an object. Closes what lies before."""
        found: list[Folder | None] = []
        closing: set[tuple[int, str]] = set()
        for hour, namespace, offset in zip(hours, namespaces, offsets, strict=True):
            key = hour, namespace
            if self.coverage.holds(hour_of(hour * HOUR), namespace, offset):
                closing.add(key)
                found.append(None)
                self.covered.append(offset)
                continue
            if key in closing:
                closing.discard(key)
                self._parts[key] = self._parts.get(key, 0) + 1
            found.append(Folder(hour, namespace, self._parts.get(key, 0)))
        for key in closing:
            self._parts[key] = self._parts.get(key, 0) + 1
        return found

    def _name(self, folder: Folder, first_offset: int) -> str:
        return object_name(folder.path(self.origin.topic), self.origin.partition, first_offset, self.extension)

    def _object(self, folder: Folder, told: Mapping[str, Any], body: bytes) -> ArchiveObject:
        """``told``: as the object's own metadata has it."""
        entry = entry_of(told, self._name(folder, told["first_offset"]), body)
        assert entry is not None
        return ArchiveObject(folder.hour_text, entry, body)


def told_of(origin: Origin, namespace: str, version: str, **figures: Any) -> dict[str, Any]:
    """What an object says of itself in its metadata."""
    return {
        "logferry": version, "topic": origin.topic, "topic_id": origin.topic_id, "partition": origin.partition,
        "namespace": namespace, **figures,
    }  # fmt: skip


def namespace_of(pod: Mapping[str, Any] | None) -> str:
    """The namespace part of an object's name: one that no path can mistake."""
    namespace = str(pod["namespace"]) if pod else ""
    if not namespace:
        return NO_NAMESPACE
    plain = _UNUSUAL.sub("-", namespace)[:200]
    return f"-{plain}" if plain in _TAKEN else plain
