"""Records of any routed topic as documents: one JSON object each, as `schemas.document` writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from schemas.codec import Undecodable
from schemas.document import DocumentWriter, day_of, shared_part
from sinks.core.columns import columns_of
from sinks.core.decode import Rows
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
        self._writer = DocumentWriter()

    def of_rows(self, rows: Rows) -> Iterator[Document]:
        """As Values says."""
        resource, shared = None, b""
        ids = rows.events.column("id").to_pylist()
        for found, id_, fields in zip(rows.resources, ids, columns_of(rows.events), strict=True):
            if found is not resource:
                resource, shared = found, shared_part(found)
            yield Document(id_, day_of(fields[1]).decode(), self._writer.write(fields, shared))

    def of_document(self, headers: Headers | None, value: bytes, key: bytes = b"") -> Document | Undecodable:
        """As Values says."""
        told = identified(headers, value)
        if isinstance(told, Undecodable):
            return told
        return Document(told.id.decode(), told.day.decode(), value)

    def size(self, piece: Document) -> int:
        """As Values says."""
        return len(piece.body)
