"""Records of any routed topic as documents: one JSON object each, as `schemas.document` writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from schemas.codec import Undecodable
from schemas.document import day_of
from sinks.core.decode import Rows
from sinks.core.document_columns import DocumentColumns
from sinks.core.identified import Headers, identified
from sinks.values import Values


class Document(NamedTuple):
    """A record as a document."""

    id: str
    """The record id."""
    day: str
    """Of its timestamp, YYYY-MM-DD in UTC."""
    body: bytes
    """JSON without a line end."""


class DocumentBuilder(Values[Document]):
    """Builds documents of LogRecords, and passes on those that are documents already."""

    def __init__(self, holds_documents: Callable[[str], bool]) -> None:
        super().__init__(holds_documents)
        self._columns = DocumentColumns()

    def of_rows(self, rows: Rows) -> Iterator[Document]:
        """As Values says."""
        ids, timestamps = (rows.events.column(name).to_pylist() for name in ("id", "timestamp"))
        for id_, timestamp, body in zip(ids, timestamps, self._columns.documents(rows), strict=True):
            yield Document(id_, day_of(timestamp).decode(), body)

    def of_document(self, headers: Headers | None, value: bytes, _key: bytes = b"") -> Document | Undecodable:
        """As Values says."""
        told = identified(headers, value)
        if isinstance(told, Undecodable):
            return told
        return Document(told[0].decode(), told[1].decode(), value)

    def size(self, piece: Document) -> int:
        """As Values says."""
        return len(piece.body)
