"""WildFly, JBoss EAP, Quarkus and Keycloak: programs that log by JBoss LogManager in the layouts that they ship with.

Samples: ``2026-11-21 01:02:03,123 INFO  [org.jboss.as] (Controller Boot Thread) WFLYSRV0025: …``, on WildFly's
console without the date, in Quarkus' files with host and process before the level (``host java[1] INFO``), with
tracing by OpenTelemetry ``INFO  traceId=…, parentId=…, spanId=…, sampled=true [org.acme] (executor-thread-1) …``. The
time is local. Source: ``%d{yyyy-MM-dd HH:mm:ss,SSS} %-5p [%c] (%t) %s%e%n`` of standalone.xml;
quarkus.log.console.format, quarkus.log.file.format and the guide "Using OpenTelemetry".
"""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser

_LEVEL: Final = rb"(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL|SEVERE|WARNING|CONFIG|FINE|FINER|FINEST)"
_TIME: Final = rb"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d,\d{3}"
_LINE: Final = re.compile(
    rb"(" + _TIME + rb") (?:([\w.-]{1,255}) ([^\s\[\]]{1,128})\[(\d{1,10})\] )?(" + _LEVEL + rb") {1,2}"
    rb"(?:traceId=([0-9a-f]{32})?, parentId=([0-9a-f]{16})?, spanId=([0-9a-f]{16})?, sampled=(\w{0,5}) )?"
    rb"\[([^\]\s]{1,256})\] \(([^()\n]{1,256})\) (.*)",
    re.DOTALL,
)
_MESSAGE_ID: Final = re.compile(rb"([A-Z][A-Z-]{2,15}\d{4,6}): ")

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line of the server's log."""
    return _LINE.match(content)


def severity(found: Found) -> int:
    """Number of the level."""
    return SEVERITY_BY_BYTES[found[5]]


def fields(content: bytes, found: Found) -> Fields:
    """Time, logger, thread, process and the message's number become attributes."""
    time, host, process, pid, level, trace, parent, span, sampled, logger, thread, message = found.groups()
    named = (
        ("time", time), ("host.name", host), ("process.executable.name", process), ("parent_id", parent),
        ("sampled", sampled), ("logger", logger), ("thread.name", thread),
    )  # fmt: skip
    attributes: dict[str, Any] = {name: text(value) for name, value in named if value}
    if pid:
        attributes["process.pid"] = int(pid)
    number = _MESSAGE_ID.match(message)
    if number is not None:
        attributes["message_id"] = text(number[1])
    fields = message_fields("wildfly", content, message, attributes, level)
    fields["trace_id"], fields["span_id"] = text(trace) if trace else None, text(span) if span else None
    return fields


PARSER: Final = Parser(
    read, severity, fields, signature=_TIME + rb" (?:[\w.-]{1,255} [^\s\[\]]{1,128}\[\d{1,10}\] )?[A-Z]{4,7} {1,2}[\[t]"
)
