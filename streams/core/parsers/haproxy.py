"""Logs of HAProxy: requests, connections, refused handshakes, and what it says on its standard error.

Samples::

    10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0
    {1wt.eu} {} "GET /index.html HTTP/1.1"   (one line)
    10.0.1.2:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0
    10.0.1.2:52452 [21/Nov/2026:12:52:03.477] tls/1: SSL handshake failure
    Connect from 10.0.1.2:33312 to 10.0.3.31:8012 (www/HTTP)
    [ALERT]    (19238) : backend 'gone' has no server available!

As ``log stdout format raw`` writes them; framing takes the header of syslog off. Configuration manual, 8.2 "Log
formats" (httplog, httpslog, tcplog, default and error log) and 8.6 "Non-printable characters" (``#HH``). Times are
local and have no zone. ``option httplog clf`` is of the format ``access``.
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
    add_numbers,
    add_peer,
    add_request,
    add_texts,
)

_TIME: Final = rb"\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d\.\d{3}"
_PEER: Final = rb"(?:[0-9A-Fa-f.:]{2,45}|unix):\d{1,5}"

SIGNATURE: Final = (
    _PEER + rb" \[" + _TIME + rb"\] \S|Connect from \S{3,255}+ to |\[(?:DIAG|NOTICE|WARNING|ALERT)\] {1,9}[(\d]"
)

_WORD: Final = rb"\S{1,255}+"
_MS: Final = rb"[+-]?\d{1,9}"
_COUNT: Final = rb"\+?" + NUMBER
_COUNTS: Final = rb"/".join((rb"(\d{1,9})", rb"(\d{1,9})", rb"(\d{1,9})", rb"(\d{1,9})", rb"(\+?\d{1,9})"))
_QUEUES: Final = rb"(\d{1,9})/(\d{1,9})"
_LINE: Final = re.compile(
    rb"(" + _PEER + rb") \[(" + _TIME + rb")\] (?:"
    rb"(" + _WORD + rb") ([^\s/]{1,255}+)/(" + _WORD + rb") "
    rb"(?:(" + _MS + rb")/(" + _MS + rb")/(" + _MS + rb")/(" + _MS + rb")/(" + _MS + rb") "
    rb"(-1|\d{1,3}) (" + _COUNT + rb") (" + _WORD + rb") (" + _WORD + rb") ([\w-]{4}) " + _COUNTS + rb" " + _QUEUES
    + rb'(?: \{([^{}"]*+)\})?+(?: \{([^{}"]*+)\})?+ "([^"]*+)"'
    + rb"(?: (\d{1,9})/([0-9A-Fa-f]{1,16})/(\d{1,9})/(\d{1,9})/([01-]) ([^\s/]{1,255}+)/([^\s/]{1,64}+)/(\S{1,64}+))?"
    + rb"|(" + _MS + rb")/(" + _MS + rb")/(" + _MS + rb") (" + _COUNT + rb") ([\w-]{2}) " + _COUNTS + rb" " + _QUEUES
    + rb")|([^\s/]{1,255}+)/([^\s:]{1,255}+): ([^\n]{1,255}+))"
)  # fmt: skip
_DEFAULT: Final = re.compile(rb"Connect from (\S{3,255}+) to (\S{3,255}+) \(([^\s/]{1,255}+)/(HTTP|TCP)\)")
_OWN: Final = re.compile(
    rb"\[(DIAG|NOTICE|WARNING|ALERT)\] {1,9}(?:(\d{3}/\d{6}) )?\((\d{1,9})\) : (.*)", re.DOTALL
)  # fmt: skip
_ESCAPE: Final = re.compile(rb"#([0-9A-F]{2})")

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """The parts of a line of any of the kinds."""
    first = content[:1]
    if first == b"[":
        return _OWN.fullmatch(content)
    if first == b"C":
        return _DEFAULT.fullmatch(content)
    return _LINE.fullmatch(content)


def severity(found: Found) -> int:
    """Number of the level that HAProxy's own messages have; requests and connections have none."""
    return _LEVELS[found[1]] if found.re is _OWN else 0


