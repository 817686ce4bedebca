"""Who may send: the handshake of the Fluentd Forward Protocol Specification v1 (HELO, PING, PONG).

::

    server  ["HELO", {"nonce": nonce, "auth": salt of users or "", "keepalive": true}]
    client  ["PING", its hostname, its salt, hex SHA-512 of (its salt, its hostname, nonce, shared key),
             username or "", hex SHA-512 of (salt of users, username, password) or ""]
    server  ["PONG", true, "", our hostname, hex SHA-512 of (client's salt, our hostname, nonce, shared key)]
    server  ["PONG", false, reason, "", ""], and it closes the connection

So both sides show that they know the key, and it never travels.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha512
from typing import Final

import msgpack

PING_MAX_BYTES: Final = 4096
"""Longest value of a client that has not shown yet that it knows the key."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is admitted, and who we say that we are."""

    shared_key: bytes
    users: Mapping[bytes, bytes]
    """Names and passwords; none: the shared key is enough."""
    hostname: bytes
    """Ours. Fluentd refuses a server of its own name, for it takes it for itself."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the client has to digest, drawn for each connection."""

    nonce: bytes
    salt: bytes
    """Of users; empty: the client shall not name one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a PING."""

    pong: bytes
    denied: str | None
    """Why the client is not admitted; None: it is."""


def helo(challenge: Challenge) -> bytes:
    """The first word, which is ours."""
    auth = challenge.salt or ""
    return bytes(msgpack.packb(["HELO", {"nonce": challenge.nonce, "auth": auth, "keepalive": True}]))


def answer_ping(value: bytes, challenge: Challenge, admission: Admission) -> Verdict:
    """Judge a PING, which came as a whole MessagePack value of at most PING_MAX_BYTES."""
    parts = _ping(value)
    if parts is None:
        return _denied("a client that does not know the handshake: give it the shared key")
    hostname, salt, digest, username, password_digest = parts
    if hostname == admission.hostname:
        return _denied("the client has our own hostname: give one of them another self_hostname")
    key = admission.shared_key
    if not hmac.compare_digest(_digest(salt, hostname, challenge.nonce, key), digest):
        return _denied("shared key mismatch")
    if admission.users and not _is_user(username, password_digest, challenge.salt, admission.users):
        return _denied("username or password mismatch")
    ours = _digest(salt, admission.hostname, challenge.nonce, key)
    return Verdict(bytes(msgpack.packb(["PONG", True, "", admission.hostname.decode(), ours.decode()])), None)


def _ping(value: bytes) -> list[bytes] | None:
    """The five parts behind the word PING; texts may be bin or str, and Fluent Bit's salt is a str that is no UTF-8."""
    try:
        parts = msgpack.unpackb(value, raw=True)
    except (msgpack.UnpackException, ValueError, TypeError, OverflowError):
        return None
    if not isinstance(parts, list) or len(parts) != 6 or parts[0] != b"PING":
        return None
    return parts[1:] if all(isinstance(part, bytes) for part in parts) else None


def _is_user(name: bytes, digest: bytes, salt: bytes, users: Mapping[bytes, bytes]) -> bool:
    expected = _digest(salt, name, users.get(name, b""))
    return hmac.compare_digest(expected, digest) and name in users


def _digest(*parts: bytes) -> bytes:
    return sha512(b"".join(parts)).hexdigest().encode()


def _denied(reason: str) -> Verdict:
    return Verdict(bytes(msgpack.packb(["PONG", False, reason, "", ""])), reason)
