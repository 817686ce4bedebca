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


_KEY: Final = b'"level":"'

NOTHING: Final = (0, b"")
"""What is found in a line without a level."""


def read(content: bytes) -> tuple[int, bytes]:
    """Take any line: its severity number and the word that told it."""
    if content[:1] == b"{":
        level = level_at_top(content)
        if level is not None and (number := SEVERITY_BY_BYTES.get(level)):
            return number, level
    head = content[:LOOK_BYTES]
    klog = _KLOG.match(head)
    if klog:
        return KLOG_SEVERITIES[klog[1].decode()], klog[1]
    word = _WORD.search(head)
    if word is None:
        return NOTHING
    level = word[word.lastindex or 0]
    return SEVERITY_BY_BYTES.get(level) or SEVERITY_BY_BYTES.get(level.lower(), 0), level


def level_at_top(content: bytes) -> bytes | None:
    """The level of what begins as a JSON object and ends like one, as `streams.core.early` reads it."""
    key = content.find(_KEY, 1)
    if key < 0 or content[-1:] != b"}" or content.find(b"{", 1, key) >= 0:
        return None
    begin = key + len(_KEY)
    return None if content.find(_KEY, begin) >= 0 else content[begin : content.find(b'"', begin)]


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
