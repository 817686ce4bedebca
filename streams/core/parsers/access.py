r"""Access logs in the common and the combined format, of Apache, nginx and everything that writes them.

Samples::

    127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326
    shop.example.com:80 ::1 - - [21/Nov/2026:12:51:59 +0000] "GET / HTTP/1.1" 304 - "-" "curl/8.5.0"
    10.0.0.1 - - [21/Nov/2026:12:51:59 +0000] "\x16\x03\x01" 400 157 "-" "-" "-" 0.005

https://httpd.apache.org/docs/2.4/logs.html#accesslog (common, combined, virtual hosts) and
http://nginx.org/en/docs/http/ngx_http_log_module.html (combined). What stands behind the combined fields is not named
by any specification. Known by their form are a quoted list of addresses (X-Forwarded-For, as in the configuration that
comes with nginx) and seconds with three decimals (nginx's ``$request_time``); everything else is in
``fields``, in order.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from streams.core.parsers import ingress_nginx, traefik
from streams.core.parsers.message import message_fields
from streams.core.parsers.parsed import Fields, Parser
from streams.core.parsers.web import (
    ACCESS_SIGNATURE,
    CLF_TIME,
    CLIENT,
    NUMBER_OR_DASH,
    QUOTED,
    USER,
    Attributes,
    add_header,
    add_numbers,
    add_peer,
    add_request,
    add_texts,
    clf_time,
    no_severity,
    unescaped,
)

FIELDS_MAX: Final = 64
"""So many unnamed fields become attributes; no configuration has more, and the line itself is kept."""

_LINE: Final = re.compile(
    rb"(" + CLIENT + rb') ([^ "\[\n]{1,255}+) (' + USER + rb") \[(" + CLF_TIME + rb')\] "(' + QUOTED + rb')" '
    rb"(\d{3}|-) (" + NUMBER_OR_DASH + rb")(?: (.*))?",
    re.DOTALL,
)
_COMBINED: Final = re.compile(rb'"(' + QUOTED + rb')" "(' + QUOTED + rb')"(?: |\Z)', re.DOTALL)
_PART: Final = re.compile(rb'"(' + QUOTED + rb')"|\[([^\]]*+)\]|([^\s"]\S*+(?:(?<=,) \S++)*+)', re.DOTALL)
_ADDRESSES: Final = re.compile(rb"[0-9A-Fa-f:.]*[.:][0-9A-Fa-f:.]*+(?:, ?[0-9A-Fa-f:.]++)*+|unknown")
_SECONDS: Final = re.compile(rb"\d{1,9}\.\d{3}")

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """The parts of a line; None where it is of a format that adds fields of its own to these."""
    found = _LINE.fullmatch(content)
    if found is None or found[8] is None:
        return found
    if content.endswith(b"ms") and traefik.read(content) is not None:
        return None
    # Nothing is quoted behind what ingress-nginx adds, and agents often have brackets in their names.
    if content.find(b" [", content.rfind(b'"')) >= 0 and ingress_nginx.read(content) is not None:
        return None
    return found


def status(found: Found) -> int:
    """HTTP status, 0 if none was sent."""
    return 0 if found[6] == b"-" else int(found[6])


def fields(content: bytes, found: Found) -> Fields:
    """Everything that a line says."""
    attributes: Attributes = {"time": clf_time(found[4])}
    _add_peers(attributes, found)
    add_request(attributes, found[5])
    add_numbers(attributes, {"http.response.status_code": found[6], "http.response.body.size": found[7]})
    _add_more(attributes, found[8] or b"")
    return message_fields("access", content, b"", attributes)


def _add_peers(attributes: Attributes, found: Found) -> None:
    """Client, identity and user; and the virtual host before them, where there is a fourth part."""
    client, identity, user = found[1], found[2], found[3]
    if identity != b"-" and user.startswith(b"- "):
        add_peer(attributes, "server", client)
        client, identity, user = identity, b"-", user[2:]
    add_texts(attributes, {"client.address": client, "identity": identity, "user.name": user})


def _add_more(attributes: Attributes, rest: bytes) -> None:
    """Referer and user agent, and what stands behind them."""
    combined = _COMBINED.match(rest)
    if combined:
        add_header(attributes, "referer", combined[1])
        add_texts(attributes, {"user_agent.original": combined[2]})
    parts = list(islice(_PART.finditer(rest, combined.end() if combined else 0), FIELDS_MAX))
    if parts and parts[0][1] is not None and (parts[0][1] == b"-" or _ADDRESSES.fullmatch(parts[0][1])):
        add_header(attributes, "x-forwarded-for", parts.pop(0)[1])
    if parts and parts[0][3] is not None and _SECONDS.fullmatch(parts[0][3]):
        attributes["request_time"] = float(parts.pop(0)[3])
    more = [unescaped(next(filter(None, part.groups()), b"")) for part in parts]
    if any(value not in ("", "-") for value in more):
        attributes["fields"] = more


PARSER: Final = Parser(read, no_severity, fields, ACCESS_SIGNATURE, status)
