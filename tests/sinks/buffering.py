"""Buffers of the archive for tests: filled, and their objects read back."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import fastavro
import pyarrow.parquet as pq

from schemas.identity import object_folder
from schemas.settings import ObjectStorageSink
from schemas.topic_names import TopicNames
from sinks.object_storage.buffers import ArchiveObject, Buffer, Origin
from sinks.object_storage.kinds import Kinds
from tests.sinks.records import Record, message

KIND_OF_BUFFER = ["parquet", "avro"]


NAMES = TopicNames()


def new(kind: str, topic: str = "logs.app", topic_id: str = "id", **settings: Any) -> Buffer:
    sink = ObjectStorageSink(type="object_storage", topics=(topic,), url="file:///a", format=kind, **settings)
    return Kinds(NAMES, sink, "1.2.3").buffer(Origin(topic, 3, topic_id))


def add(buffer: Buffer, records: Sequence[Record]) -> list[Any]:
    block = buffer.read(records)  # type: ignore[arg-type]
    buffer.take(block, 0.0)
    return block.rejected


def filled(kind: str, records: Sequence[Record], *, at_once: int = 1000) -> Buffer:
    buffer = new(kind)
    for start in range(0, len(records), at_once):
        assert add(buffer, records[start : start + at_once]) == []
    return buffer


def objects(buffer: Buffer) -> list[ArchiveObject]:
    """Everything as objects."""
    return list(buffer.cut({each.key for each in buffer.open()}))


def rows(each: ArchiveObject) -> list[dict[str, Any]]:
    """Records of an object, in what both formats have."""
    if each.entry.name.endswith(".parquet"):
        return pq.read_table(io.BytesIO(each.body), columns=["id", "body", "namespace"]).to_pylist()  # type: ignore[no-any-return]
    found: list[Any] = list(fastavro.reader(io.BytesIO(each.body)))
    return [
        {"id": row["id"], "body": row["body"], "namespace": row["resource"]["kubernetes"]["namespace"]} for row in found
    ]


def numbered(records: list[dict[str, Any]], start: int = 100) -> list[Record]:
    return [message(start + 2 * number, record) for number, record in enumerate(records)]


def expected(records: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Folder -> records, in order."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        namespace = record["resource"]["kubernetes"]["namespace"]
        folder = object_folder("logs.app", record["timestamp"], namespace)
        folders.setdefault(folder, []).append({"id": record["id"], "body": record["body"], "namespace": namespace})
    return folders


def by_id(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda row: (row["id"], row["body"]))


def in_order(each: ArchiveObject) -> list[Any]:
    """Offsets of its records, which `numbered` makes of their places."""
    if each.entry.name.endswith(".parquet"):
        return sorted(pq.read_table(io.BytesIO(each.body)).column("offset").to_pylist())
    return [row["offset"] for row in fastavro.reader(io.BytesIO(each.body))]  # type: ignore[index,call-overload]


def in_sequence(records: list[dict[str, Any]]) -> list[Record]:
    return numbered([{**record, "offset": 100 + 2 * place} for place, record in enumerate(records)])
