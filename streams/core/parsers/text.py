"""Lines of any text: the whole line is the message; its level is looked for where programs usually write it.

Samples: ``I1121 01:02:03.000000 1 probe.go:42] "ready"`` (klog), ``2026-11-21 01:02:03 ERROR cannot open``,
``[warn] retrying``, ``level=info msg=started``.
"""

from __future__ import annotations

import re
from typing import Final

from schemas.severity import KLOG_SEVERITIES, SEVERITY_BY_BYTES
from streams.core.parsers.parsed import Fields, Parser, decode

LOOK_BYTES: Final = 120
"""So much of a line's beginning is searched for a level."""

_KLOG: Final = re.compile(rb"([IWEFD])\d{4} \d\d:\d\d:\d\d")
_UPPER: Final = (
    rb"TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|ALERT|EMERG(?:ENCY)?|FATAL|PANIC|SEVERE"
)
_WORD: Final = re.compile(
    rb"(?:^|[\s\[(<|])(?:" + rb"(" + _UPPER + rb")(?=[\s\])>:|]|$)"
    rb"|[\[(<](" + _UPPER.lower() + rb")[\])>]"
    rb"|(?:level|lvl|severity)=\"?([A-Za-z]{3,11})"
    rb"|^((?i:" + _UPPER + rb")):)"
)


NOTHING: Final = (0, b"")
"""What is found in a line without a level."""


def read(content: bytes) -> tuple[int, bytes]:
    """Take any line: its severity number and the word that told it."""
    head = content[:LOOK_BYTES]
    klog = _KLOG.match(head)
    if klog:
        return KLOG_SEVERITIES[klog[1].decode()], klog[1]
    word = _WORD.search(head)
    if word is None:
        return NOTHING
    level = word[word.lastindex or 0]
    return SEVERITY_BY_BYTES.get(level) or SEVERITY_BY_BYTES.get(level.lower(), 0), level


def severity(found: tuple[int, bytes]) -> int:
    """Number of the level."""
    return found[0]


def fields(content: bytes, found: tuple[int, bytes]) -> Fields:
    """The line as it is."""
    body, flags = decode(content)
    return {
        "severity_text": found[1].decode() if found[0] else None,
        "body": body,
        "original": None,
        "attributes": {},
        "trace_id": None,
        "span_id": None,
        "parser": "text",
        "flags": flags,
    }


PARSER: Final = Parser(read, severity, fields)
