"""What an HTTP request asks for, decided from its first line and headers alone.

=======================  =====================================================================================
``POST /v1/logs``        OTLP/HTTP: ``application/x-protobuf`` (framing otlp) or ``application/json`` (otlp_json)
``POST /``, ``/logs``,   lines (framing raw). ``application/json``: the elements of an array, or values one after
``/logs/<tag>``          another, each becomes a line; any other text is taken line by line as it is
``GET /healthz``         whether requests are taken
=======================  =====================================================================================

Sources: OpenTelemetry Protocol Specification 1.x, "OTLP/HTTP"; RFC 9110 (media types, codings, status codes);
draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qs, unquote_to_bytes

from producers.core.http.refusals import Refusal, refusal
from schemas.framing import Framing

Coding: TypeAlias = Literal["identity", "gzip", "deflate", "zstd"]

OTLP_PATH: Final = "/v1/logs"
PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_OTLP: Final[Mapping[str, Framing]] = {PROTOBUF: "otlp", "application/protobuf": "otlp", JSON: "otlp_json"}
_CODINGS: Final[Mapping[str, Coding]] = {
    "": "identity",
    "identity": "identity",
    "gzip": "gzip",
    "x-gzip": "gzip",
    "deflate": "deflate",
    "zstd": "zstd",
}
ACCEPTED_CODINGS: Final = "gzip, deflate, zstd"
_NO_LINES: Final = re.compile(r"(audio|font|image|model|multipart|video)/|application/(x-)?(protobuf|msgpack|zip|gzip)")
_TAG: Final = re.compile(r"[\w.:@/+-]{1,200}")
_KEY_MAX_CHARS: Final = 255


@dataclass(frozen=True, slots=True)
class Health:
    """``GET /healthz``."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A body to take."""

    path: str
    """As ``/v1/logs``; without the tag."""
    framing: Framing
    is_json: bool
    """The body is JSON as a whole. For lines: each of its values becomes one."""
    coding: Coding
    """How the body is compressed."""
    encoding: str | None
    """Declared encoding of lines, where it is not UTF-8."""
    tag: str | None
    """Given by the client."""
    key: str | None
    """Idempotency-Key."""
    length: int
    """Declared by Content-Length; 0 where it is not."""
    awaits_continue: bool
    """The client sends the body only after ``100 Continue``."""


Asked: TypeAlias = Health | Upload | Refusal


def asked(method: str, target: str, headers: Mapping[str, str], tag_header: str) -> Asked:
    """What a request wants. ``target`` as in the request line; ``headers`` must not care about case."""
    path, _, query = target.partition("?")
    path = path.rstrip("/") or "/"
    if path == "/healthz":
        return Health() if method in ("GET", "HEAD") else refusal("method", allow="GET, HEAD")
    if path not in (OTLP_PATH, "/", "/logs") and not path.startswith("/logs/"):
        return refusal("unknown_path")
    if method != "POST":
        return refusal("method", allow="POST")
    given = _tag(path, query, headers.get(tag_header))
    if isinstance(given, Refusal):
        return given
    return _upload("/logs" if path.startswith("/logs/") else path, headers, given)


def _upload(path: str, headers: Mapping[str, str], tag: str | None) -> Upload | Refusal:
    media_type, charset = _content_type(headers.get("Content-Type", ""))
    coding = _CODINGS.get(headers.get("Content-Encoding", "").strip().lower())
    if coding is None:
        return refusal("coding")
    framing = framing_of_otlp(media_type) if path == OTLP_PATH else _framing_of_lines(media_type)
    if framing is None:
        return refusal("media_type", remedy=None if path == OTLP_PATH else "send text/plain or application/x-ndjson")
    encoding = text_encoding(charset)
    if encoding is None or (media_type == JSON and encoding != "utf-8"):
        return refusal("charset")
    key = headers.get("Idempotency-Key")
    if key is not None and not 0 < len(key) <= _KEY_MAX_CHARS:
        return refusal("key")
    expectation = headers.get("Expect", "").lower()
    if expectation not in ("", "100-continue"):
        return refusal("expectation")
    return Upload(
        path=path,
        framing=framing,
        is_json=media_type == JSON,
        coding=coding,
        encoding=None if encoding == "utf-8" else encoding,
        tag=tag,
        key=key,
        length=_length(headers.get("Content-Length", "")),
        awaits_continue=bool(expectation),
    )


def framing_of_otlp(media_type: str) -> Framing | None:
    """The framing of an OTLP body; None for what no OTLP client sends."""
    return _OTLP.get(media_type)


def _framing_of_lines(media_type: str) -> Framing | None:
    """Lines may be called anything that does not plainly say otherwise: curl calls them a form."""
    return None if _NO_LINES.match(media_type) else "raw"


def _length(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _content_type(text: str) -> tuple[str, str]:
    """Media type and charset, in lower case; RFC 9110, 8.3.1."""
    media_type, *parameters = text.lower().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return media_type.strip(), value.strip().strip('"')
    return media_type.strip(), ""


@lru_cache(maxsize=64)
def text_encoding(charset: str) -> str | None:
    """Python's name of a charset in which a line end is one byte and ASCII is ASCII; None for any other."""
    ascii_bytes = bytes(range(0x5C)) + b"\\\\" + bytes(range(0x5D, 128))
    try:
        name = codecs.lookup(charset or "utf-8").name
        return _or_utf8(name) if ascii_bytes.decode(name) == ascii_bytes.decode("ascii") else None
    except (LookupError, ValueError, AssertionError):
        return None


def _or_utf8(name: str) -> str:
    return "utf-8" if name in ("ascii", "utf-8-sig") else name


def _tag(path: str, query: str, header: str | None) -> str | Refusal | None:
    """The tag by the path, else the query, else the header; None where none is given."""
    queried = parse_qs(query, errors="replace").get("tag", [None])[-1] if "tag=" in query else None
    in_path = unquote_to_bytes(path[len("/logs/") :]).decode(errors="replace") if path.startswith("/logs/") else None
    tag = in_path or queried or header
    return tag if not tag or _TAG.fullmatch(tag) else refusal("tag")
