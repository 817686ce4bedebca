"""Records as they arrive from Kafka, for destinations that look at more of them than `tests.sinks.records` holds."""

from __future__ import annotations

from typing import Any

from schemas.document import DAY_HEADER, ID_HEADER, DocumentWriter, day_of, shared_part
from tests.sinks.records import CODEC, NOON, Record, log_record


class Arrived(Record):
    """With a time and, where it is a document, headers."""

    def timestamp(self) -> tuple[int, int]:
        return 1, NOON // 1_000_000 + self.number

    def headers(self) -> list[tuple[str, bytes]] | None:
        return None


class ArrivedDocument(Arrived):
    def headers(self) -> list[tuple[str, bytes]] | None:
        record = log_record(self.number)
        return [(ID_HEADER, record["id"].encode()), (DAY_HEADER, day_of(record["timestamp"]))]


def arrived(number: int, **changes: Any) -> Arrived:
    """A LogRecord in Avro."""
    value = log_record(number, **changes)
    return Arrived(number, value["resource"]["source_id"].encode(), CODEC.encode(value))


def arrived_value(number: int, value: bytes | None) -> Arrived:
    """Whatever bytes."""
    return Arrived(number, b"key", value)


def arrived_document(number: int, **changes: Any) -> ArrivedDocument:
    """The same as a document; its id and day are those of the record without changes."""
    value = log_record(number, **changes)
    body = DocumentWriter().document(value, shared_part(value["resource"]))
    return ArrivedDocument(number, value["resource"]["source_id"].encode(), body)
