"""Answers other than 200: which status, and what a person is told.

OTLP clients get a ``google.rpc.Status`` in the encoding of their request, all others JSON with ``error`` and
``remedy``. OTLP clients send again what is answered 429, 502, 503 or 504, so whatever is not their fault is one of
these (OpenTelemetry Protocol Specification, "Failures").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not taken."""

    status: int
    outcome: str
    """Label of logferry_producer_http_requests_total."""
    problem: str
    remedy: str
    allow: str | None = None
    """Methods, where another was used."""

    @property
    def is_temporary(self) -> bool:
        """The same request may be taken later."""
        return self.status in (429, 503)


_REFUSALS: Final[Mapping[str, Refusal]] = {
    each.outcome: each
    for each in (
        Refusal(400, "malformed", "the body cannot be read", "send it as its Content-Type says"),
        Refusal(400, "damaged", "the compressed body is damaged or cut off", "compress it as Content-Encoding says"),
        Refusal(400, "cut_off", "the body ended before its declared length, or is not framed as HTTP/1.1 asks",
                "send all of it"),
        Refusal(400, "unreadable", "this is no HTTP request, or its header is too long",
                "speak HTTP/1.1; https only where the input has tls"),
        Refusal(400, "tag", "the tag has characters that tags cannot have, or too many",
                "use up to 200 letters, digits and . _ - : @ / +"),
        Refusal(400, "key", "the Idempotency-Key is empty or too long", "send 1 to 255 characters"),
        Refusal(401, "unauthorized", "no credentials, or wrong ones",
                "send Authorization: Bearer <token>, or Basic with user and password"),
        Refusal(404, "unknown_path", "there is nothing at this path",
                "post OTLP to /v1/logs, lines to /, /logs or /logs/<tag>; GET /healthz"),
        Refusal(405, "method", "this path does not take that method", "see the header Allow"),
        Refusal(408, "slow", "the body did not come in time", "send it faster, or in smaller parts"),
        Refusal(413, "too_large", "the body is too large", "send fewer records at a time"),
        Refusal(415, "media_type", "the Content-Type is not taken here",
                "send application/x-protobuf or application/json"),
        Refusal(415, "charset", "the charset is unknown, or not a superset of ASCII", "send UTF-8"),
        Refusal(415, "coding", "the Content-Encoding is not known", "use gzip, deflate or zstd, one of them, or none"),
        Refusal(417, "expectation", "the header Expect asks for something unknown", "send 100-continue or nothing"),
        Refusal(422, "key_reused", "the Idempotency-Key came before with another body", "use a new key for each body"),
        Refusal(429, "pressed", "memory is full: Kafka takes less than comes in", "send it again later"),
        Refusal(503, "unconfirmed", "Kafka has not confirmed it yet",
                "send the very same body again later: it is recognised and kept once"),
        Refusal(503, "stopping", "the producer is stopping", "send it again later"),
        Refusal(503, "failed", "an unexpected failure; see the producer's log", "send it again later"),
    )
}  # fmt: skip

OUTCOMES: Final = ("kept", "repeated", "empty", *_REFUSALS)
"""Everything that a request can come to."""

# google.rpc.Code, as the HTTP mapping in its comments pairs them.
_CODES: Final = {400: 3, 401: 16, 404: 12, 405: 12, 408: 4, 413: 3, 415: 3, 417: 9, 422: 3, 429: 8, 503: 14}


def refusal(
    outcome: str, *, problem: str | None = None, remedy: str | None = None, allow: str | None = None
) -> Refusal:
    """The refusal of that outcome, told more exactly where more is known."""
    known = _REFUSALS[outcome]
    return replace(known, problem=problem or known.problem, remedy=remedy or known.remedy, allow=allow)


def slow_for_otlp(refused: Refusal) -> Refusal:
    """OTLP clients throw away what is answered 408; a slow network is no reason to."""
    return replace(refused, status=503) if refused.outcome == "slow" else refused


def as_json(refused: Refusal) -> bytes:
    """For everybody but OTLP clients."""
    return json.dumps({"error": refused.problem, "remedy": refused.remedy}).encode() + b"\n"


def as_status_json(refused: Refusal) -> bytes:
    """``google.rpc.Status`` in JSON."""
    return json.dumps({"code": _CODES[refused.status], "message": _told(refused)}).encode()


def as_status(refused: Refusal) -> bytes:
    """``google.rpc.Status`` in protobuf: field 1 code (varint), field 2 message (text)."""
    message = _told(refused).encode()
    return bytes((0x08, _CODES[refused.status], 0x12)) + _varint(len(message)) + message


def _told(refused: Refusal) -> str:
    return f"{refused.problem}: {refused.remedy}"


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*encoded, number))
