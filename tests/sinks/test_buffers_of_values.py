"""What buffers keep of documents, and of topics that hold no records."""

from __future__ import annotations

import io
from typing import Self

import fastavro
import pytest

from schemas.codec import Codec
from schemas.document import DocumentWriter, day_of, shared_part
from tests.schemas.examples import example
from tests.sinks.buffering import (
    KIND_OF_BUFFER,
    add,
    new,
    objects,
    rows,
)
from tests.sinks.records import NOON, RAW, Record, log_record, message


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
def test_documents_are_archived_as_the_records_that_they_were(kind):
    record = {**log_record(7), "offset": 7}
    document = DocumentWriter().document(record, shared_part(record["resource"]))
    headers = [("id", record["id"].encode()), ("day", day_of(record["timestamp"]))]
    key = record["resource"]["source_id"].encode()
    buffer = new(kind)
    assert add(buffer, [Document(9, key, document, headers), message(10, log_record(8))]) == []
    (found,) = objects(buffer)
    assert sorted(row["id"] for row in rows(found)) == sorted([record["id"], log_record(8)["id"]])
    assert {row["body"] for row in rows(found)} == {record["body"]}


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
def test_documents_of_nobody_come_back(kind):
    records = [Document(1, b"k", b"{}", []), Document(2, b"k", b'{"a":', [("id", b"A" * 19), ("day", b"2026-11-21")])]
    assert [problem.reason for _, problem in add(new(kind), records)] == ["no_identity", "malformed_value"]


class Document(Record):
    """A record with headers."""

    def __new__(cls, number: int, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Self:
        made = super().__new__(cls, number, key, value)
        made.told = headers
        return made

    def headers(self) -> list[tuple[str, bytes]]:
        return self.told  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("topic", "kind", "hour"),
    [("logs.dead-letter", "dead_letter", 0), ("logs.ledger", "ledger_entry", 0), ("logs.pods", "pod", 12)],
)
def test_topics_of_other_values_are_kept_as_they_are(topic, kind, hour):
    codec, buffer = Codec(kind), new("avro", topic)
    value = example(kind)
    assert (
        add(
            buffer,
            [Stamped(9, b"key", codec.encode(value), topic), Stamped(10, b"key", None, topic)][: 1 + (kind == "pod")],
        )
        == []
    )
    (found,) = objects(buffer)
    assert list(fastavro.reader(io.BytesIO(found.body))) == [value]
    if kind == "pod":
        assert found.entry.name == f"logs.pods/dt=2026-11-21/hour={hour}/{value['namespace']}/3-{9:020d}.avro"
        assert found.entry.first_timestamp == NOON


class Stamped(Record):
    """A record with the broker's time."""

    def timestamp(self) -> tuple[int, int]:
        return 1, NOON // 1_000_000


def test_raw_chunks_are_kept_byte_for_byte_by_the_hour_they_were_read():
    buffer = new("parquet", "logs.raw")
    chunk = example("raw_chunk")
    assert add(buffer, [Record(9, b"key", RAW.encode(chunk), "logs.raw")]) == []
    (found,) = objects(buffer)
    assert found.entry.name == "logs.raw/dt=2026-11-21/hour=01/dev/3-00000000000000000009.avro"
    assert found.entry.first_id == f"{chunk['incarnation'].hex()}:{chunk['offset']}"
    assert list(fastavro.reader(io.BytesIO(found.body))) == [chunk]
