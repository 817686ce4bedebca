"""Lines that are a header and a message: the fields that all of them have, and their times."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from streams.core.parsers.parsed import Fields, decode

_TIME: Final = re.compile(
    r"(\d{4})[-./](\d\d)[-./](\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))? ?(?:Z|UTC|GMT|([+-]\d\d)(?::?(\d\d))?)",
    re.ASCII,
)


def message_fields(
    parser: str, content: bytes, message: bytes, attributes: dict[str, Any], level: bytes | None = None
) -> Fields:
    """Fields of a line with a message in it; the whole line is the body where the message is empty.

    A carriage return of a file from Windows is no part of the message.
    """
    whole, flags = decode(content)
    message = message.removesuffix(b"\r")
    body = text(message) if message else whole
    return {
        "severity_text": None if level is None else text(level),
        "body": body,
        "original": None if body == whole else whole,
        "attributes": attributes,
        "trace_id": None,
        "span_id": None,
        "parser": parser,
        "flags": flags,
    }


def text(value: bytes) -> str:
    r"""Bytes as text; those that are not UTF-8 stand as ``\xNN``."""
    return value.decode(errors="backslashreplace")


def time_text(written: bytes) -> str:
    """What `utc_text` makes of bytes."""
    return utc_text(text(written))


def utc_text(written: str) -> str:
    """RFC 3339 in UTC of a time that says its zone as an offset, Z, UTC or GMT; any other as it is written."""
    found = _TIME.fullmatch(written)
    if found is None:
        return written
    year, month, day, clock, fraction, hours, minutes = found.groups()
    try:
        moment = datetime.fromisoformat(
            f"{year}-{month}-{day}T{clock}" + (f"{hours}:{minutes or '00'}" if hours else "")
        )
        if hours:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return written
    return moment.isoformat() + (f".{fraction}Z" if fraction else "Z")
