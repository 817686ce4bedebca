r"""Records as text: a line for a person, the original line, and a document that knows its own id.

``line`` is time, tag, severity (a dash where it is unknown) and message::

    2026-11-21T01:02:03.000000004Z kube.shop.cart-1.app ERROR payment refused
        Traceback (most recent call last):

Further lines of a message are indented, so that a line which begins at its beginning is a record. Control characters
stand as ``\x1b``: whoever writes into a log must not be able to steer the terminal of whoever reads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from schemas.document import iso_time
from schemas.severity import severity_text

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_INDENT: Final = "\n    "


def line(record: Mapping[str, Any]) -> bytes:
    """A record (fields of LogRecord) as a line of text with its line end."""
    level = severity_text(record["severity_number"]) or record["severity_text"] or "-"
    tag = record["resource"]["tag"]
    return encoded(f"{iso_time(record['timestamp'])} {shown(tag)} {shown(level)} {shown(record['body'])}\n")


def original(record: Mapping[str, Any]) -> bytes:
    """The line as it was written, with its line end."""
    return encoded((record["body"] if record["original"] is None else record["original"]) + "\n")


def shown(text: str) -> str:
    """Text whose only control characters are tabs and line ends, each of which is followed by an indentation."""
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n").rstrip("\n")
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text).replace("\n", _INDENT)


def encoded(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which UTF-8 cannot hold, as text."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace")


def with_id(id_: str, document: bytes) -> bytes:
    """A document (the text of one JSON object) with its record id as first member: by it a reader finds doubles."""
    first = document[1:]
    comma = b"" if first.lstrip()[:1] == b"}" else b","
    return b'{"id":"%b"%b%b' % (id_.encode(), comma, first)
