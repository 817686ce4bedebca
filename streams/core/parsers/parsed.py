"""What a parser is, and what it finds in a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Fields = dict[str, Any]
"""Fields of a LogRecord event: body, original, attributes, severity_text, trace_id, span_id, parser, flags."""


class Parser(NamedTuple):
    """One format. Severity comes before the fields, because most lines are dropped by it. Nothing here raises."""

    read: Callable[[bytes], Any]
    """What was found in the content, in a form of the parser's own; None: it is not of this format."""
    severity: Callable[[Any], int]
    """Number of what was found, 0 unknown."""
    fields: Callable[[bytes, Any], Fields]
    """The event's fields; may use up what was found."""


def decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    r"""Text of a line, and the flags it earns: bytes that are not UTF-8 stand as ``\xNN``."""
    try:
        return content.decode(), ()
    except UnicodeDecodeError:
        return content.decode(errors="backslashreplace"), ("invalid_utf8",)
