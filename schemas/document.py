"""A record as the document that dashboards made for fluentd and Fluent Bit expect, and a little more.

``@timestamp``, ``log`` (the original line), ``stream``, ``tag``, ``kubernetes.*`` and ``docker.container_id`` are named
as fluent-plugin-kubernetes_metadata_filter names them; ``message``, ``severity``, ``severity_number``, ``attributes``,
``trace_id``, ``span_id`` and ``logferry.*`` are ours. Topics of ``format: json`` hold these documents themselves; where
a topic holds Avro, the Elasticsearch sink makes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import orjson

from schemas.severity import severity_text

_SEVERITY: Final = tuple(severity_text(number) for number in range(25))

ID_HEADER: Final = "id"
"""Header of a record in a topic of documents: the record id."""
DAY_HEADER: Final = "day"
"""Header of such a record: the day of its index, YYYY-MM-DD in UTC."""


FIELDS: Final = (
    "offset", "timestamp", "observed_timestamp", "stream", "severity_number", "severity_text",
    "body", "original", "attributes", "trace_id", "span_id", "parser", "flags",
)  # fmt: skip
"""Fields of a LogRecord that stand in its document, beside those of its resource."""

_fields_of: Final = itemgetter(*FIELDS)
FEW: Final = 1000
"""Of what is few (severities, streams, parsers) so many are remembered, in case somebody is playing tricks."""


class DocumentWriter:
    """Puts documents together from finished pieces of JSON, three times as fast as from a dictionary.

    What a source's documents share is written once (`shared_part`), and levels, streams and parsers are few
    (docs/benchmarks.md).
    """

    def __init__(self) -> None:
        self._severities: dict[tuple[int, str | None, str | None], bytes] = {}
        self._parsers: dict[str, bytes] = {}
        self._second: tuple[int | None, bytes] = (None, b"")
        self._observed: tuple[int | None, bytes] = (None, b"")

    def document(self, event: Mapping[str, Any], shared: bytes) -> bytes:
        """One document without a line end; ``event`` holds the fields of a LogRecord behind its resource."""
        fields = _fields_of(event)
        try:
            return self.write(fields, shared)
        except TypeError:  # text that UTF-8 cannot hold: half a surrogate pair
            return self.write(fields, shared, text=escaped)

    def write(
        self,
        fields: Sequence[Any],
        shared: bytes,
        before: bytes = b"",
        end: bytes = b"}}",
        text: Callable[[Any], bytes] = orjson.dumps,
    ) -> bytes:
        """A document of the values of FIELDS, behind ``before``; ``end`` is its own end and what follows.

        Raises TypeError for text that UTF-8 cannot hold; text that was read as UTF-8 never is.
        """
        offset, timestamp, observed, stream, number, level, body, original, attributes, trace, span, parser, flags = (
            fields
        )
        seconds, fraction = divmod(timestamp, 1_000_000_000)
        if seconds != self._second[0]:
            self._second = (seconds, b'{"@timestamp":"' + second_text(seconds).encode())
        if observed != self._observed[0]:
            self._observed = (observed, iso_time(observed).encode())
        message = text(body)
        return b"".join(
            (
                before,
                self._second[1],
                b'.%09dZ","log":' % fraction,
                message if original is None else text(original),
                b',"message":',
                message,
                self._severities.get((number, level, stream)) or self._severity(number, level, stream),
                b"" if attributes == "{}" else _attributes(attributes),
                b"" if trace is None and span is None else _trace(trace, span),
                shared,
                b',"offset":%d,"observed_timestamp":"%b","parser":' % (offset, self._observed[1]),
                self._parsers.get(parser) or self._parser(parser),
                b',"flags":' + text(flags) + end if flags else end,
            )
        )

    def severity(self, number: int, level: str | None, stream: str | None) -> bytes:
        """Members of a document that say severity and stream."""
        return self._severities.get((number, level, stream)) or self._severity(number, level, stream)

    def parser(self, name: str) -> bytes:
        """The name of a parser in JSON."""
        return self._parsers.get(name) or self._parser(name)

    def _severity(self, number: int, level: str | None, stream: str | None) -> bytes:
        """Fields of severity and stream."""
        fields: dict[str, Any] = {"stream": stream, "severity_number": number}
        if number:
            fields |= {"severity": _SEVERITY[number] if 0 < number < 25 else level, "severity_text": level}
        if len(self._severities) >= FEW:
            self._severities.clear()
        found = self._severities[number, level, stream] = members(fields)
        return found

    def _parser(self, name: str) -> bytes:
        if len(self._parsers) >= FEW:
            self._parsers.clear()
        found = self._parsers[name] = escaped(name)
        return found


def escaped(value: Any) -> bytes:
    r"""A value in JSON; half a surrogate pair, which UTF-8 cannot hold, stands as text: ``\ud800``."""
    return _whole(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


_HALF: Final = re.compile("[\ud800-\udfff]")


def _whole(text: str) -> bytes:
    """JSON text whose strings hold nothing that UTF-8 cannot."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _HALF.sub(lambda half: f"\\\\u{ord(half[0]):04x}", text).encode()


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
    return b',"attributes":' + _whole(text.replace("\n", " "))


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
    return _day_of_hour(nanos // 3_600_000_000_000)


@lru_cache(maxsize=1024)
def _day_of_hour(hours: int) -> bytes:
    return second_text(hours * 3600)[:10].encode()
