"""What a parser is, and what it finds in a line.

A line's content may have line feeds in it: lines of a stack trace are joined before they are parsed. A parser of a
format whose lines end in a message takes them as part of that message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Fields = dict[str, Any]
"""Fields of a LogRecord event: body, original, attributes, severity_text, trace_id, span_id, parser, flags.

``attributes`` is a dictionary, named as OpenTelemetry's semantic conventions name things. ``original`` is the whole
line where body is only a part of it, else None.
"""


class Parser(NamedTuple):
    """One format. Severity comes before the fields, because most lines are dropped by it. Nothing here raises."""

    read: Callable[[bytes], Any]
    """What was found in the content, in a form of the parser's own; None: it is not of this format."""
    severity: Callable[[Any], int]
    """Number of what was found, 0 unknown."""
    fields: Callable[[bytes, Any], Fields]
    """The event's fields; may use up what was found."""
    signature: bytes = b""
    """A regular expression without groups that matches at the beginning of every line of this format and of hardly any
    other; empty: lines are never taken for this format by themselves, only when somebody chose it."""
    status: Callable[[Any], int] | None = None
    """HTTP status of what was found, where the severity of a line follows from it; `severity` is 0 then."""
    coloured: bool = False
    """Colours are no part of the format: `read` leaves them out, and the signature is that of a line without them."""
    name: str = ""
    """What the registry, or whoever defined it, calls it."""


def decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    r"""Text of a line, and the flags it earns: bytes that are not UTF-8 stand as ``\xNN``."""
    try:
        return content.decode(), ()
    except UnicodeDecodeError:
        return content.decode(errors="backslashreplace"), ("invalid_utf8",)
