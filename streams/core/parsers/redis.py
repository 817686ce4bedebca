"""Redis, Valkey and Sentinel.

Samples: ``16018:M 21 Nov 2026 12:48:53.390 * Ready to accept connections``; before 3.0 ``[4018] 21 Nov 12:48:53.390 *
…``; from a signal handler ``16018:signal-handler (1795265337) Received SIGTERM scheduling shutdown...``. Levels: ``.``
debug, ``-`` verbose, ``*`` notice, ``#`` warning; roles: M master, S replica, C child, X Sentinel. The time is local.
Source: serverLogRaw and serverLogFromHandler in server.c; its table for syslog has verbose as LOG_INFO.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser

_MONTH: Final = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_LINE: Final = re.compile(
    rb"(?:(\d{1,10}):([MSCX])|\[(\d{1,10})\]) (\d\d "
    + _MONTH
    + rb"(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d{3})?) ([.*#-]) (.*)"
    rb"|(\d{1,10}):signal-handler \((\d{1,10})\) (.*)",
    re.DOTALL,
)
_SEVERITIES: Final[Mapping[bytes | None, int]] = {b".": 5, b"-": 9, b"*": 10, b"#": 13, None: 0}
_ROLES: Final[Mapping[bytes, str]] = {b"M": "master", b"S": "replica", b"C": "child", b"X": "sentinel"}

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of the server's log."""
    return _LINE.match(content)


def severity(found: Found) -> int:
    """Number of the sign; a signal handler writes none."""
    return _SEVERITIES[found[5]]


def fields(content: bytes, found: Found) -> Fields:
    """Process, role and time become attributes."""
    role, time, level = found[2], found[4], found[5]
    attributes: dict[str, Any] = {"process.pid": int(found[1] or found[3] or found[7])}
    if role:
        attributes["role"] = _ROLES[role]
    if time:
        attributes["time"] = text(time)
        return message_fields("redis", content, found[6], attributes, level)
    attributes["time"] = datetime.fromtimestamp(int(found[8]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return message_fields("redis", content, found[9], attributes)


PARSER: Final = Parser(
    read, severity, fields, signature=rb"(?:\d{1,10}:(?:[MSCX] \d\d |signal-handler \()|\[\d{1,10}\] \d\d [A-Z])"
)
