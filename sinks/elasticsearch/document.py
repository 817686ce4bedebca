"""A record as the document that dashboards made for fluentd and Fluent Bit expect, and a little more.

``@timestamp``, ``log`` (the original line), ``stream``, ``tag``, ``kubernetes.*`` and ``docker.container_id`` are named
as fluent-plugin-kubernetes_metadata_filter names them; ``message``, ``severity``, ``severity_number``, ``attributes``,
``trace_id``, ``span_id`` and ``logferry.*`` are ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson
import pyarrow as pa

from schemas.identity import index_name
from schemas.severity import severity_text
from sinks.core.decode import Rows

_SEVERITY: Final = tuple(severity_text(number) for number in range(25))
_COLUMNS: Final = (
    "id", "offset", "timestamp", "observed_timestamp", "stream", "severity_number", "severity_text",
    "body", "original", "attributes", "trace_id", "span_id", "parser", "flags",
)  # fmt: skip


class DocumentWriter:
    """Turns rows into the lines of a bulk request.

    A document is put together from finished pieces of JSON, three times as fast as from a dictionary
    (docs/benchmarks.md): what a source's documents share is written once, and levels, streams and parsers are few.
    """

    def __init__(self, index_pattern: str) -> None:
        self._index_pattern = index_pattern
        self._resource: dict[str, Any] | None = None
        self._fixed = b""
        self._severities: dict[tuple[int, str | None, str | None], bytes] = {}
        self._observed = (0, b"")

    def lines(self, rows: Rows) -> Iterator[bytes]:
        """For each row its action line and its document, both with their line ends."""
        columns = [_column(rows.events, name) for name in _COLUMNS]
        for resource, event in zip(rows.resources, zip(*columns, strict=True), strict=True):
            if resource is not self._resource:
                self._resource, self._fixed = resource, _fixed(resource)
            yield self._line(event)

    def _line(self, event: tuple[Any, ...]) -> bytes:
        (
            id_,
            offset,
            timestamp,
            observed,
            stream,
            number,
            level,
            body,
            original,
            attributes,
            trace,
            span,
            parser,
            flags,
        ) = event
        message = _json(body)
        if observed != self._observed[0]:
            self._observed = (observed, iso_time(observed).encode())
        return b"".join(
            (
                b'{"create":{"_index":"',
                index_name(self._index_pattern, timestamp).encode(),
                b'","_id":',
                _json(id_),
                b'}}\n{"@timestamp":"',
                iso_time(timestamp).encode(),
                b'","log":',
                message if original is None else _json(original),
                b',"message":',
                message,
                self._severities.get((number, level, stream)) or self._severity(number, level, stream),
                b"" if attributes == "{}" else _attributes(attributes),
                b"" if trace is None and span is None else _trace(trace, span),
                self._fixed,
                b',"offset":%d,"observed_timestamp":"' % offset,
                self._observed[1],
                b'","parser":',
                _json(parser),
                b',"flags":%b}}\n' % _json(flags) if flags else b"}}\n",
            )
        )

    def _severity(self, number: int, level: str | None, stream: str | None) -> bytes:
        """Fields of severity and stream, remembered: there are few of them, or somebody is playing tricks."""
        fields: dict[str, Any] = {"stream": stream, "severity_number": number}
        if number:
            fields |= {"severity": _SEVERITY[number] if 0 < number < 25 else level, "severity_text": level}
        if len(self._severities) > 1000:
            self._severities.clear()
        found = self._severities[number, level, stream] = _members(fields)
        return found


def _json(value: Any) -> bytes:
    """A value in JSON. Text that no UTF-8 can hold (half a surrogate pair) is shown as an escape."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def _members(fields: Mapping[str, Any]) -> bytes:
    """Members of an object that is already begun."""
    return b"," + _json(fields)[1:-1]


def _fixed(resource: Mapping[str, Any]) -> bytes:
    """What all documents of a resource share, up to the first members of ``logferry``."""
    kubernetes = resource["kubernetes"]
    fields: dict[str, Any] = {"tag": resource["tag"]}
    if kubernetes is not None:
        fields["kubernetes"] = _kubernetes(kubernetes, resource["node"])
        if kubernetes["container_id"]:
            fields["docker"] = {"container_id": kubernetes["container_id"]}
    origin = {"node": resource["node"], "path": resource["path"], "incarnation": resource["incarnation"]}
    return _members(fields) + b',"logferry":' + _json(origin)[:-1]


def _trace(trace: str | None, span: str | None) -> bytes:
    return _members({name: value for name, value in (("trace_id", trace), ("span_id", span)) if value is not None})


def _column(events: pa.RecordBatch, name: str) -> list[Any]:
    values: list[Any] = events.column(name).to_pylist()
    return values


def _attributes(text: str) -> bytes:
    """Attributes as they are; in a request one line is one document, so a line break in them must not get through."""
    return b',"attributes":' + (text.encode() if "\n" not in text else _json(text))


def _kubernetes(kubernetes: Mapping[str, Any], node: str) -> dict[str, Any]:
    fields = {
        "namespace_name": kubernetes["namespace"],
        "pod_name": kubernetes["pod"],
        "pod_id": kubernetes["pod_uid"],
        "container_name": kubernetes["container"],
        "container_image": kubernetes["container_image"],
        "container_hash": kubernetes["container_hash"],
        "host": node,
        "labels": kubernetes["labels"],
        "annotations": kubernetes["annotations"],
    }
    return {name: value for name, value in fields.items() if value not in (None, {})}


def iso_time(nanos: int) -> str:
    """RFC 3339 with nine decimals, UTC."""
    seconds, fraction = divmod(nanos, 1_000_000_000)
    return f"{_second(seconds)}.{fraction:09d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "1970-01-01T00:00:00"
