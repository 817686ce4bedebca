"""RabbitMQ, and the reports of older Erlang programs.

Samples: ``2026-11-21 12:52:18.012709+00:00 [notice] <0.147.0> Protocol 'inet_tcp': …`` (3.9 and later),
``2026-11-21 12:52:18.012 [info] <0.9.0> …`` (3.7, 3.8; local time) and ``=ERROR REPORT==== 21-Nov-2026::12:52:18 ===``
with the message on the lines after it (3.6 and SASL). Source: RabbitMQ's documentation, "Logging", and Erlang/OTP's
logger_formatter and error_logger_file_h.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers.message import message_fields, text, time_text
from streams.core.parsers.parsed import Fields, Parser

_TIME: Final = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}(?:\d{3}[+-]\d\d:\d\d)?"
_LEVEL: Final = rb"(?:debug|info|notice|warning|error|critical|alert|emergency)"
_REPORT: Final = rb"=(?:INFO|WARNING|ERROR|CRASH|SUPERVISOR|PROGRESS) REPORT==== "
_LINE: Final = re.compile(
    rb"(" + _TIME + rb") \[(" + _LEVEL + rb")\] <(\d{1,9}\.\d{1,9}\.\d{1,9})> ?(.*)"
    rb"|=([A-Z]{4,10}) REPORT==== (\d{1,2}-[A-Z][a-z]{2}-\d{4}::\d\d:\d\d:\d\d(?:\.\d{1,6})?) ===(?:\n(.*))?",
    re.DOTALL,
)
_REPORTS: Final[Mapping[bytes, int]] = {
    b"PROGRESS": 9, b"INFO": 9, b"WARNING": 13, b"ERROR": 17, b"CRASH": 17, b"SUPERVISOR": 17,
}  # fmt: skip

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """A line with a process, or a report."""
    found = _LINE.match(content)
    return None if found is not None and found[5] and found[5] not in _REPORTS else found


def severity(found: Found) -> int:
    """Number of the level or of the kind of report."""
    return SEVERITY_BY_BYTES[found[2]] if found[2] else _REPORTS[found[5]]


def fields(content: bytes, found: Found) -> Fields:
    """The Erlang process and the time become attributes."""
    if found[5]:
        return message_fields("rabbitmq", content, found[7] or b"", {"time": text(found[6])}, found[5])
    attributes = {"time": time_text(found[1]), "erlang_process": text(found[3])}
    return message_fields("rabbitmq", content, found[4], attributes, found[2])


PARSER: Final = Parser(
    read, severity, fields, signature=rb"(?:" + _TIME + rb" \[" + _LEVEL + rb"\] <|" + _REPORT + rb")"
)
