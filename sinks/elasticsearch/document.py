"""Records as the lines of a bulk request: where each document goes, and the document (`schemas.document`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson
import pyarrow as pa

from schemas.document import FIELDS, DocumentWriter, shared_part
from schemas.identity import index_name
from sinks.core.decode import Rows

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
        columns = [_column(rows.events, name) for name in FIELDS]
        ids = rows.events.column("id").to_pylist()
        write = self._writer.write
        for resource, id_, fields in zip(rows.resources, ids, zip(*columns, strict=True), strict=True):
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


def _column(events: pa.RecordBatch, name: str) -> list[Any]:
    """The values of a column; those that are nearly always empty cost nothing then."""
    column = events.column(name)
    if column.null_count == len(column) or (name == "flags" and len(column.flatten()) == 0):
        return [None] * len(column)
    values: list[Any] = column.to_pylist()
    return values
