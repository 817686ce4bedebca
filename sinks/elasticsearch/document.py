"""Records as the lines of a bulk request: where each document goes, and the document (`schemas.document`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from schemas.codec import Undecodable
from schemas.document import DocumentWriter, shared_part
from schemas.identity import index_name
from sinks.core.columns import columns_of
from sinks.core.decode import Rows
from sinks.core.identified import Headers, identified
from sinks.values import Values

_NANOS_PER_DAY: Final = 86_400_000_000_000
_END: Final = b"}}\n"
"""Of a document, and of its line."""


class RecordLines:
    """Turns rows into the lines of a bulk request."""

    def __init__(self, index_pattern: str) -> None:
        self._index_pattern = index_pattern
        self._writer = DocumentWriter()
        self._resource: dict[str, Any] | None = None
        self._shared = b""
        self._begin = self._end = 0
        """Of the latest record's day, in nanoseconds since 1970."""
        self._action = b""
        """Beginning of the action line of all records of the day."""

    def lines(self, rows: Rows) -> Iterator[bytes]:
        """For each row its action line and its document, both with their line ends."""
        ids = rows.events.column("id").to_pylist()
        write = self._writer.write
        for resource, id_, fields in zip(rows.resources, ids, columns_of(rows.events), strict=True):
            if resource is not self._resource:
                self._resource, self._shared = resource, shared_part(resource)
            if not self._begin <= fields[1] < self._end:
                self._begin_day(fields[1])
            yield write(fields, self._shared, self._action + orjson.dumps(id_) + b"}}\n", _END)

    def _begin_day(self, timestamp: int) -> None:
        self._begin = timestamp - timestamp % _NANOS_PER_DAY
        self._end = self._begin + _NANOS_PER_DAY
        self._action = action(index_name(self._index_pattern, timestamp))


def action(index: str) -> bytes:
    """The beginning of an action line, up to the document's id in JSON."""
    return b'{"create":{"_index":"%b","_id":' % index.encode()


class LineBuilder(Values[bytes]):
    """Builds the lines of whatever stands in routed topics; a document goes into its line unread.

    What Elasticsearch cannot read in a document it refuses for that document alone, and then it goes to the dead
    letters with Elasticsearch's reason.
    """

    def __init__(self, index_pattern: str, holds_documents: Callable[[str], bool]) -> None:
        super().__init__(holds_documents)
        self._index_pattern = index_pattern
        self._decoded = RecordLines(index_pattern)
        self._day = b""
        self._action = b""
        """Beginning of the action line of all documents of the day."""

    def of_rows(self, rows: Rows) -> Iterator[bytes]:
        """As Values says."""
        return self._decoded.lines(rows)

    def of_document(self, headers: Headers | None, value: bytes, key: bytes = b"") -> bytes | Undecodable:
        """As Values says."""
        told = identified(headers, value)
        if isinstance(told, Undecodable):
            return told
        if told.day != self._day:
            self._day, self._action = told.day, action(index_name(self._index_pattern, told.begins_at))
        return b'%b"%b"}}\n%b\n' % (self._action, told.id, value)

    def size(self, piece: bytes) -> int:
        """As Values says."""
        return len(piece)
