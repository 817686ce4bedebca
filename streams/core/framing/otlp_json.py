"""Framing ``otlp_json``: a chunk is one ExportLogsServiceRequest in OTLP's JSON encoding; all else as in `otlp`.

It is protobuf's JSON, but trace and span ids are hexadecimal instead of base64, and unknown members are ignored
(OTLP specification, "JSON Protobuf Encoding").
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from streams.core.framing.event import Event, Unreadable
from streams.core.framing.otlp import records

_IDS: Final = ("traceId", "spanId", "trace_id", "span_id")
PROBLEM_MAX: Final = 1000
"""Protobuf quotes what it cannot read."""
_PATH: Final = (("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records"))


def entries(chunk: Mapping[str, Any]) -> Iterator[Event | Unreadable]:
    """The log records of a chunk."""
    if not chunk["payload"]:
        return
    try:
        found = orjson.loads(chunk["payload"])
        for record in _records(found, _PATH):
            _hex_to_base64(record)
        request = json_format.ParseDict(found, ExportLogsServiceRequest(), ignore_unknown_fields=True)
    except Exception as error:  # ParseError, and whatever values of other types lead protobuf to raise
        problem = f"not an ExportLogsServiceRequest in JSON: {type(error).__name__}: {error}"
        yield Unreadable(chunk["offset"], chunk["payload"], problem[:PROBLEM_MAX])
        return
    yield from records(request, chunk["observed_timestamp"])


def _records(value: Any, path: tuple[tuple[str, ...], ...]) -> Iterator[dict[str, Any]]:
    """The objects at the end of a path of lists."""
    if not path:
        yield value
        return
    for name in path[0]:
        for each in value.get(name) or ():
            yield from _records(each, path[1:])


def _hex_to_base64(record: dict[str, Any]) -> None:
    for name in _IDS:
        if name in record:
            try:
                record[name] = base64.b64encode(bytes.fromhex(record[name])).decode()
            except (ValueError, TypeError):
                del record[name]  # no id; an empty one is none either
