"""Whole batches of decoded records as documents: the bytes of `schemas.document`, put together by columns.

What Arrow can write for all rows at once (times, numbers, ids) it does; text that may need escaping goes through orjson
one by one, and what few values repeat (severities, parsers, resources) is written once. A sixth less time than
`DocumentWriter` takes row by row (docs/benchmarks.md); tests/contracts/test_documents.py holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from schemas.document import FEW, DocumentWriter, shared_part
from sinks.core.decode import Rows

_BINARY: Final = pa.binary()
_END: Final = b"}}"
_SEVERITY: Final = ("severity_number", "severity_text", "stream")


class _Remembered(dict[Any, bytes]):
    """What is written for keys that are few; forgotten when somebody is playing tricks."""

    def __init__(self, write: Callable[[Any], bytes]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, key: Any) -> bytes:
        if len(self) >= FEW:
            self.clear()
        found = self[key] = self._write(key)
        return found


class DocumentColumns:
    """Writes documents; remembers what repeats."""

    def __init__(self, end: bytes = b"") -> None:
        """``end``: what follows each document."""
        self._end = _END + end
        writer = DocumentWriter()
        self._severities: Final = _Remembered(lambda key: writer.severity(*key))
        self._parsers: Final = _Remembered(writer.parser)
        self._resource: dict[str, Any] | None = None
        self._shared = b""

    def documents(self, rows: Rows, before: Any = "") -> list[bytes]:
        """One document for each row, behind ``before`` (a text, or an Arrow array with one for each)."""
        events = rows.events
        column = events.column
        messages = list(map(orjson.dumps, column("body").to_pylist()))
        return list(
            map(
                b"".join,
                zip(
                    _joined(before, '{"@timestamp":"', _times(column("timestamp")), 'Z","log":'),
                    self._logs(column("original"), messages),
                    repeat(b',"message":'),
                    messages,
                    map(self._severities.__getitem__, zip(*_lists(events, *_SEVERITY), strict=True)),
                    _attributes(column("attributes")),
                    _traces(column("trace_id"), column("span_id")),
                    self._shared_parts(rows.resources),
                    _joined(
                        ',"offset":',
                        column("offset").cast(pa.string()),
                        ',"observed_timestamp":"',
                        _times(column("observed_timestamp")),
                        'Z","parser":',
                    ),
                    map(self._parsers.__getitem__, column("parser").to_pylist()),
                    self._ends(column("flags")),
                    strict=False,  # repeat() has no end
                ),
            )
        )

    def _logs(self, originals: pa.Array, messages: list[bytes]) -> list[bytes]:
        """The original line of each record, which is its message where there is no other."""
        if originals.null_count == len(originals):
            return messages
        texts = list(map(orjson.dumps, originals.to_pylist()))
        if not originals.null_count:
            return texts
        return [message if text == b"null" else text for text, message in zip(texts, messages, strict=True)]

    def _shared_parts(self, resources: list[dict[str, Any]]) -> list[bytes]:
        parts = []
        for resource in resources:
            if resource is not self._resource:
                self._resource, self._shared = resource, shared_part(resource)
            parts.append(self._shared)
        return parts

    def _ends(self, flags: pa.Array) -> Iterable[bytes]:
        if len(flags.flatten()) == 0:
            return repeat(self._end)
        return [b',"flags":' + orjson.dumps(each) + self._end if each else self._end for each in flags.to_pylist()]


def _lists(events: pa.RecordBatch, *names: str) -> list[list[Any]]:
    return [events.column(name).to_pylist() for name in names]


def _joined(*parts: Any) -> list[bytes]:
    """Texts and columns of texts, row by row behind each other."""
    found: list[bytes] = pc.binary_join_element_wise(*parts, "").cast(_BINARY).to_pylist()
    return found


def _times(nanos: pa.Array) -> pa.Array:
    """``YYYY-MM-DDTHH:MM:SS.nnnnnnnnn`` of nanoseconds since 1970, UTC."""
    return pc.binary_replace_slice(nanos.cast(pa.timestamp("ns")).cast(pa.string()), 10, 11, "T")


def _attributes(texts: pa.Array) -> Iterable[bytes]:
    """Attributes as they are; one document is one line, so a line break in them must not get through."""
    if pc.any(pc.match_substring(texts, "\n")).as_py():
        texts = pc.replace_substring(texts, "\n", " ")
    return [b"" if text == b"{}" else b',"attributes":' + text for text in texts.cast(_BINARY).to_pylist()]


def _traces(traces: pa.Array, spans: pa.Array) -> Iterable[bytes]:
    if traces.null_count == len(traces) and spans.null_count == len(spans):
        return repeat(b"")
    return map(_trace, traces.to_pylist(), spans.to_pylist())


def _trace(trace: str | None, span: str | None) -> bytes:
    given = {name: value for name, value in (("trace_id", trace), ("span_id", span)) if value is not None}
    return b"," + orjson.dumps(given)[1:-1] if given else b""
