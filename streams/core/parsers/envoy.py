"""Access logs of Envoy in its default text format, and in that of Istio.

Samples (each one line)::

    [2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http"
    "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"

    [2026-11-21T12:51:59.310Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 4 4 "-" "curl/8.5.0"
    "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "10.44.1.27:80" outbound|8000||httpbin.foo.svc.cluster.local
    10.44.1.23:37652 10.0.45.184:8000 10.44.1.23:46520 - default

https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage ("Default format string"),
https://istio.io/latest/docs/tasks/observability/logs/access-log/ (and that before Istio 1.9, with quoted Mixer status).
Connections (TCP) have a ``-`` where a request has its line, and no status. Quotation marks are not escaped.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.parsers.message import message_fields, text
from streams.core.parsers.parsed import Fields, Parser
from streams.core.parsers.web import (
    NUMBER_OR_DASH,
    Attributes,
    add_header,
    add_numbers,
    add_peer,
    add_request,
    add_texts,
    no_severity,
)

SIGNATURE: Final = rb'\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "[^"]*+" \d{1,3} '

_WORD: Final = rb"(\S{1,2048}+)"
_LINE: Final = re.compile(
    rb'\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\] "([^"]*+)" (\d{1,3}) (\S{1,255}+) '
    rb'(?:(?:([^\s"]\S{0,1023}+) ([^"]{1,1024}) |"([^"]*+)" )"([^"]*+)" )?'
    rb"(" + NUMBER_OR_DASH + rb") (" + NUMBER_OR_DASH + rb") (" + NUMBER_OR_DASH + rb") (" + NUMBER_OR_DASH + rb") "
    rb'"([^"]*+)" "(.*)" "([^"]*+)" "([^"]*+)" "([^"]*+)"'
    rb"(?: " + rb" ".join((_WORD,) * 6) + rb")?",
    re.DOTALL,
)  # fmt: skip

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """The parts of a line."""
    return _LINE.fullmatch(content)


def status(found: Found) -> int:
    """HTTP status; 0 of a connection, and where no response was begun."""
    return int(found[3])


def fields(content: bytes, found: Found) -> Fields:
    """Everything that a line says."""
    attributes: Attributes = {"time": found[1].decode()}
    is_request = not found[2].startswith(b"- ")
    if is_request:
        add_request(attributes, found[2], text)
        _add_status(attributes, found[3])
    _add_outcome(attributes, found)
    received, sent = (
        ("http.request.body.size", "http.response.body.size") if is_request else ("bytes_received", "bytes_sent")
    )
    add_numbers(
        attributes,
        {received: found[9], sent: found[10], "duration_ms": found[11], "upstream_service_time_ms": found[12]},
    )
    add_header(attributes, "x-forwarded-for", found[13], text)
    add_texts(attributes, {"user_agent.original": found[14], "request_id": found[15]}, text)
    add_peer(attributes, "server", found[16])
    add_texts(attributes, {"upstream_host": found[17]}, text)
    if found[18]:
        _add_addresses(attributes, found)
    return message_fields("envoy", content, b"", attributes)


def _add_status(attributes: Attributes, raw: bytes) -> None:
    if raw != b"0":
        attributes["http.response.status_code"] = int(raw)


def _add_outcome(attributes: Attributes, found: Found) -> None:
    """Why it went as it did."""
    texts = {
        "response_flags": found[4],
        "response_code_details": found[5],
        "connection_termination_details": found[6],
        "mixer_status": found[7],
        "upstream_transport_failure_reason": found[8],
    }
    add_texts(attributes, texts, text)


def _add_addresses(attributes: Attributes, found: Found) -> None:
    """What Istio adds."""
    texts = {
        "upstream_cluster": found[18],
        "upstream_local_address": found[19],
        "downstream_local_address": found[20],
        "requested_server_name": found[22],
        "route_name": found[23],
    }
    add_texts(attributes, texts, text)
    add_peer(attributes, "client", found[21])


PARSER: Final = Parser(read, no_severity, fields, SIGNATURE, status)
