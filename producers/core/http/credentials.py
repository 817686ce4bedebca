"""Who may send: bearer tokens (RFC 6750) and users with passwords (basic authentication, RFC 7617)."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256

CHALLENGE = 'Bearer realm="logferry", Basic realm="logferry", charset="UTF-8"'
"""For the header WWW-Authenticate."""


class Credentials:
    """What is admitted; held as hashes, and compared in a time that tells nothing. Without any, everybody is."""

    def __init__(self, tokens: Iterable[str], users: Mapping[str, str]) -> None:
        self._hashes = [_hash("bearer", token.encode()) for token in tokens]
        self._hashes += [_hash("basic", f"{user}:{password}".encode()) for user, password in users.items()]

    def admit(self, authorization: str | None) -> bool:
        """Whether the value of the header Authorization is good enough."""
        if not self._hashes:
            return True
        scheme, _, value = (authorization or "").partition(" ")
        scheme, given = scheme.lower(), value.strip().encode(errors="surrogateescape")
        shown = _hash(scheme, _decoded(given) if scheme == "basic" else given)
        return any([hmac.compare_digest(shown, known) for known in self._hashes])  # noqa: C419 - all, always


def _hash(scheme: str, secret: bytes) -> bytes:
    return sha256(scheme.encode(errors="surrogateescape") + b" " + secret).digest()


def _decoded(value: bytes) -> bytes:
    """``user:password``; anything that admits nobody where it is no base64."""
    try:
        return b64decode(value, validate=True)
    except ValueError:
        return b64encode(value)
