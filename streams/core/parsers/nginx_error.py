"""The error log of nginx.

Sample::

    2026/11/21 12:51:59 [error] 31#31: *4 connect() failed (111: Connection refused) while connecting to upstream,
    client: 10.0.0.9, server: shop.example.com, request: "GET /up HTTP/1.1", upstream: "http://10.1.0.7:80/up",
    host: "shop.example.com", referrer: "http://a.example/"   (one line)

Source of the format: src/core/ngx_log.c, and ngx_http_log_error in src/http/ngx_http_request.c (mail and stream modules
write the same kind of context). Times are local and have no zone; what is quoted is not escaped.
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
    add_request,
    add_texts,
)

SIGNATURE: Final = rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]{4,6}\] \d{1,18}#\d"

_LINE: Final = re.compile(
    rb"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(debug|info|notice|warn|error|crit|alert|emerg)\] "
    rb"(" + NUMBER + rb")#(" + NUMBER + rb"): (?:\*(" + NUMBER + rb") )?(.*)",
    re.DOTALL,
)
_CONTEXT: Final = ("client", "server", "request", "subrequest", "upstream", "host", "referrer", "login")
"""In the order in which they are written."""
_BYTES: Final = re.compile(
    rb", bytes from/to client:(" + NUMBER + rb")/(" + NUMBER + rb"), bytes from/to upstream:"
    rb"(" + NUMBER + rb")/(" + NUMBER + rb")\Z"
)  # fmt: skip

Found = re.Match[bytes]


def read(content: bytes) -> Found | None:
    """The parts of a line."""
    return _LINE.fullmatch(content)


def severity(found: Found) -> int:
    """Number of the level."""
    return SEVERITY_BY_BYTES[found[2]]


def fields(content: bytes, found: Found) -> Fields:
    """The message without its context, and that as attributes."""
    attributes: Attributes = {"time": found[1].decode(), "process.pid": int(found[3]), "thread.id": int(found[4])}
    if found[5]:
        attributes["connection"] = int(found[5])
    message, context = _split(found[6])
    _add_context(attributes, context)
    return message_fields("nginx_error", content, message, attributes, found[2])


def _split(rest: bytes) -> tuple[bytes, dict[str, bytes]]:
    """Message, and its context by name. Each name is looked for behind the one before: one pass over the line."""
    sizes = _BYTES.search(rest, max(0, len(rest) - 200))
    end = sizes.start() if sizes else len(rest)
    begins: list[tuple[str, int, int]] = []
    position = 0
    for name in _CONTEXT:
        mark = b", " + name.encode() + b": "
        at = rest.find(mark, position, end)
        if at >= 0:
            position = at + len(mark)
            begins.append((name, at, position))
        elif name == "client":
            return rest, {}
    ends = [at for _, at, _ in begins[1:]] + [end]
    found = {name: rest[begin:until] for (name, _, begin), until in zip(begins, ends, strict=True)}
    return rest[: begins[0][1]], found | ({"bytes": rest[end:]} if sizes else {})


def _add_context(attributes: Attributes, context: dict[str, bytes]) -> None:
    plain = {name: _unquoted(raw) for name, raw in context.items()}
    add_texts(attributes, {"client.address": plain.get("client")}, text)
    add_peer(attributes, "server", plain.get("server"))
    if "request" in plain:
        add_request(attributes, plain["request"], text)
    add_texts(attributes, {name: plain.get(name) for name in ("subrequest", "upstream")}, text)
    add_header(attributes, "host", plain.get("host"), text)
    add_header(attributes, "referer", plain.get("referrer"), text)
    add_texts(attributes, {"user.name": plain.get("login")}, text)
    sizes = _BYTES.fullmatch(context.get("bytes", b""))
    if sizes:
        names = ("bytes_from_client", "bytes_to_client", "bytes_from_upstream", "bytes_to_upstream")
        attributes.update(zip(names, map(int, sizes.groups()), strict=True))


def _unquoted(raw: bytes) -> bytes:
    return raw[1:-1] if len(raw) > 1 and raw[:1] == raw[-1:] == b'"' else raw


PARSER: Final = Parser(read, severity, fields, SIGNATURE)
