"""Lines that are one JSON object, whatever logging library wrote them.

Sample: ``{"ts":"2026-11-21T01:02:03Z","level":"info","msg":"listening","port":8080}``. Level, message and trace context
are found under the names that common libraries use; everything else becomes attributes. RFC 8259; a line that is not
exactly one object is not of this format.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from schemas.severity import SEVERITY_BY_TEXT, bunyan_severity, severity_number
from streams.core.parsers.parsed import Fields, Parser

LEVEL_KEYS: Final = (
    "level",
    "severity",
    "lvl",
    "levelname",
    "log.level",
    "loglevel",
    "severity_text",
    "@level",
    "Level",
)
MESSAGE_KEYS: Final = ("msg", "message", "@message", "log", "text", "@mt", "Message")
TRACE_KEYS: Final = ("trace_id", "traceId", "trace.id", "traceID")
SPAN_KEYS: Final = ("span_id", "spanId", "span.id", "spanID")


def read(content: bytes) -> dict[str, Any] | None:
    """One JSON object; None for anything else."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return found if type(found) is dict else None


def severity(found: dict[str, Any]) -> int:
    """Number of the level field, in any spelling or as a bunyan or pino number."""
    level = found.get("level")
    number = SEVERITY_BY_TEXT.get(level) if type(level) is str else None
    return number or find_level(found)[0]


def find_level(found: dict[str, Any]) -> tuple[int, str | None]:
    """Number and key of the first field that holds a level; 0 and None when there is none."""
    for key in LEVEL_KEYS:
        level = found.get(key)
        number = severity_number(level) if type(level) is str else bunyan_severity(level) if type(level) is int else 0
        if number:
            return number, key
    return 0, None


def fields(content: bytes, found: dict[str, Any]) -> Fields:
    """Split an object into what has a field of its own and what is an attribute."""
    original = content.decode()
    level_key = (
        "level" if type(found.get("level")) is str and found["level"] in SEVERITY_BY_TEXT else find_level(found)[1]
    )
    level = None if level_key is None else str(found.pop(level_key))
    body = _take_text(found, MESSAGE_KEYS)
    trace, span = take_hex(found, TRACE_KEYS, 32), take_hex(found, SPAN_KEYS, 16)
    return {
        "severity_text": level,
        "body": original if body is None else body,
        "original": None if body is None else original,
        "attributes": found,
        "trace_id": trace,
        "span_id": span,
        "parser": "json",
        "flags": (),
    }


def _take_text(found: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        if type(found.get(key)) is str:
            text: str = found.pop(key)
            return text
    return None


def take_hex(found: dict[str, Any], keys: tuple[str, ...], length: int) -> str | None:
    """Remove and return the first value of ``length`` characters under one of ``keys``."""
    for key in keys:
        value = found.get(key)
        if type(value) is str and len(value) == length:
            del found[key]
            return value
    return None


PARSER: Final = Parser(read, severity, fields, signature=rb"\{")