_LEVELS: Final = {
    level: SEVERITY_BY_BYTES[level if level != b"DIAG" else b"DEBUG"]
    for level in (b"DIAG", b"NOTICE", b"WARNING", b"ALERT")
}


def status(found: Found) -> int:
    """HTTP status of a request, 0 if none was sent."""
    return int(found[11]) if found.re is _LINE and found[11] and found[11] != b"-1" else 0


def fields(content: bytes, found: Found) -> Fields:
    """Everything that a line says."""
    attributes: Attributes = {}
    if found.re is _OWN:
        add_texts(attributes, {"time": found[2]}, text)
        attributes["process.pid"] = int(found[3])
        return message_fields("haproxy", content, found[4], attributes, found[1])
    if found.re is _DEFAULT:
        add_peer(attributes, "client", found[1])
        add_peer(attributes, "server", found[2])
        add_texts(attributes, {"frontend_name": found[3], "mode": found[4]}, text)
        return message_fields("haproxy", content, b"", attributes)
    attributes["time"] = found[2].decode()
    add_peer(attributes, "client", found[1])
    if found[46]:
        add_texts(attributes, {"frontend_name": found[46], "bind_name": found[47], "error": found[48]}, text)
        return message_fields("haproxy", content, b"", attributes)
    add_texts(attributes, {"frontend_name": found[3], "backend_name": found[4], "server_name": found[5]}, text)
    if found[11]:
        _add_request(attributes, found)
    else:
        _add_connection(attributes, found)
    return message_fields("haproxy", content, b"", attributes)


def _add_request(attributes: Attributes, found: Found) -> None:
    """What stands behind the server of a request; and what ``option httpslog`` adds."""
    names = ("time_request_ms", "time_queue_ms", "time_connect_ms", "time_response_ms", "time_active_ms")
    add_numbers(attributes, {name: found[group] for group, name in enumerate(names, 6)})
    add_numbers(attributes, {"http.response.status_code": found[11], "http.response.size": found[12]})
    cookies = {"captured_request_cookie": found[13], "captured_response_cookie": found[14]}
    add_texts(attributes, cookies, _plain)
    _add_counts(attributes, found, 15)
    for group, name in ((23, "captured_request_headers"), (24, "captured_response_headers")):
        if found[group]:
            attributes[name] = [_plain(each) for each in found[group].split(b"|")]
    add_request(attributes, found[25], _plain)
    if found[26]:
        _add_tls(attributes, found)


def _add_tls(attributes: Attributes, found: Found) -> None:
    names = ("fc_err", "ssl_fc_err", "ssl_c_err", "ssl_c_ca_err", "ssl_fc_is_resumed")
    add_texts(attributes, {name: found[group] for group, name in enumerate(names, 26)}, text)
    texts = {"tls.client.server_name": found[31], "tls_version": found[32], "tls.cipher": found[33]}
    add_texts(attributes, texts, text)


def _add_connection(attributes: Attributes, found: Found) -> None:
    """What stands behind the server of a connection."""
    names = ("time_queue_ms", "time_connect_ms", "time_total_ms")
    add_numbers(attributes, {name: found[group] for group, name in enumerate(names, 34)})
    add_numbers(attributes, {"bytes_read": found[37]})
    _add_counts(attributes, found, 38)


def _add_counts(attributes: Attributes, found: Found, group: int) -> None:
    """State at the end, connections, retries and queues: eight groups from this one on."""
    attributes["termination_state"] = text(found[group])
    names = ("actconn", "feconn", "beconn", "srv_conn", "retries", "srv_queue", "backend_queue")
    add_numbers(attributes, {name: found[at] for at, name in enumerate(names, group + 1)})


def _plain(raw: bytes) -> str:
    """A captured text as it was before it was written."""
    return text(_ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), raw))


PARSER: Final = Parser(read, severity, fields, SIGNATURE, status)
