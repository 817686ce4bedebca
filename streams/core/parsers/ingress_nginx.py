"""Access logs of ingress-nginx: combined, and what the controller knows of the upstream.

Sample::

    10.0.0.9 - - [21/Nov/2026:12:51:59 +0000] "GET / HTTP/2.0" 200 6 "-" "curl/8.5.0" 65 0.004 [shop-web-80] []
    10.1.0.7:8080, 10.1.0.8:8080 0, 6 0.001, 0.003 502, 200 582ef4325104b88eaf4804a48e075e01   (one line)

The format ``upstreaminfo`` of https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/,
and that of releases before 0.25 (``- [real address] -``; no alternative upstream; no request id at the very first).
Where nginx asked several upstreams, their values are a list (http://nginx.org/en/docs/http/ngx_http_upstream_module.html).
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
    USER,
    Attributes,
    add_header,
    add_numbers,
    add_request,
    add_texts,
    clf_time,
    no_severity,
)

# nginx writes a quotation mark as \x22.
_QUOTED: Final = rb'[^"]*+'
# Values of several upstreams are separated by ", ", and by " : " where the request was redirected inside of nginx.
_SEVERAL: Final = rb"([^ \"]++(?:(?:(?<=,) | : )[^ \"]++)*+)"
_LINE: Final = re.compile(
    rb"(" + CLIENT + rb") - (?:\[([^\]\s]{1,255}+)\] - )?(" + USER + rb") \[(" + CLF_TIME + rb')\] "('
    + _QUOTED + rb')" (\d{3}) (' + NUMBER + rb') "(' + _QUOTED + rb')" "(' + _QUOTED + rb')" '
    rb"(" + NUMBER + rb") (\d{1,9}\.\d{3}) \[([^\]\s]*+)\] (?:\[([^\]\s]*+)\] )?"
    + rb" ".join((_SEVERAL,) * 4) + rb"(?: ([^\s\"]{1,128}+))?",
    re.DOTALL,
)  # fmt: skip

_NUMBER: Final = re.compile(rb"\d{1,18}(\.\d{1,9})?")

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """The parts of a line."""
    return _LINE.fullmatch(content)


def status(found: Found) -> int:
    """HTTP status."""
    return int(found[6])


def fields(content: bytes, found: Found) -> Fields:
    """Everything that a line says."""
    attributes: Attributes = {"time": clf_time(found[4])}
    add_texts(attributes, {"client.address": found[2] or found[1], "user.name": found[3]})
    if found[2] and found[2] != found[1]:
        add_texts(attributes, {"network.peer.address": found[1]})
    add_request(attributes, found[5])
    add_numbers(
        attributes,
        {"http.response.status_code": found[6], "http.response.body.size": found[7], "http.request.size": found[10]},
    )
    add_header(attributes, "referer", found[8])
    add_texts(attributes, {"user_agent.original": found[9]})
    attributes["request_time"] = float(found[11])
    add_texts(attributes, {"proxy_upstream_name": found[12], "proxy_alternative_upstream_name": found[13]})
    _add_upstreams(attributes, found)
    add_texts(attributes, {"request_id": found[18]})
    return message_fields("ingress_nginx", content, b"", attributes)


def _add_upstreams(attributes: Attributes, found: Found) -> None:
    """What each upstream that was asked answered."""
    for name, raw in (
        ("upstream_addr", found[14]),
        ("upstream_response_length", found[15]),
        ("upstream_response_time", found[16]),
        ("upstream_status", found[17]),
    ):
        if raw != b"-":
            values = [_value(value) for value in raw.replace(b" : ", b", ").split(b", ")]
            attributes[name] = values[0] if len(values) == 1 else values


def _value(raw: bytes) -> str | int | float | None:
    """A value of one upstream; none where that gave no answer."""
    if raw == b"-":
        return None
    number = _NUMBER.fullmatch(raw)
    return text(raw) if number is None else int(raw) if number[1] is None else float(raw)


PARSER: Final = Parser(read, no_severity, fields, ACCESS_SIGNATURE, status)
