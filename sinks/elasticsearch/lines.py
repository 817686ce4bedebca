"""Records as Kafka has them into the lines of bulk requests: LogRecords are decoded, documents are passed on.

Each value says what it is, for no Avro value begins with a brace. So a sink may read topics of both formats, and a
topic that holds both because its route was changed; it does not matter who was restarted first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from confluent_kafka import Message

from schemas.codec import Undecodable
from sinks.core.decode import RecordDecoder
from sinks.elasticsearch.document import RecordLines
from sinks.elasticsearch.passed import Headers, PassedLines


@dataclass
class Lines:
    """What became of records."""

    records: list[Message] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    """The document of each record, behind its action line."""
    rejected: list[tuple[Message, Undecodable]] = field(default_factory=list)


class LineBuilder:
    """Builds the lines of whatever stands in routed topics."""

    def __init__(self, index_pattern: str, holds_documents: Callable[[str], bool]) -> None:
        """``holds_documents``: whether the settings make a topic one of documents; it is asked of bad values alone."""
        self._holds_documents = holds_documents
        self._decoder = RecordDecoder()
        self._decoded = RecordLines(index_pattern)
        self._passed = PassedLines(index_pattern)

    def build(self, records: Sequence[Message]) -> Lines:
        """The lines of all records that can be read. Never raises on input."""
        found = Lines()
        values = [each.value() or b"" for each in records]
        encoded = [position for position, value in enumerate(values) if value[:1] != b"{"]
        if len(encoded) == len(records):
            self._decode(records, values, found)
            return found
        if encoded:
            self._decode([records[each] for each in encoded], [values[each] for each in encoded], found)
        for record, value in zip(records, values, strict=True):
            if value[:1] == b"{":
                self._pass(record, value, found)
        return found

    def _decode(self, records: Sequence[Message], values: list[bytes], found: Lines) -> None:
        rows = self._decoder.decode([each.key() or b"" for each in records], values)
        found.lines += self._decoded.lines(rows)
        found.records += [records[position] for position in rows.positions] if rows.rejected else records
        found.rejected += [
            (records[position], self._explained(records[position], problem)) for position, problem in rows.rejected
        ]

    def _pass(self, record: Message, value: bytes, found: Lines) -> None:
        line = self._passed.line(cast("Headers | None", record.headers()), value)
        if isinstance(line, Undecodable):
            found.rejected.append((record, line))
        else:
            found.lines.append(line)
            found.records.append(record)

    def _explained(self, record: Message, problem: Undecodable) -> Undecodable:
        """Why a value cannot be read, in terms of what its topic should hold."""
        if self._holds_documents(record.topic() or ""):
            return Undecodable("malformed_value", "document: it is not one JSON object")
        return problem
