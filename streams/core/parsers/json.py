"""Lines that are one JSON object, whatever logging library wrote them.

Sample: ``{"ts":"2026-11-21T01:02:03Z","level":"info","msg":"listening","port":8080}``. Level, message and trace context
are found under the names that libraries use (levels, trace_ids, json_shapes); exceptions get OpenTelemetry's names
(json_exceptions); everything else becomes attributes as it is. RFC 8259; of names that come twice the last one counts,
the original line has both.

Text may follow a record, parted by white space, as where two processes write to one pipe: it becomes the attribute
``trailing_text``. That is so only behind an object with a message and a level and in front of anything that is no
object or list itself, so that it is certain what the line's message and level are. Any other line that is not exactly
one object is not of this format.
"""

from __future__ import annotations

import re
from json import JSONDecoder
from typing import Any, Final

import orjson

from schemas.severity import SEVERITY_BY_TEXT, bunyan_severity
from streams.core.parsers.json_exceptions import EXCEPTION_FIELDS, rename_exception
from streams.core.parsers.json_shapes import implied_level, rendered, take_inner_level, take_inner_text
from streams.core.parsers.levels import LEVELS
from streams.core.parsers.parsed import Fields, Parser
from streams.core.parsers.trace_ids import SPAN_KEYS, TRACE_FIELDS, TRACE_KEYS, take_hex, take_ids

__all__ = ["MESSAGE_KEYS", "PARSER", "SPAN_KEYS", "TRACE_KEYS", "find_level", "read", "severity", "take_hex"]

MESSAGE_KEYS: Final = (
    "msg",
    "message",
    "@message",
    "@m",
    "short_message",
    "log",
    "event",
    "text",
    "@mt",
    "Message",
    "RenderedMessage",
    "MESSAGE",
    "textPayload",
    "body",
    "Body",
)
TRAILING: Final = "trailing_text"
_SPECIAL: Final = TRACE_FIELDS | EXCEPTION_FIELDS
_INNER_TEXT: Final = frozenset({"record", "fields", "body"})
_DECODER: Final = JSONDecoder()
_TRAILING: Final = re.compile(r"[ \t\r\n]++(?![ \t\r\n\[{]|\Z)")


def read(content: bytes) -> dict[str, Any] | None:
    """One JSON object, perhaps with text behind it; None for anything else."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return _with_trailing_text(content) if content[:1] == b"{" else None
    return found if type(found) is dict else None


def _with_trailing_text(content: bytes) -> dict[str, Any] | None:
    """An object that ends before the line does. orjson reads it again, because it is the stricter one."""
    try:
        text = content.decode()
        end = _DECODER.raw_decode(text)[1]
        found: dict[str, Any] = orjson.loads(text[:end])
    except (ValueError, RecursionError):
        return None
    behind = _TRAILING.match(text, end)
    if behind is None or not severity(found) or not any(type(found.get(key)) is str for key in MESSAGE_KEYS):
        return None
    found[TRAILING] = text[behind.end() :]
    return found


def severity(found: dict[str, Any]) -> int:
    """Number of the level, in any spelling or scale."""
    level = found.get("level")
    if type(level) is str:
        number = SEVERITY_BY_TEXT.get(level)
        if number:
            return number
    elif type(level) is int:
        number = bunyan_severity(level)
        if number:
            return number
    return find_level(found)[0] or implied_level(found)[0]


def find_level(found: dict[str, Any]) -> tuple[int, str | None]:
    """Number and key of the first field that holds a level; 0 and None when there is none."""
    if not LEVELS.keys().isdisjoint(found):
        for key, number_of in LEVELS.items():
            level = found.get(key)
            if level is not None:
                number = number_of(level)
                if number:
                    return number, key
    return 0, None


def fields(content: bytes, found: dict[str, Any]) -> Fields:
    """Split an object into what has a field of its own and what is an attribute."""
    original = content.decode()
    level = _take_level(found)
    body = None if _INNER_TEXT.isdisjoint(found) else take_inner_text(found)
    if body is None:
        body = _take_text(found)
    trace = span = None
    if not _SPECIAL.isdisjoint(found):
        trace, span = take_ids(found)
        rename_exception(found)
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


def _take_level(found: dict[str, Any]) -> str | None:
    level = found.get("level")
    if (type(level) is str and level in SEVERITY_BY_TEXT) or (type(level) is int and bunyan_severity(level)):
        del found["level"]
        return str(level)
    key = find_level(found)[1]
    if key is not None:
        return str(found.pop(key))
    number, text = implied_level(found)
    if not number:
        return None
    take_inner_level(found)
    return text


def _take_text(found: dict[str, Any]) -> str | None:
    for key in MESSAGE_KEYS:
        text = found.get(key)
        if type(text) is str:
            return rendered(text, found) if key == "@mt" else str(found.pop(key))
    return None


PARSER: Final = Parser(read, severity, fields, signature=rb"[ \t\r\n]*+\{")
