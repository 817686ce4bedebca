"""Apache ZooKeeper in the layout that it ships with.

Sample: ``2026-11-21 12:52:22,894 [myid:1] - INFO  [main:QuorumPeerConfig@174] - Reading configuration from: zoo.cfg``;
Debian's leaves ``[myid:1]`` out. In brackets: thread, class and line. The time is local. Source: layout
``%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n`` of conf/logback.xml and conf/log4j.properties.
"""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser

_LEVEL: Final = rb"(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)"
_HEAD: Final = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:\[myid:[^\]\n]{0,64}\] )?- " + _LEVEL + rb" {1,2}\["
_LINE: Final = re.compile(
    rb"([\d-]{10} [\d:]{8},\d{3}) (?:\[myid:([^\]\n]{0,64})\] )?- (" + _LEVEL + rb") {1,2}"
    rb"\[([^\n]{0,256}?):([\w.$]{1,128}+)@(\d{1,9})\](?:\[[^\]\n]{0,256}\])? - (.*)",
    re.DOTALL,
)
_IS_HEAD: Final = re.compile(_HEAD)

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of the server's or a client's log."""
    return _LINE.match(content) if _IS_HEAD.match(content) else None


def severity(found: Found) -> int:
    """Number of the level."""
    return SEVERITY_BY_BYTES[found[3]]


def fields(content: bytes, found: Found) -> Fields:
    """Time, server number, thread, class and line become attributes."""
    time, myid, level, thread, logger, line, message = found.groups()
    attributes: dict[str, Any] = {"time": text(time), "logger": text(logger), "code.line.number": int(line)}
    if myid:
        attributes["myid"] = text(myid)
    if thread:
        attributes["thread.name"] = text(thread)
    return message_fields("zookeeper", content, message, attributes, level)


PARSER: Final = Parser(read, severity, fields, signature=_HEAD)
