"""Formats that are one layout of text: a regular expression with named groups says where everything is.

The groups are ``level``, ``time``, ``body`` (the message, to the end of the line), ``trace`` and ``span``; any other
group is an attribute. A layout that programs colour (SGR sequences of ECMA-48) is read without its colours, and so is
its message; the original line has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import text, utc_text
from streams.core.parsers.parsed import Fields, Parser, decode

Found = re.Match[bytes]

DATE: Final = rb"\d{4}-\d\d-\d\d"
CLOCK: Final = rb"\d\d:\d\d:\d\d"
ZONE: Final = rb"(?: ?(?:Z|[+-]\d\d:?\d\d))"
DATE_TIME: Final = DATE + rb"[ T]" + CLOCK + rb"(?:[.,]\d{1,9})?+" + ZONE + rb"?+"
"""``2026-11-21 01:02:03``, ``2026-11-21T01:02:03.123456Z``, ``2026-11-21 01:02:03,123 +0100``."""
LEVEL: Final = (
    rb"(?:TRACE|DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|ERR|CRITICAL|CRIT|ALERT|EMERGENCY|EMERG|FATAL|PANIC|SEVERE"
    rb"|FINEST|FINER|FINE|CONFIG|SUCCESS|VERBOSE)(?![A-Za-z])"
)
"""A level in capitals, as loggers print it."""

_COLOUR: Final = re.compile(rb"\x1b\[[\d;]{0,40}m")


@lru_cache(maxsize=1)
def without_colours(content: bytes) -> bytes:
    """Return a line without SGR sequences. Several layouts ask for the same line."""
    return _COLOUR.sub(b"", content)


def layout(
    name: str,
    signature: bytes,
    *patterns: bytes,
    names: Mapping[str, str] | None = None,
    integers: tuple[str, ...] = (),
    levels: Mapping[bytes, int] = SEVERITY_BY_BYTES,
    unless: Callable[[bytes], bool] | None = None,
    finish: Callable[[Fields], None] | None = None,
) -> Parser:
    """Make the parser of one layout, or of several that are told apart by their form: the first pattern that fits.

    ``names`` are the attributes' names by group (else the group's own), ``integers`` the groups that hold whole numbers
    of at most 18 digits, ``levels`` the format's own scale. ``unless`` says of lines that fit which ones are of another
    format. ``finish`` takes what is in the message further apart.
    """
    first, *others = [re.compile(pattern, re.DOTALL).match for pattern in patterns]
    attributes = _Attributes(names or {}, integers)

    def read(content: bytes) -> Found | None:
        if b"\x1b[" in content:
            content = without_colours(content)
        found = first(content)
        if found is None and others:
            found = next(filter(None, (other(content) for other in others)), None)
        return None if found is not None and unless is not None and unless(content) else found

    def severity(found: Found) -> int:
        level = found["level"]
        return 0 if level is None else levels.get(level) or levels.get(level.lower(), 0)

    def fields(content: bytes, found: Found) -> Fields:
        whole, flags = decode(content)
        groups = {name: text(value) for name, value in found.groupdict().items() if value}
        level, body = groups.pop("level", None), groups.pop("body", whole)
        event = {
            "severity_text": level if severity(found) else None,
            "body": body,
            "original": None if body == whole else whole,
            "trace_id": groups.pop("trace", None),
            "span_id": groups.pop("span", None),
            "attributes": attributes.of(groups),
            "parser": name,
            "flags": flags,
        }
        if finish is not None:
            finish(event)
        return event

    return Parser(read, severity, fields, signature=signature, coloured=True)


class _Attributes:
    """How the groups of a layout become attributes."""

    def __init__(self, names: Mapping[str, str], integers: tuple[str, ...]) -> None:
        self._names = names
        self._integers = integers

    def of(self, groups: dict[str, str]) -> dict[str, str | int]:
        """Attributes, each under its name; alternatives of one thing are groups that end in a digit."""
        found: dict[str, str | int] = {}
        for group, value in groups.items():
            name = self._names.get(group, group)
            if name in self._integers:
                found[name] = int(value)
            else:
                found[name] = utc_text(value) if name == "time" else value.strip()
        return found
