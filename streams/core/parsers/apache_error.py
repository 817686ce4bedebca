"""The error log of Apache's HTTP server.

Samples::

    [Sun Dec 04 04:47:44 2005] [error] [client 222.166.160.184] Directory index forbidden by rule: /var/www/html/
    [Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187] File does not exist
    [Sat Nov 21 12:51:59.454465 2026] [proxy:error] [pid 41:tid 55] (111)Connection refused: AH00957: attempt failed

The formats of 2.2 and of 2.4 (https://httpd.apache.org/docs/2.4/logs.html#errorlog, server/log.c). Times are local and
have no zone. ``message_id`` is Apache's own number of the message (AH00957).
"""

from __future__ import annotations

import re
from typing import Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser
from streams.core.parsers.web import (
    NUMBER,
    Attributes,
    add_header,
    add_peer,
    add_texts,
)

_TIME: Final = (
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d "
    rb"\d\d:\d\d:\d\d(?:\.\d{1,6})? \d{4}"
)

SIGNATURE: Final = rb"\[" + _TIME + rb"\] \["

_LINE: Final = re.compile(
    rb"\[(" + _TIME + rb")\] \[(?:([\w.-]{0,64}+):)?"
    rb"(emerg|alert|crit|error|warn|notice|info|debug|trace[1-8])\] "
    rb"(?:\[pid (" + NUMBER + rb")(?::tid (" + NUMBER + rb"))?\] )?(.*)",
    re.DOTALL,
)  # fmt: skip
_BEGIN: Final = re.compile(
    rb"(?:([\w./-]{1,255}+)\((" + NUMBER + rb")\): )?(\(\d{1,9}\)[^:\n]{1,255}+: )?"
    rb"(?:\[client ([^\]\s]{1,255}+)\] )?(?:\[remote ([^\]\s]{1,255}+)\] )?"
)  # fmt: skip
_ID: Final = re.compile(rb"(AH\d{5}): ")
_REFERER: Final = b", referer: "

SEVERITIES: Final = {b"trace1": 4, b"trace2": 3, b"trace3": 2} | {b"trace%d" % number: 1 for number in range(4, 9)}
"""Of 2.4's eight degrees of tracing; the others are syslog's names."""

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """The parts of a line."""
    return _LINE.fullmatch(content)


def severity(found: Found) -> int:
    """Number of the level."""
    return SEVERITIES.get(found[3]) or SEVERITY_BY_BYTES[found[3]]


def fields(content: bytes, found: Found) -> Fields:
    """The message, with the system's error that it begins with; the rest as attributes."""
    attributes: Attributes = {"time": found[1].decode()}
    if found[2] not in (None, b"", b"-"):
        attributes["module"] = found[2].decode(errors="backslashreplace")
    for name, raw in (("process.pid", found[4]), ("thread.id", found[5])):
        if raw:
            attributes[name] = int(raw)
    message, _, referer = found[6].partition(_REFERER)
    add_header(attributes, "referer", referer)
    message = _without_beginning(attributes, message, ports=found[4] is not None)
    return message_fields("apache_error", content, message, attributes, found[3])


def _without_beginning(attributes: Attributes, rest: bytes, *, ports: bool) -> bytes:
    """Take place and peers off the message; 2.2 wrote no ports."""
    begin = _BEGIN.match(rest)
    if begin is None:
        return rest
    add_texts(attributes, {"code.file.path": begin[1]}, text)
    if begin[2]:
        attributes["code.line.number"] = int(begin[2])
    if ports:
        add_peer(attributes, "client", begin[4])
    else:
        add_texts(attributes, {"client.address": begin[4]}, text)
    add_peer(attributes, "network.peer", begin[5])
    message = rest[begin.end() :]
    number = _ID.match(message)
    if number:
        attributes["message_id"] = number[1].decode()
    return (begin[3] or b"") + message


PARSER: Final = Parser(read, severity, fields, SIGNATURE)
