"""Records as the lines of a bulk request: where each document goes, and the document (`schemas.document`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from schemas.codec import Undecodable
from schemas.identity import index_name
from sinks.core.decode import Rows
from sinks.core.document_columns import DocumentColumns
from sinks.core.identified import Headers, identified
from sinks.values import Values

_NANOS_PER_DAY: Final = 86_400_000_000_000
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]")
"""What no record id of ours holds, and might need escaping."""


class RecordLines:
    """Turns rows into the lines of a bulk request."""

    def __init__(self, index_pattern: str) -> None:
        self._index_pattern = index_pattern
        self._columns = DocumentColumns(end=b"\n")

    def lines(self, rows: Rows) -> list[bytes]:
        """For each row its action line and its document, both with their line ends."""
        if not rows.positions:
            return []
        events = rows.events
        actions, ids = self._actions(events.column("timestamp")), _ids(events.column("id"))
        return self._columns.documents(rows, pc.binary_join_element_wise(actions, ids, '"}}\n', ""))

    def _actions(self, timestamps: pa.Array) -> Any:
        """The beginning of each action line: one text for all, where they are of the same day."""
        ends = pc.min_max(timestamps).as_py()
        if ends["min"] // _NANOS_PER_DAY == ends["max"] // _NANOS_PER_DAY:
            return self._action(ends["min"])
        return pa.array(map(self._action, timestamps.to_pylist()))

    def _action(self, timestamp: int) -> str:
        return action(index_name(self._index_pattern, timestamp)).decode() + '"'


def _ids(ids: pa.Array) -> Any:
    """Record ids as they stand between quotation marks."""
    texts = ids.to_pylist()
    return pa.array([orjson.dumps(each)[1:-1].decode() for each in texts]) if _UNSAFE.search("".join(texts)) else ids


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

    def of_rows(self, rows: Rows) -> list[bytes]:
        """As Values says."""
        return self._decoded.lines(rows)

    def of_document(self, headers: Headers | None, value: bytes, _key: bytes = b"") -> bytes | Undecodable:
        """As Values says."""
        told = identified(headers, value)
        if isinstance(told, Undecodable):
            return told
        id_, day, begins_at = told
        if day != self._day:
            self._day, self._action = day, action(index_name(self._index_pattern, begins_at))
        return b"".join((self._action, b'"', id_, b'"}}\n', value, b"\n"))

    def size(self, piece: bytes) -> int:
        """As Values says."""
        return len(piece)
