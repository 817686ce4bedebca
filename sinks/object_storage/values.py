"""Values on their way into Avro containers: kept as they are, without their schema header.

Of each value only what its object's name and the manifest need is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from confluent_kafka import Message

from schemas.codec import Codec, Undecodable, header_of
from sinks.consumer import offset_of
from sinks.core.decode import RecordDecoder
from sinks.core.open_folders import OpenFolder
from sinks.object_storage import avro_container
from sinks.object_storage.buffers import HOUR, ArchiveObject, Block, Buffer, Folder, Origin, namespace_of, told_of
from sinks.object_storage.documents import DocumentRecords
from sinks.object_storage.told import id_order

_VALUE_BYTES: Final = 100
"""What a value takes in memory beside its bytes."""


class Described(NamedTuple):
    """What is known of a value."""

    offset: int
    timestamp: int
    namespace: str
    id: str
    body: bytes


@dataclass
class _Open:
    """Values of a folder."""

    opened_at: float
    bytes: int = 0
    values: list[Described] = field(default_factory=list)


class ValueBuffer(Buffer):
    """As Buffer says, for values of any kind into Avro."""

    extension = avro_container.EXTENSION

    def __init__(self, origin: Origin, reader: ValueReader, version: str) -> None:
        super().__init__(origin)
        self._reader = reader
        self._version = version
        self._folders: dict[Folder, _Open] = {}

    def read(self, records: Sequence[Message]) -> Block:
        """As Buffer says."""
        described, rejected = self._reader.described(records)
        hours = {each.timestamp // HOUR for each in described}
        offsets = [each.offset for each in described]
        return Block(hours, [(records[at], why) for at, why in rejected], offsets, described)

    def take(self, block: Block, now: float) -> None:
        """As Buffer says."""
        values: list[Described] = block.content
        hours = [each.timestamp // HOUR for each in values]
        members = self._members(hours, [each.namespace for each in values], [each.offset for each in values])
        for folder, value in zip(members, values, strict=True):
            if folder is not None:
                kept = self._folders.get(folder)
                if kept is None:
                    kept = self._folders[folder] = _Open(now)
                kept.values.append(value)
                kept.bytes += len(value.body) + _VALUE_BYTES
        if values:
            self.coverage.forget(values[-1].offset + 1)

    def open(self) -> Sequence[OpenFolder[Folder]]:
        """As Buffer says."""
        return [OpenFolder(folder, each.bytes, each.opened_at) for folder, each in self._folders.items()]

    def lowest(self) -> int | None:
        """As Buffer says."""
        return min((each.values[0].offset for each in self._folders.values()), default=None)

    def cut(self, folders: Collection[Folder]) -> Iterator[ArchiveObject]:
        """As Buffer says."""
        chosen = [(folder, self._folders.pop(folder).values) for folder in folders if folder in self._folders]
        if not self._folders:
            self._parts.clear()
        return (self._made(folder, values) for folder, values in chosen)

    def _made(self, folder: Folder, values: list[Described]) -> ArchiveObject:
        ids, times = [each.id for each in values], [each.timestamp for each in values]
        told = told_of(
            self.origin, folder.namespace, self._version, records=len(values),
            first_offset=values[0].offset, last_offset=values[-1].offset,
            first_id=min(ids, key=id_order), last_id=max(ids, key=id_order),
            first_timestamp=min(times), last_timestamp=max(times),
        )  # fmt: skip
        name = self._name(folder, values[0].offset)
        body = avro_container.container(self._reader.kind, (each.body for each in values), name, told)
        return self._object(folder, told, body)


class ValueReader:
    """Describes values of one kind."""

    def __init__(self, codec: Codec) -> None:
        self.kind = codec.kind
        self._codec = codec
        self._of = _DESCRIPTIONS[codec.kind]

    def described(self, records: Sequence[Message]) -> tuple[list[Described], list[tuple[int, Undecodable]]]:
        """All values that can be read, and those that cannot with their positions. Tombstones are neither."""
        found, rejected = [], []
        for position, record in enumerate(records):
            value = record.value()
            if value is None and self.kind in _COMPACTED:
                continue
            decoded = self._codec.decode(value or b"")
            if isinstance(decoded, Undecodable):
                rejected.append((position, decoded))
                continue
            timestamp, namespace, id_ = self._of(decoded, record)
            body = self._body(value or b"", decoded)
            found.append(Described(offset_of(record), timestamp, namespace, id_, body))
        return found, rejected

    def _body(self, value: bytes, decoded: Mapping[str, Any]) -> bytes:
        """The value behind its header, in today's schema."""
        header = self._codec.header
        return (value if header_of(value) == header else self._codec.encode(decoded))[len(header) :]


class LogRecordReader(ValueReader):
    """Describes LogRecords, many at once, ten times as fast; documents become LogRecords."""

    def __init__(self, codec: Codec, decoder: RecordDecoder, documents: DocumentRecords) -> None:
        super().__init__(codec)
        self._decoder = decoder
        self._documents = documents

    def described(self, records: Sequence[Message]) -> tuple[list[Described], list[tuple[int, Undecodable]]]:
        """As ValueReader says."""
        keys, values = [each.key() or b"" for each in records], [each.value() or b"" for each in records]
        refused = dict(self._documents.replace(records, keys, values))
        rows = self._decoder.decode(keys, values)
        rejected = dict(rows.rejected) | refused
        times, ids = rows.events.column("timestamp").to_pylist(), rows.events.column("id").to_pylist()
        found = []
        for position, resource, timestamp, id_ in zip(rows.positions, rows.resources, times, ids, strict=True):
            namespace = namespace_of(resource["kubernetes"])
            offset, body = offset_of(records[position]), self._current(values[position])
            found.append(Described(offset, timestamp, namespace, id_, body))
        return found, sorted(rejected.items())

    def _current(self, value: bytes) -> bytes:
        if header_of(value) == self._codec.header:
            return value[len(self._codec.header) :]
        decoded = self._codec.decode(value)
        assert not isinstance(decoded, Undecodable)  # it has just been read
        return self._body(value, decoded)


_Description = Callable[[Mapping[str, Any], Message], tuple[int, str, str]]
"""Timestamp, namespace and id of a value."""


def _raw_chunk(chunk: Mapping[str, Any], _record: Message) -> tuple[int, str, str]:
    life = f"{chunk['incarnation'].hex()}:{chunk['offset']}"
    return chunk["observed_timestamp"], namespace_of(chunk["source"]["container"]), life


def _pod(pod: Mapping[str, Any], record: Message) -> tuple[int, str, str]:
    """The hour in which it was written: by then whoever replays that hour must know it."""
    _, milliseconds = record.timestamp()
    return milliseconds * 1_000_000, namespace_of(pod), str(pod["uid"])


_DESCRIPTIONS: Final[Mapping[str, _Description]] = {
    "raw_chunk": _raw_chunk,
    "pod": _pod,
    "dead_letter": lambda letter, _: (letter["failed_at"], namespace_of(None), _origin_of(letter)),
    "ledger_entry": lambda entry, _: (
        entry["written_at"], namespace_of(None), f"{entry['incarnation']}:{entry['start']}",
    ),
    "log_record": lambda value, _: (value["timestamp"], namespace_of(value["resource"]["kubernetes"]), value["id"]),
}  # fmt: skip
"""Kind of value -> what it says of itself."""
_COMPACTED: Final = frozenset({"pod"})


def _origin_of(letter: Mapping[str, Any]) -> str:
    return f"{letter['topic']}:{letter['partition']}:{letter['topic_offset']}"
