"""Apache Kafka: brokers, controllers and Connect workers in the layout that they ship with.

Sample: ``[2026-11-21 12:52:22,894] INFO [ControllerServer id=1] Starting controller
(kafka.server.ControllerServer)``; Connect adds the line to the logger,
``(org.apache.kafka.connect.runtime.Worker:123)``. The logger closes the first line, with a stack trace after it, or
the last one, after a message of several lines. The time is local. Source: layout ``[%d] %p %m (%c)%n`` of
config/log4j2.yaml and config/connect-log4j2.yaml.
"""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser

_LEVEL: Final = rb"(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)"
_HEAD: Final = rb"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] " + _LEVEL + rb" "
_LINE: Final = re.compile(rb"\[([\d-]{10} [\d:]{8},\d{3})\] (" + _LEVEL + rb") (.*)", re.DOTALL)
_IS_HEAD: Final = re.compile(_HEAD)
_LOGGER: Final = re.compile(rb" \(([A-Za-z_][\w$]*+(?:\.[\w$]++)++)(?::(\d{1,9}))?\)$")
_LONGEST_LOGGER: Final = 300

Found = tuple[re.Match[bytes], re.Match[bytes], bytes, bytes]
"""The line, its logger, the message before the logger, and what stands behind it."""


def read(content: bytes) -> Found | None:
    """A line whose message ends in a logger."""
    line = _LINE.match(content) if _IS_HEAD.match(content) else None
    if line is None:
        return None
    message = line[3]
    first, feed, rest = message.partition(b"\n")
    logger = _logger(first)
    if logger is not None:
        return line, logger, _before(first, logger), feed + rest
    logger = _logger(message) if feed else None
    return None if logger is None else (line, logger, _before(message, logger).rstrip(b"\n"), b"")


def _logger(message: bytes) -> re.Match[bytes] | None:
    if message[-1:] != b")":
        return None
    return _LOGGER.search(message[-_LONGEST_LOGGER:])


def _before(message: bytes, logger: re.Match[bytes]) -> bytes:
    return message[: len(message) - (logger.end() - logger.start())]


def severity(found: Found) -> int:
    """Number of the level."""
    return SEVERITY_BY_BYTES[found[0][2]]


def fields(content: bytes, found: Found) -> Fields:
    """Time and logger become attributes; a stack trace belongs to the message."""
    line, logger, before, behind = found
    attributes: dict[str, Any] = {"time": text(line[1]), "logger": text(logger[1])}
    if logger[2]:
        attributes["code.line.number"] = int(logger[2])
    return message_fields("kafka", content, before + behind, attributes, line[2])


PARSER: Final = Parser(read, severity, fields, signature=_HEAD)
