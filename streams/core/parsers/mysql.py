"""Error logs of MySQL, Percona Server and MariaDB.

Samples: ``2026-11-21T01:02:03.123456Z 0 [System] [MY-010116] [Server] … starting as process 1`` (MySQL 8),
``2026-11-21T01:02:03.123456Z 0 [Note] …`` (MySQL 5.7), ``2026-11-21 12:49:59 0 [Note] InnoDB: …`` (MariaDB 10.1.5 and
later; a hour of one digit stands behind two spaces) and ``261121 12:49:59 [Note] …`` (before). The number is the
thread's. Times without a zone are local. Source: MySQL Reference Manual, "The Error Log"; MariaDB's sql/log.cc.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from streams.core.parsers.message import message_fields, text, time_text
from streams.core.parsers.parsed import Fields, Parser

_TIME: Final = (
    rb"(?:\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)| [ \d]\d:\d\d:\d\d) \d{1,20}"
    rb"|\d{6} [ \d]\d:\d\d:\d\d) \["
)
_LEVEL: Final = rb"System|Note|Warning|Error|ERROR"
_LINE: Final = re.compile(
    rb"([^\n]{15,34}?)(?: (\d{1,18}))? \[(" + _LEVEL + rb")\] (?:\[(MY-\d{6})\] \[(\w{1,32})\] )?(.*)", re.DOTALL
)
_IS_HEAD: Final = re.compile(_TIME + rb"(?:" + _LEVEL + rb")\] ")
_SEVERITIES: Final[Mapping[bytes, int]] = {b"System": 9, b"Note": 10, b"Warning": 13, b"Error": 17, b"ERROR": 17}

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of the error log."""
    return _LINE.match(content) if _IS_HEAD.match(content) else None


def severity(found: Found) -> int:
    """Number of the level."""
    return _SEVERITIES[found[3]]


def fields(content: bytes, found: Found) -> Fields:
    """Time, thread, error code and subsystem become attributes."""
    time, thread, level, code, subsystem, message = found.groups()
    attributes: dict[str, Any] = {"time": time_text(time)}
    if thread:
        attributes["thread.id"] = int(thread)
    if code:
        attributes |= {"error_code": text(code), "subsystem": text(subsystem)}
    return message_fields("mysql", content, message, attributes, level)


PARSER: Final = Parser(read, severity, fields, signature=_TIME + rb"(?:" + _LEVEL + rb")\] ")
