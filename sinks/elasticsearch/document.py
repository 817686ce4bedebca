"""A record as the document that dashboards made for fluentd and Fluent Bit expect, and a little more.

``@timestamp``, ``log`` (the original line), ``stream``, ``tag``, ``kubernetes.*`` and ``docker.container_id`` are named
as fluent-plugin-kubernetes_metadata_filter names them; ``message``, ``severity``, ``severity_number``, ``attributes``,
``trace_id``, ``span_id`` and ``logferry.*`` are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    """Turns rows into the lines of a bulk request."""

    def __init__(self, index_pattern: str) -> None:
        self._index_pattern = index_pattern
        self._resource: dict[str, Any] | None = None
        self._fixed: dict[str, Any] = {}
        self._origin: dict[str, Any] = {}

    def lines(self, rows: Rows) -> Iterator[bytes]:
        """For each row its action line and its document, both with their line ends."""
        columns = [_column(rows.events, name) for name in _COLUMNS]
        for resource, event in zip(rows.resources, zip(*columns, strict=True), strict=True):
            if resource is not self._resource:
                self._prepare(resource)
            yield self._line(event)

    def _prepare(self, resource: dict[str, Any]) -> None:
        """Keep what all documents of a resource share as finished JSON."""
        self._resource = resource
        kubernetes = resource["kubernetes"]
        self._fixed = {"tag": resource["tag"]}
        if kubernetes is not None:
            self._fixed["kubernetes"] = orjson.Fragment(orjson.dumps(_kubernetes(kubernetes, resource["node"])))
            if kubernetes["container_id"]:
                self._fixed["docker"] = {"container_id": kubernetes["container_id"]}
        self._origin = {"node": resource["node"], "path": resource["path"], "incarnation": resource["incarnation"]}

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
        origin = {**self._origin, "offset": offset, "observed_timestamp": iso_time(observed), "parser": parser}
        if flags:
            origin["flags"] = flags
        document = {
            "@timestamp": iso_time(timestamp),
            "log": body if original is None else original,
            "message": body,
            "stream": stream,
            "severity_number": number,
            **self._fixed,
            "logferry": origin,
        }
        if number:
            document["severity"] = _SEVERITY[number] if 0 < number < 25 else level
            document["severity_text"] = level
        if attributes != "{}":
            document["attributes"] = _attributes(attributes)
        if trace:
            document["trace_id"] = trace
        if span:
            document["span_id"] = span
        action = b'{"create":{"_index":"%b","_id":"%b"}}\n' % (
            index_name(self._index_pattern, timestamp).encode(),
            id_.encode(),
        )
        return action + orjson.dumps(document) + b"\n"


def _column(events: pa.RecordBatch, name: str) -> list[Any]:
    values: list[Any] = events.column(name).to_pylist()
    return values


def _attributes(text: str) -> orjson.Fragment | str:
    """Attributes as they are; in a request one line is one document, so a line break in them must not get through."""
    return orjson.Fragment(text) if "\n" not in text else text


def _kubernetes(kubernetes: dict[str, Any], node: str) -> dict[str, Any]:
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
