"""MongoDB before 4.4: mongod and mongos.

Sample: ``2026-11-21T01:02:03.180+0000 I NETWORK  [listener] waiting for connections on port 27017``. Severities: F
fatal, E error, W warning, I informational, D or D1 to D5 debug; then component and thread. Before 3.0 there was
neither severity nor component; such lines are not of this format. Source: MongoDB Manual 4.2, "Log Messages". Newer
versions write JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from streams.core.parsers.message import message_fields, text, time_text
from streams.core.parsers.parsed import Fields, Parser

_TIME: Final = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d{4})"
_LINE: Final = re.compile(
    rb"(" + _TIME + rb") ([FEWI]|D[1-5]?) {1,2}([A-Z_]{2,16}|-) +\[([^\]\n]{1,256})\] (.*)", re.DOTALL
)
_SEVERITIES: Final[Mapping[bytes, int]] = {b"F": 21, b"E": 17, b"W": 13, b"I": 9, b"D": 5}

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of the server."""
    return _LINE.match(content)


def severity(found: Found) -> int:
    """Number of the letter; all debug levels are one."""
    return _SEVERITIES[found[2][:1]]


def fields(content: bytes, found: Found) -> Fields:
    """Time, component and thread become attributes."""
    time, level, component, thread, message = found.groups()
    attributes = {"time": time_text(time), "thread.name": text(thread)}
    if component != b"-":
        attributes["component"] = text(component)
    return message_fields("mongodb", content, message, attributes, level)


PARSER: Final = Parser(read, severity, fields, signature=_TIME + rb" [FEWID][1-5]? {1,2}[A-Z_-]")
