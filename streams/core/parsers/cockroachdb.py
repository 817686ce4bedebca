"""CockroachDB's own text formats, crdb-v2 and crdb-v1.

Sample: ``I210116 21:49:17.083093 14 1@cli/start.go:690 ⋮ [n1] 40  node startup completed``: severity letter, time in
UTC, goroutine, channel, place in the source, ``⋮`` where marks for redaction are in the text, tags, counter, and before
the text a sign: ``=`` a structured event, ``+`` and ``|`` a continuation, ``!`` a stack trace. Source: CockroachDB's
documentation, "Log formats".
"""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.severity import KLOG_SEVERITIES
from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser

_HEAD: Final = rb"[IWEF]\d{6} \d\d:\d\d:\d\d\.\d{6} \d{1,18} "
_LINE: Final = re.compile(
    rb"([IWEF])(\d\d)(\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{6}) (\d{1,18}) (?:(\d{1,9})@)?([^\s:]{1,256}):(\d{1,9}) "
    rb"(?: |\xe2\x8b\xae )?(?:\[((?:[^\[\]\n]|\[[^\[\]\n]*+\])*+)\] )?(?:(\d{1,18}) )?([=+|!]|)(.*)",
    re.DOTALL,
)

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A log entry, or a continuation of one."""
    return _LINE.match(content)


def severity(found: Found) -> int:
    """Number of the letter."""
    return KLOG_SEVERITIES[found[1].decode()]


def fields(content: bytes, found: Found) -> Fields:
    """Everything before the text becomes attributes."""
    letter, year, month, day, clock, goroutine, channel, file, line, tags, counter, sign, message = found.groups()
    attributes: dict[str, Any] = {
        "time": f"20{year.decode()}-{month.decode()}-{day.decode()}T{clock.decode()}Z",
        "goroutine": int(goroutine),
        "code.file.path": text(file),
        "code.line.number": int(line),
    }
    if channel:
        attributes["channel"] = int(channel)
    if tags and tags != b"-":
        attributes["tags"] = text(tags)
    if counter:
        attributes["counter"] = int(counter)
    if sign:
        attributes["continuation"] = text(sign)
    return message_fields("cockroachdb", content, message.lstrip(b" "), attributes, letter)


PARSER: Final = Parser(read, severity, fields, signature=_HEAD)
