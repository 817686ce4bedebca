"""ClickHouse server and keeper.

Sample: ``2026.11.21 01:02:03.123456 [ 1 ] {7d5…} <Information> Application: Ready for connections.`` with the thread,
the query id (mostly empty), the level and the logger. The time is local. Source: OwnPatternFormatter.cpp.
"""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser

_HEAD: Final = rb"\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d\.\d{6} \[ \d{1,20} \] \{"
_LINE: Final = re.compile(
    rb"(\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d\.\d{6}) \[ (\d{1,18}) \] \{([^}\n]{0,256})\} "
    rb"<(Fatal|Critical|Error|Warning|Notice|Information|Debug|Trace|Test)> (?:((?:[^:\n]|:(?! )){1,256}+): )?(.*)",
    re.DOTALL,
)
_TEST: Final = 1

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of the server's log."""
    return _LINE.match(content)


def severity(found: Found) -> int:
    """Number of the level; Test is below Trace, and there is nothing below."""
    return SEVERITY_BY_BYTES.get(found[4], _TEST)


def fields(content: bytes, found: Found) -> Fields:
    """Thread, query, logger and time become attributes."""
    attributes: dict[str, Any] = {"time": text(found[1]), "thread.id": int(found[2])}
    if found[3]:
        attributes["query_id"] = text(found[3])
    if found[5]:
        attributes["logger"] = text(found[5])
    return message_fields("clickhouse", content, found[6], attributes, found[4])


PARSER: Final = Parser(read, severity, fields, signature=_HEAD)
