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

_WORDS: Final = (
    *(b"TRACE", b"DEBUG", b"INFO", b"NOTICE", b"WARN(?:ING)?", b"ERR(?:OR)?", b"CRIT(?:ICAL)?", b"ALERT"),
    *(b"EMERG(?:ENCY)?", b"FATAL", b"PANIC", b"SEVERE"),
)
_FIRST: Final = b"TDINWECAFPS"
"""What these begin with. To look for one byte of these first is thrice as fast as to look for all words everywhere."""
_BEGINNING: Final = re.compile(
    rb"(?i:(?=[%b]))(?:([IWEFD])\d{4} \d\d:\d\d:\d\d|((?i:%b)):)" % (_FIRST, b"|".join(_WORDS))
)
_ALONE: Final = rb"(?<![^\s\[(<|].)"
"""Behind a first byte: it is that of the line, or behind what parts words."""
_WORD: Final = re.compile(
    rb"[%b\[(<]%b(?:(?<=[\[(<])(%b)[\])>]|(?:%b)(?=[\s\])>:|]|$))"
    % (_FIRST, _ALONE, b"|".join(_WORDS).lower(), b"|".join(b"(?<=%b)%b" % (word[:1], word[1:]) for word in _WORDS))
)
_PAIR: Final = re.compile(rb"[ls]%b(?:(?<=l)(?:evel|vl)|(?<=s)everity)=\"?([A-Za-z]{3,11})" % _ALONE)

LEVEL_KEY: Final = b'"level":"'

NOTHING: Final = (0, b"")
"""What is found in a line without a level."""


def read(content: bytes) -> tuple[int, bytes]:
    """Take any line: its severity number and the word that told it."""
    if content[:1] == b"{":
        level = level_at_top(content)
        if level is not None and (number := SEVERITY_BY_BYTES.get(level)):
            return number, level
    head = content[:LOOK_BYTES]
    beginning = _BEGINNING.match(head)
    if beginning:
        klog = beginning[1]
        return (KLOG_SEVERITIES[klog.decode()], klog) if klog else _told(beginning[2])
    word = _WORD.search(head)
    pair = _PAIR.search(head) if b"=" in head else None
    if pair and (word is None or pair.start() < word.start()):
        return _told(pair[1])
    return NOTHING if word is None else _told(word[1] or word[0])


def _told(level: bytes) -> tuple[int, bytes]:
    return SEVERITY_BY_BYTES.get(level) or SEVERITY_BY_BYTES.get(level.lower(), 0), level


def level_at_top(content: bytes) -> bytes | None:
    """The level of what begins as a JSON object and ends like one, as `streams.core.early` reads it."""
    key = content.find(LEVEL_KEY, 1)
    if key < 0 or content[-1:] != b"}" or content.find(b"{", 1, key) >= 0:
        return None
    begin = key + len(LEVEL_KEY)
    return None if content.find(LEVEL_KEY, begin) >= 0 else content[begin : content.find(b'"', begin)]


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
