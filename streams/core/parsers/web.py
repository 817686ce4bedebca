r"""What lines of web servers and proxies have in common: quoted texts, request lines, times and peers.

A quoted text is written as nginx writes it (``"``, ``\`` and all bytes outside of printable ASCII as ``\xHH``;
http://nginx.org/en/docs/http/ngx_http_log_module.html, ``escape=default``) or as Apache does (``\"``, ``\\``, C-style
white space, ``\xhh``; https://httpd.apache.org/docs/2.4/mod/mod_log_config.html, "Format Notes").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Any, Final

from streams.core.parsers.message import text

Attributes = dict[str, Any]

QUOTED: Final = rb'[^"\\]*+(?:\\.[^"\\]*+)*+'
"""A regular expression for what may stand between two quotation marks."""
NUMBER: Final = rb"\d{1,18}"
"""A number that fits into 64 bits."""
CLF_TIME: Final = rb"\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
"""Time of the common log format, ``21/Nov/2026:12:51:59 +0000``."""
NUMBER_OR_DASH: Final = NUMBER + b"|-"
CLIENT: Final = (
    rb"(?!\d{4}[-/.]\d\d[-/.]\d\d[ T]|\d\d/\d\d/\d\d |\d\d:\d\d:\d\d[.,]|\d{6} \d{6} |\d{1,2}:\d\d[AP]M "
    rb"|[A-Z]{4,8}:(?!\d))"
    rb'[^\s"\[{(<][^\s"\[]{0,255}+'
)
"""What an access log's line begins with: an address or a name, and not the time or level of another one's."""
USER: Final = rb'[^":\[\n]{1,255}'
"""A user's name, perhaps with blanks in it; no colon can be in one (RFC 7617, 2)."""
ACCESS_SIGNATURE: Final = (
    CLIENT + rb" (?:- \[[^\]\s]{1,255}+\] )?+[^ \"\[\n]{1,255}+ " + USER + rb"+\[" + CLF_TIME + rb'\] "'
)
"""The beginning that all formats have which add something to the common one; a single question for all of them."""

_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_WHITE_SPACE: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"v": b"\v", b"f": b"\f"}
_REQUEST: Final = re.compile(rb"([A-Z][A-Z_-]{0,31}) (?:(.+) HTTP/(\d(?:\.\d)?)|(\S+))", re.DOTALL)
_AUTHORITY: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]{0,31}://[^/?]*+")
_PORT: Final = re.compile(rb"\d{1,5}")
_MONTHS: Final = dict(
    zip(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), range(1, 13), strict=True)
)


def unescaped(raw: bytes) -> str:
    """A quoted text as it was before it was written."""
    return text(_ESCAPE.sub(_escaped_byte, raw) if b"\\" in raw else raw)


def _escaped_byte(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return bytes((int(match[1], 16),))
    return _WHITE_SPACE.get(match[2], match[2])


def add_texts(
    attributes: Attributes, texts: Mapping[str, bytes | None], plain: Callable[[bytes], str] = unescaped
) -> None:
    """Add texts by attribute name, apart from those that are absent: none, empty or ``-``."""
    for name, raw in texts.items():
        if raw and raw != b"-":
            attributes[name] = plain(raw)


def add_numbers(attributes: Attributes, numbers: Mapping[str, bytes | None]) -> None:
    """Add whole numbers by attribute name, apart from those that are absent: none, ``-`` or below 0."""
    for name, raw in numbers.items():
        if raw and raw[:1] != b"-":
            attributes[name] = int(raw)


def add_header(attributes: Attributes, name: str, raw: bytes | None, plain: Callable[[bytes], str] = unescaped) -> None:
    """Add a header of the request: a list of one text, as OpenTelemetry has headers."""
    if raw and raw != b"-":
        attributes[f"http.request.header.{name}"] = [plain(raw)]


def add_request(attributes: Attributes, raw: bytes, plain: Callable[[bytes], str] = unescaped) -> None:
    r"""Add what a request line says, ``GET /cart?id=1 HTTP/1.1`` (RFC 9112, 3); ``plain`` undoes the escapes.

    What is no request line (``\x16\x03\x01`` of a TLS client, ``quit``) becomes ``request``, as it was written.
    """
    if raw in (b"", b"-", b"- - -", b"- - HTTP/1.0"):
        return
    match = _REQUEST.fullmatch(raw)
    if match is None:
        attributes["request"] = text(raw)
        return
    attributes["http.request.method"] = match[1].decode()
    add_target(attributes, match[2] or match[4], plain)
    if match[3]:
        attributes["network.protocol.version"] = match[3].decode()


def add_target(attributes: Attributes, target: bytes, plain: Callable[[bytes], str] = unescaped) -> None:
    """Add path and query of a request's target; one that is more than a path (or ``*``) also stands as it is."""
    if target[:1] != b"/":
        attributes["url.original"] = plain(target)
        authority = _AUTHORITY.match(target)
        target = target[authority.end() :] if authority else b""
    path, mark, query = target.partition(b"?")
    if path:
        attributes["url.path"] = plain(path)
    if mark:
        attributes["url.query"] = plain(query)


def add_peer(attributes: Attributes, side: str, raw: bytes | None) -> None:
    """Add ``<side>.address`` and ``<side>.port`` of ``10.0.0.1:80``, ``[::1]:80``, ``::1:80``, ``shop:80``, ``unix:``.

    Of an IPv6 address without brackets the last part is the port: for formats that always write one.
    """
    if not raw or raw == b"-":
        return
    address, _, port = raw.rpartition(b":")
    if not _PORT.fullmatch(port) or not _is_host(address):
        address, port = raw, b""
    attributes[f"{side}.address"] = text(address[1:-1] if address[:1] == b"[" and address[-1:] == b"]" else address)
    if port:
        attributes[f"{side}.port"] = int(port)


def _is_host(raw: bytes) -> bool:
    """Whether this is whole without what stood behind its last colon."""
    if b":" not in raw or raw[:1] == b"[":
        return raw != b"" and (raw[:1] == b"[") == (raw[-1:] == b"]")
    try:
        IPv6Address(text(raw))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def clf_time(raw: bytes) -> str:
    """RFC 3339 in UTC of ``21/Nov/2026:12:51:59 +0000``; as it is if there is no such time."""
    try:
        zone = timedelta(hours=int(raw[22:24]), minutes=int(raw[24:26]))
        at = datetime(
            int(raw[7:11]), _MONTHS[raw[3:6].decode()], int(raw[:2]), int(raw[12:14]), int(raw[15:17]), int(raw[18:20]),
            tzinfo=timezone(-zone if raw[21:22] == b"-" else zone),
        )  # fmt: skip
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, KeyError, OverflowError):
        return raw.decode()


def no_severity(_: object) -> int:
    """Severity of an access log's line: none by itself, it follows from the status."""
    return 0
