r"""A record of Python's `logging` as one line: a JSON object without newline, as `streams.core.parsers.json` reads it.

Sample: ``{"timestamp":"2026-11-21T01:02:03.000004Z","level":"ERROR","message":"no room","logger":"shop.cart",
"exception.type":"ValueError","exception.message":"…","exception.stacktrace":"…","trace_id":"…","user":"u1"}``. Names
are OpenTelemetry's (log data model and semantic conventions for exceptions, threads and processes).

Whatever a program logs becomes a line: objects without JSON form are shown as text, NaN too (RFC 8259, 6, has none),
lone surrogates as ``\udc80``; what is nested in itself is cut.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from schemas.severity import severity_number

STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""Attributes that every record has; all others came by ``extra`` or from a filter."""

OURS: Final = frozenset(
    {
        "timestamp", "level", "message", "logger", "trace_id", "span_id", "level_name", "truncated", "original_bytes",
        "exception.type", "exception.message", "exception.stacktrace",
    }
)  # fmt: skip
"""Names that have a meaning; an extra field of that name (but not the trace's) becomes ``extra.<name>``."""

_INSTRUMENTED: Final = {"otelTraceID": "trace_id", "otelSpanID": "span_id"}
"""What OpenTelemetry's logging instrumentation adds to records -> our name; "0" where there is no span."""
_LEVELS: Final = ((50, "CRITICAL"), (40, "ERROR"), (30, "WARNING"), (20, "INFO"), (10, "DEBUG"))
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DEEPEST: Final = 8
_WIDEST: Final = 1000


@dataclass(frozen=True)
class Logged:
    """What the shell found out about a record: these need the clock of others, or source files."""

    message: str
    stacktrace: str | None = None
    trace_id: str | None = None
    span_id: str | None = None


def record_line(record: logging.LogRecord, logged: Logged, fixed: Mapping[str, Any], max_bytes: int) -> bytes:
    """The line with its end; ``fixed`` fields stand in every line. Never longer than ``max_bytes`` (at least 1024).

    A longer record keeps the beginnings of message and stack trace, and says so: ``truncated``, ``original_bytes``.
    """
    head = _head(record, logged)
    line = _encode({**head, **fixed, **extra_fields(record)})
    if len(line) <= max_bytes:
        return line
    shortened = {**head, "truncated": True, "original_bytes": len(line)}
    for chars in (max_bytes // 3, max_bytes // 6, max_bytes // 12, max_bytes // 24):
        cut = _encode({name: value[:chars] if isinstance(value, str) else value for name, value in shortened.items()})
        if len(cut) <= max_bytes:
            return cut
    return _encode({"timestamp": head["timestamp"], "level": head["level"], "message": "", "original_bytes": len(line)})


def loss_line(by_level: Mapping[str, int], reason: str, now: float) -> bytes:
    """What is told of records that were dropped, as a record of its own. ``now`` is seconds since 1970."""
    count = sum(by_level.values())
    return _encode(
        {
            "timestamp": time_text(now),
            "level": "ERROR",
            "message": f"{count} log records of this process were dropped: {reason}",
            "logger": "logferry.handler",
            "dropped.records": count,
            "dropped.by_level": dict(by_level),
        }
    )


def time_text(seconds: float) -> str:
    """RFC 3339, UTC, microseconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def level_text(record: logging.LogRecord) -> str:
    """The level's name if anybody else knows it, else that of the standard level at or below its number."""
    if severity_number(record.levelname):
        return record.levelname
    return next((name for number, name in _LEVELS if record.levelno >= number), "TRACE")


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """What the program added to a record."""
    found = {}
    for name, value in vars(record).items():
        if name in STANDARD or name.startswith("otel"):
            continue
        found[f"extra.{name}" if name in OURS and name not in ("trace_id", "span_id") else name] = value
    return found


def _head(record: logging.LogRecord, logged: Logged) -> dict[str, Any]:
    head: dict[str, Any] = {
        "timestamp": time_text(record.created),
        "level": level_text(record),
        "message": logged.message,
        "logger": record.name,
    }
    if head["level"] != record.levelname:
        head["level_name"] = record.levelname
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        head["exception.type"] = _type_name(type(error))
        head["exception.message"] = text_of(error)
    if logged.stacktrace:
        head["exception.stacktrace"] = logged.stacktrace
    head["thread.name"] = record.threadName
    head["process.pid"] = record.process
    return head | _trace(record, logged)


def _trace(record: logging.LogRecord, logged: Logged) -> dict[str, str]:
    found = {"trace_id": logged.trace_id, "span_id": logged.span_id}
    for name, ours in _INSTRUMENTED.items():
        value = getattr(record, name, None)
        if isinstance(value, str) and value.strip("0"):
            found[ours] = value
    return {name: value for name, value in found.items() if value}


def _type_name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def text_of(value: object) -> str:
    """A text for any object, even for one whose own code fails."""
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode(errors="backslashreplace")
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__name__} without text: {type(error).__name__}>"


def _encode(fields: Mapping[str, Any]) -> bytes:
    try:
        text = _dumps(fields)
    except (ValueError, TypeError, RecursionError, RuntimeError):  # NaN, circles, odd keys, changed meanwhile
        text = _dumps(_plain(fields, 0))
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError:
        return f"{_SURROGATE.sub(_as_escape, text)}\n".encode()


def _as_escape(surrogate: re.Match[str]) -> str:
    """The characters of an escape sequence, for JSON's own would name a character that does not exist."""
    return rf"\\u{ord(surrogate[0]):04x}"


def _dumps(fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=text_of)


def _plain(value: Any, depth: int) -> Any:
    """The same in JSON's own kinds only, of bounded depth and width."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {text_of(key): _plain(each, depth + 1) for key, each in list(value.items())[:_WIDEST]}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each, depth + 1) for each in list(value)[:_WIDEST]]
    return text_of(value)
