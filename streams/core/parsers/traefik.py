"""Access logs of Traefik in its default format: combined, and what Traefik knows.

Sample::

    10.0.0.9 - - [21/Nov/2026:12:51:59 +0000] "GET / HTTP/2.0" 200 47 "-" "-" 12 "web@docker" "http://10.1.0.7:80" 3ms

https://doc.traefik.io/traefik/observability/access-logs/ ("Common Log Format"); Traefik does not escape quotation marks
in what it quotes (pkg/middlewares/accesslog/logger_formatters.go). Its own log is that of zerolog's console.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser
from streams.core.parsers.web import (
    ACCESS_SIGNATURE,
    CLF_TIME,
    CLIENT,
    NUMBER,
    NUMBER_OR_DASH,
    USER,
    Attributes,
    add_header,
    add_numbers,
    add_request,
    add_texts,
    clf_time,
    no_severity,
)

_LINE: Final = re.compile(
    rb"(" + CLIENT + rb") - (" + USER + rb") \[(" + CLF_TIME + rb')\] "([^"]*+)" '
    rb"(\d{1,3}|-) (" + NUMBER_OR_DASH + rb') "([^"]*+)" "(.*)" '
    rb"(" + NUMBER_OR_DASH + rb') "([^"]*+)" "([^"]*+)" (' + NUMBER + rb")ms",
    re.DOTALL,
)

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """The parts of a line."""
    return _LINE.fullmatch(content) if content.endswith(b"ms") else None


def status(found: Found) -> int:
    """HTTP status, 0 if none was sent."""
    return 0 if found[5] == b"-" else int(found[5])


def fields(content: bytes, found: Found) -> Fields:
    """Everything that a line says."""
    attributes: Attributes = {"time": clf_time(found[3])}
    add_texts(attributes, {"client.address": found[1], "user.name": found[2]}, text)
    add_request(attributes, found[4], text)
    add_numbers(attributes, {"http.response.status_code": found[5], "http.response.body.size": found[6]})
    add_header(attributes, "referer", found[7], text)
    add_texts(attributes, {"user_agent.original": found[8]}, text)
    add_numbers(attributes, {"request_count": found[9], "duration_ms": found[12]})
    add_texts(attributes, {"router_name": found[10], "server_url": found[11]}, text)
    return message_fields("traefik", content, b"", attributes)


PARSER: Final = Parser(read, no_severity, fields, ACCESS_SIGNATURE, status)
