"""Records on their way into objects: for each partition a buffer for each hour and namespace.

A partition's buffers are written together and then its offset is committed, so an object begins where the last commit
was or where its first record stands behind it, and a second attempt makes the same names.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
from confluent_kafka import Message

from schemas.codec import Codec, Undecodable, header_of
from schemas.identity import object_folder, object_name
from sinks.consumer import offset_of
from sinks.core.decode import RecordDecoder
from sinks.object_storage import avro_container, parquet

NO_NAMESPACE: Final = "_none"
"""Stands for the namespace of what comes from no pod."""

Rejected = tuple[Message, Undecodable]


@dataclass(frozen=True)
class ArchiveObject:
    """One object, ready to be written."""

    name: str
    body: bytes
    records: int


class Buffer(ABC):
    """Records of one partition that are not in an object yet."""

    def __init__(self, topic: str, partition: int, opened_at: float) -> None:
        self.topic = topic
        self.partition = partition
        self.opened_at = opened_at
        self.size = 0

    @abstractmethod
    def add(self, records: Sequence[Message]) -> list[Rejected]:
        """Take records of the partition, in order; returns those that cannot be read."""

    @abstractmethod
    def objects(self) -> Iterator[ArchiveObject]:
        """Everything taken so far, as objects."""

    def taken(self, records: Sequence[Message]) -> None:
        """Count records in."""
        self.size += sum(len(record) for record in records)


@dataclass
class _Rows:
    first_offset: int
    resources: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Identity of a resource object -> the object."""
    indices: list[int] = field(default_factory=list)
    events: list[pa.RecordBatch] = field(default_factory=list)


class ParquetBuffer(Buffer):
    """Routed records, decoded into columns as they come."""

    def __init__(self, topic: str, partition: int, opened_at: float, decoder: RecordDecoder) -> None:
        super().__init__(topic, partition, opened_at)
        self._decoder = decoder
        self._folders: dict[str, _Rows] = {}

    def add(self, records: Sequence[Message]) -> list[Rejected]:
        """As Buffer says."""
        rows = self._decoder.decode([each.key() or b"" for each in records], [each.value() or b"" for each in records])
        members: dict[str, list[int]] = {}
        timestamps = rows.events.column("timestamp").to_pylist()
        for row, (resource, timestamp) in enumerate(zip(rows.resources, timestamps, strict=True)):
            members.setdefault(object_folder(self.topic, timestamp, namespace_of(resource["kubernetes"])), []).append(
                row
            )
        for folder, chosen in members.items():
            kept = self._folders.get(folder)
            if kept is None:
                kept = self._folders[folder] = _Rows(offset_of(records[rows.positions[chosen[0]]]))
            for row in chosen:
                resource = rows.resources[row]
                kept.resources.setdefault(id(resource), resource)
                kept.indices.append(id(resource))
            kept.events.append(rows.events.take(pa.array(chosen, pa.int32())))
        self.taken(records)
        return [(records[position], problem) for position, problem in rows.rejected]

    def objects(self) -> Iterator[ArchiveObject]:
        """As Buffer says."""
        for folder, rows in self._folders.items():
            place = {identity: index for index, identity in enumerate(rows.resources)}
            name = object_name(folder, self.partition, rows.first_offset, parquet.EXTENSION)
            indices = [place[identity] for identity in rows.indices]
            body = parquet.parquet(list(rows.resources.values()), indices, pa.Table.from_batches(rows.events))
            yield ArchiveObject(name, body, len(indices))


class AvroBuffer(Buffer):
    """Values as they are, without their schema header."""

    def __init__(self, topic: str, partition: int, opened_at: float, codec: Codec) -> None:
        super().__init__(topic, partition, opened_at)
        self._codec = codec
        self._folders: dict[str, tuple[int, list[bytes]]] = {}

    def add(self, records: Sequence[Message]) -> list[Rejected]:
        """As Buffer says."""
        rejected = []
        for record in records:
            value = record.value() or b""
            decoded = self._codec.decode(value)
            if isinstance(decoded, Undecodable):
                rejected.append((record, decoded))
                continue
            folder = self._folder(decoded)
            known = header_of(value) == self._codec.header
            body = value[len(self._codec.header) :] if known else self._codec.encode(decoded)[len(self._codec.header) :]
            self._folders.setdefault(folder, (offset_of(record), []))[1].append(body)
        self.taken(records)
        return rejected

    def _folder(self, decoded: dict[str, Any]) -> str:
        match self._codec.kind:
            case "raw_chunk":
                moment, pod = decoded["observed_timestamp"], decoded["source"]["container"]
            case "dead_letter":
                moment, pod = decoded["failed_at"], None
            case _:
                moment, pod = decoded["timestamp"], decoded["resource"]["kubernetes"]
        return object_folder(self.topic, moment, namespace_of(pod))

    def objects(self) -> Iterator[ArchiveObject]:
        """As Buffer says."""
        for folder, (first_offset, bodies) in self._folders.items():
            name = object_name(folder, self.partition, first_offset, avro_container.EXTENSION)
            yield ArchiveObject(name, avro_container.container(self._codec.kind, bodies, name), len(bodies))


def namespace_of(pod: dict[str, Any] | None) -> str:
    """The namespace part of an object's name."""
    return str(pod["namespace"]) if pod else NO_NAMESPACE


def largest(buffers: Iterable[Buffer]) -> Buffer:
    """The buffer that holds most."""
    return max(buffers, key=lambda buffer: buffer.size)
