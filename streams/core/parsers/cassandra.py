"""Apache Cassandra, ScyllaDB's tools and DataStax Enterprise in the layout that they ship with.

Sample: ``INFO  [main] 2026-11-21 01:02:03,123 CassandraDaemon.java:650 - Startup complete``; before 2.1 ``INFO [main]
2026-11-21 01:02:03,123 CassandraDaemon.java (line 650) Startup complete``. The time is local. Source: layout
``%-5level [%thread] %date{ISO8601} %F:%L - %msg%n`` of conf/logback.xml.
"""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser

_LEVEL: Final = rb"(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)"
_LINE: Final = re.compile(
    rb" ?(" + _LEVEL + rb") {1,2}\[([^\n]{1,256}?)\] (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) {1,2}"
    rb"(\w[\w$-]{0,127}\.\w{1,8})(?::(\d{1,9}) - | \(line (\d{1,9})\) )(.*)",
    re.DOTALL,
)

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of system.log or debug.log."""
    return _LINE.match(content)


def severity(found: Found) -> int:
    """Number of the level."""
    return SEVERITY_BY_BYTES[found[1]]


def fields(content: bytes, found: Found) -> Fields:
    """Time, thread and place in the source become attributes."""
    level, thread, time, file, line, old_line, message = found.groups()
    attributes: dict[str, Any] = {
        "time": text(time),
        "thread.name": text(thread),
        "code.file.path": text(file),
        "code.line.number": int(line or old_line),
    }
    return message_fields("cassandra", content, message, attributes, level)


PARSER: Final = Parser(read, severity, fields, signature=rb" ?" + _LEVEL + rb" {1,2}\[")
