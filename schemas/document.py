"""A record as the document that dashboards made for fluentd and Fluent Bit expect, and a little more.

``@timestamp``, ``log`` (the original line), ``stream``, ``tag``, ``kubernetes.*`` and ``docker.container_id`` are named
as fluent-plugin-kubernetes_metadata_filter names them; ``message``, ``severity``, ``severity_number``, ``attributes``,
``trace_id``, ``span_id`` and ``logferry.*`` are ours. Topics of ``format: json`` hold these documents themselves; where
a topic holds Avro, the Elasticsearch sink makes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from schemas.severity import severity_text

_SEVERITY: Final = tuple(severity_text(number) for number in range(25))

ID_HEADER: Final = "id"
"""Header of a record in a topic of documents: the record id."""
DAY_HEADER: Final = "day"
"""Header of such a record: the day of its index, YYYY-MM-DD in UTC."""


class DocumentWriter:
    """Puts documents together from finished pieces of JSON, three times as fast as from a dictionary.

    What a source's documents share is written once (`shared_part`), and levels and streams are few (docs/benchmarks.md).
    """

    def __init__(self) -> None:
        self._severities: dict[tuple[int, str | None, str | None], bytes] = {}
        self._second = (-1, b"")
        self._observed = (-1, b"")

    def document(self, event: Mapping[str, Any], shared: bytes) -> bytes:
        """One document without a line end; ``event`` holds the fields of a LogRecord behind its resource."""
        try:
            return self._document(event, shared, orjson.dumps)
        except TypeError:  # text that UTF-8 cannot hold: half a surrogate pair, which some JSON carries
            return self._document(event, shared, escaped)

    def _document(self, event: Mapping[str, Any], shared: bytes, text: Callable[[Any], bytes]) -> bytes:
        seconds, fraction = divmod(event["timestamp"], 1_000_000_000)
        if seconds != self._second[0]:
            self._second = (seconds, second_text(seconds).encode())
        observed = event["observed_timestamp"]
        if observed != self._observed[0]:
            self._observed = (observed, iso_time(observed).encode())
        message, original, attributes = text(event["body"]), event["original"], event["attributes"]
        level = (event["severity_number"], event["severity_text"], event["stream"])
        trace, span, flags = event["trace_id"], event["span_id"], event["flags"]
        return b"".join(
            (
                b'{"@timestamp":"',
                self._second[1],
                b'.%09dZ","log":' % fraction,
                message if original is None else text(original),
                b',"message":',
                message,
                self._severities.get(level) or self._severity(level),
                b"" if attributes == "{}" else _attributes(attributes),
                b"" if trace is None and span is None else _trace(trace, span),
                shared,
                b',"offset":%d,"observed_timestamp":"%b","parser":' % (event["offset"], self._observed[1]),
                text(event["parser"]),
                b',"flags":%b}}' % text(flags) if flags else b"}}",
            )
        )

    def _severity(self, level: tuple[int, str | None, str | None]) -> bytes:
        """Fields of severity and stream, remembered: there are few of them, or somebody is playing tricks."""
        number, text, stream = level
        fields: dict[str, Any] = {"stream": stream, "severity_number": number}
        if number:
            fields |= {"severity": _SEVERITY[number] if 0 < number < 25 else text, "severity_text": text}
        if len(self._severities) > 1000:
            self._severities.clear()
        found = self._severities[level] = members(fields)
        return found


def escaped(value: Any) -> bytes:
    """A value in JSON of ASCII characters alone."""
    return json.dumps(value).encode()


def members(fields: Mapping[str, Any]) -> bytes:
    """Members of an object that is already begun."""
    try:
        return b"," + orjson.dumps(fields)[1:-1]
    except TypeError:
        return b"," + escaped(fields)[1:-1]


def shared_part(resource: Mapping[str, Any]) -> bytes:
    """What all documents of a resource share, up to the first members of ``logferry``."""
    kubernetes = resource["kubernetes"]
    fields: dict[str, Any] = {"tag": resource["tag"]}
    if kubernetes is not None:
        fields["kubernetes"] = _kubernetes(kubernetes, resource["node"])
        if kubernetes.get("container_id"):
            fields["docker"] = {"container_id": kubernetes["container_id"]}
    origin = {"node": resource["node"], "path": resource["path"], "incarnation": resource["incarnation"]}
    return members(fields) + b',"logferry":{' + members(origin)[1:]


def _trace(trace: str | None, span: str | None) -> bytes:
    return members({name: value for name, value in (("trace_id", trace), ("span_id", span)) if value is not None})


def _attributes(text: str) -> bytes:
    """Attributes as they are; in a request one line is one document, so a line break in them must not get through."""
    return b',"attributes":' + (text.encode() if "\n" not in text else escaped(text))


def _kubernetes(kubernetes: Mapping[str, Any], node: str) -> dict[str, Any]:
    fields = {
        "namespace_name": kubernetes["namespace"],
        "pod_name": kubernetes["pod"],
        "pod_id": kubernetes["pod_uid"],
        "container_name": kubernetes["container"],
        "container_image": kubernetes.get("container_image"),
        "container_hash": kubernetes.get("container_hash"),
        "host": node,
        "labels": kubernetes.get("labels"),
        "annotations": kubernetes.get("annotations"),
    }
    return {name: value for name, value in fields.items() if value not in (None, {})}


def iso_time(nanos: int) -> str:
    """RFC 3339 with nine decimals, UTC."""
    seconds, fraction = divmod(nanos, 1_000_000_000)
    return f"{second_text(seconds)}.{fraction:09d}Z"


@lru_cache(maxsize=4096)
def second_text(seconds: int) -> str:
    """``YYYY-MM-DDTHH:MM:SS`` of seconds since 1970, UTC."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "1970-01-01T00:00:00"


def day_of(nanos: int) -> bytes:
    """The day of nanoseconds since 1970, YYYY-MM-DD in UTC."""
    return second_text(nanos // 1_000_000_000)[:10].encode()
