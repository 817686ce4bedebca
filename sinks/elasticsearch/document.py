"""A record as the document that dashboards made for fluentd and Fluent Bit expect, and a little more.

``@timestamp``, ``log`` (the original line), ``stream``, ``tag``, ``kubernetes.*`` and ``docker.container_id`` are named
as fluent-plugin-kubernetes_metadata_filter names them; ``message``, ``severity``, ``severity_number``, ``attributes``,
``trace_id``, ``span_id`` and ``logferry.*`` are ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
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
        self._second = (-1, b"", b"")
        """The latest second, the action line's beginning for it, and the second as text."""
        self._observed = (-1, b"")

    def lines(self, rows: Rows) -> Iterator[bytes]:
        """For each row its action line and its document, both with their line ends."""
        columns = [_column(rows.events, name) for name in _COLUMNS]
        for resource, event in zip(rows.resources, zip(*columns, strict=True), strict=True):
            if resource is not self._resource:
                self._resource, self._fixed = resource, _fixed(resource)
            try:
                yield self._line(event, orjson.dumps)
            except TypeError:  # text that UTF-8 cannot hold: half a surrogate pair, which some JSON carries
                yield self._line(event, _escaped)

    def _line(self, event: tuple[Any, ...], text: Callable[[Any], bytes]) -> bytes:
        (id_, offset, timestamp, observed, stream, number, level) = event[:7]
        (body, original, attributes, trace, span, parser, flags) = event[7:]
        seconds, fraction = divmod(timestamp, 1_000_000_000)
        if seconds != self._second[0]:
            self._begin_second(seconds, timestamp)
        if observed != self._observed[0]:
            self._observed = (observed, iso_time(observed).encode())
        message = text(body)
        return b"".join(
            (
                self._second[1],
                text(id_),
                b'}}\n{"@timestamp":"',
                self._second[2],
                b'.%09dZ","log":' % fraction,
                message if original is None else text(original),
                b',"message":',
                message,
                self._severities.get((number, level, stream)) or self._severity(number, level, stream),
                b"" if attributes == "{}" else _attributes(attributes),
                b"" if trace is None and span is None else _trace(trace, span),
                self._fixed,
                b',"offset":%d,"observed_timestamp":"%b","parser":' % (offset, self._observed[1]),
                text(parser),
                b',"flags":%b}}\n' % text(flags) if flags else b"}}\n",
            )
        )

    def _begin_second(self, seconds: int, timestamp: int) -> None:
        index = index_name(self._index_pattern, timestamp)
        self._second = (seconds, b'{"create":{"_index":"%b","_id":' % index.encode(), _second(seconds).encode())

    def _severity(self, number: int, level: str | None, stream: str | None) -> bytes:
        """Fields of severity and stream, remembered: there are few of them, or somebody is playing tricks."""
        fields: dict[str, Any] = {"stream": stream, "severity_number": number}
        if number:
            fields |= {"severity": _SEVERITY[number] if 0 < number < 25 else level, "severity_text": level}
        if len(self._severities) > 1000:
            self._severities.clear()
        found = self._severities[number, level, stream] = _members(fields)
        return found


def _escaped(value: Any) -> bytes:
    """A value in JSON of ASCII characters alone."""
    return json.dumps(value).encode()


def _members(fields: Mapping[str, Any]) -> bytes:
    """Members of an object that is already begun."""
    try:
        return b"," + orjson.dumps(fields)[1:-1]
    except TypeError:
        return b"," + _escaped(fields)[1:-1]


def _fixed(resource: Mapping[str, Any]) -> bytes:
    """What all documents of a resource share, up to the first members of ``logferry``."""
    kubernetes = resource["kubernetes"]
    fields: dict[str, Any] = {"tag": resource["tag"]}
    if kubernetes is not None:
        fields["kubernetes"] = _kubernetes(kubernetes, resource["node"])
        if kubernetes["container_id"]:
            fields["docker"] = {"container_id": kubernetes["container_id"]}
    origin = {"node": resource["node"], "path": resource["path"], "incarnation": resource["incarnation"]}
    return _members(fields) + b',"logferry":{' + _members(origin)[1:]


def _trace(trace: str | None, span: str | None) -> bytes:
    return _members({name: value for name, value in (("trace_id", trace), ("span_id", span)) if value is not None})


def _column(events: pa.RecordBatch, name: str) -> list[Any]:
    """The values of a column; those that are nearly always empty cost nothing then."""
    column = events.column(name)
    if column.null_count == len(column) or (name == "flags" and len(column.flatten()) == 0):
        return [None] * len(column)
    values: list[Any] = column.to_pylist()
    return values


def _attributes(text: str) -> bytes:
    """Attributes as they are; in a request one line is one document, so a line break in them must not get through."""
    return b',"attributes":' + (text.encode() if "\n" not in text else _escaped(text))


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
