"""NATS server.

Samples: ``[16174] 2026/11/21 12:49:05.436167 [INF] Starting nats-server``; without times (``-T=false``)
``[16303] [INF] Server is ready``. The time is local. Source: nats-server, logger/log.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser

_HEAD: Final = rb"\[\d{1,10}\] (?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} )?\[(?:INF|DBG|WRN|ERR|FTL|TRC)\] "
_LINE: Final = re.compile(
    rb"\[(\d{1,10})\] (?:(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6}) )?\[(INF|DBG|WRN|ERR|FTL|TRC)\] (.*)", re.DOTALL
)
_SEVERITIES: Final[Mapping[bytes, int]] = {b"TRC": 1, b"DBG": 5, b"INF": 9, b"WRN": 13, b"ERR": 17, b"FTL": 21}

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of the server's own logger."""
    return _LINE.match(content)


def severity(found: Found) -> int:
    """Number of the level."""
    return _SEVERITIES[found[3]]


def fields(content: bytes, found: Found) -> Fields:
    """Process and time become attributes."""
    attributes: dict[str, Any] = {"process.pid": int(found[1])}
    if found[2]:
        attributes["time"] = text(found[2])
    return message_fields("nats", content, found[4].strip(), attributes, found[3])


PARSER: Final = Parser(read, severity, fields, signature=_HEAD)
