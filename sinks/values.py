"""Whatever stands in routed topics: LogRecords in Avro, and documents.

Each value says what it is, for no Avro value begins with a brace. So a sink may read topics of both formats, and a
topic that holds both because its route was changed; it does not matter who was restarted first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic

from confluent_kafka import Message

from schemas.codec import Undecodable
from sinks.core.decode import RecordDecoder, Rows
from sinks.core.identified import Headers
from sinks.destination import Built, Piece


class Values(ABC, Generic[Piece]):
    """Makes pieces of records of both kinds."""

    def __init__(self, holds_documents: Callable[[str], bool]) -> None:
        """``holds_documents``: whether the settings make a topic one of documents; it is asked of bad values alone."""
        self._holds_documents = holds_documents
        self._decoder = RecordDecoder()

    @abstractmethod
    def of_rows(self, rows: Rows) -> Iterable[Piece]:
        """One piece for each row."""

    @abstractmethod
    def of_document(self, headers: Headers | None, value: bytes, key: bytes = b"") -> Piece | Undecodable:
        """The piece of a document. Never raises on input."""

    @abstractmethod
    def size(self, piece: Piece) -> int:
        """Bytes that a piece takes in a request."""

    def build(self, records: Sequence[Message]) -> Built[Piece]:
        """The pieces of all records that can be read. Never raises on input."""
        built: Built[Piece] = Built()
        values = [each.value() or b"" for each in records]
        encoded = [position for position, value in enumerate(values) if value[:1] != b"{"]
        if len(encoded) == len(records):
            self._decode(records, values, built)
        else:
            if encoded:
                self._decode([records[each] for each in encoded], [values[each] for each in encoded], built)
            self._pass(records, values, built)
        built.sizes = list(map(self.size, built.pieces))
        return built

    def _decode(self, records: Sequence[Message], values: list[bytes], built: Built[Piece]) -> None:
        rows = self._decoder.decode([each.key() or b"" for each in records], values)
        built.pieces += self.of_rows(rows)
        built.records += (
            [records[position] for position in rows.positions] if len(rows.positions) < len(records) else records
        )
        built.rejected += [
            (records[position], self._explained(records[position], problem)) for position, problem in rows.rejected
        ]

    def _pass(self, records: Sequence[Message], values: list[bytes], built: Built[Piece]) -> None:
        of_document = self.of_document
        for record, value in zip(records, values, strict=True):
            if value[:1] != b"{":
                continue
            headers: Any = record.headers()
            piece = of_document(headers, value, record.key() or b"")
            if isinstance(piece, Undecodable):
                built.rejected.append((record, piece))
            else:
                built.pieces.append(piece)
                built.records.append(record)

    def _explained(self, record: Message, problem: Undecodable) -> Undecodable:
        """Why a value cannot be read, in terms of what its topic should hold."""
        if self._holds_documents(record.topic() or ""):
            return Undecodable("malformed_value", "document: it is not one JSON object")
        return problem
