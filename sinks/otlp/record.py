"""A record as a log record of OTLP (opentelemetry/proto/logs/v1/logs.proto)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from sinks.otlp.attributes import key_values, text

if TYPE_CHECKING:
    from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8
_LATEST: Final = (1 << 64) - 1


def log_record(record: Mapping[str, Any]) -> LogRecord:
    """The log record of a LogRecord (schemas/avro), whose attributes are an object.

    Attributes that are ours are set last: log.record.uid is what a receiver finds doubles by.
    """
    attributes = dict(record["attributes"])
    trace, span = _id(record["trace_id"], _TRACE_BYTES), _id(record["span_id"], _SPAN_BYTES)
    for name, value, found in (("trace_id", record["trace_id"], trace), ("span_id", record["span_id"], span)):
        if value and not found:
            attributes.setdefault(name, value)
    if record["stream"]:
        attributes["log.iostream"] = record["stream"]
    if record["original"] is not None:
        attributes["log.record.original"] = record["original"]
    if record["flags"]:
        attributes["logferry.flags"] = record["flags"]
    attributes |= {"logferry.parser": record["parser"], "log.record.uid": record["id"]}
    number = record["severity_number"]
    return LogRecord(
        time_unix_nano=_nanos(record["timestamp"]),
        observed_time_unix_nano=_nanos(record["observed_timestamp"]),
        severity_number=cast("SeverityNumber.ValueType", number if 0 <= number <= 24 else 0),
        severity_text=text(record["severity_text"] or ""),
        body=AnyValue(string_value=text(record["body"])),
        attributes=key_values(attributes),
        trace_id=trace,
        span_id=span,
    )


def _nanos(value: int) -> int:
    """What lies before 1970 has no number in OTLP; 0 stands for an unknown time."""
    return value if 0 <= value <= _LATEST else 0


def _id(value: str | None, size: int) -> bytes:
    """Bytes of an id in hexadecimal; empty where it is none, as nothing but zeros is (W3C Trace Context)."""
    try:
        found = bytes.fromhex(value or "")
    except ValueError:
        return b""
    return found if len(found) == size and any(found) else b""
