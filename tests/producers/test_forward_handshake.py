"""HELO, PING, PONG: who may send."""

from __future__ import annotations

from hashlib import sha512
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.forward.handshake import Admission, Challenge, answer_ping, helo

ADMISSION = Admission(b"key", {}, b"server")
WITH_USERS = Admission(b"key", {b"ann": b"secret", "jörg".encode(): b"pw"}, b"server")
CHALLENGE = Challenge(b"\x00\xffnonce", b"")
SALTED = Challenge(b"\x00\xffnonce", b"\xfesalt")


def digest(*parts: bytes) -> str:
    return sha512(b"".join(parts)).hexdigest()


def ping(key: bytes = b"key", hostname: bytes = b"client", user: str = "", password_digest: str = "") -> bytes:
    shared = digest(b"\xffsalt", hostname, CHALLENGE.nonce, key)
    return bytes(msgpack.packb(["PING", hostname.decode(), b"\xffsalt", shared, user, password_digest]))


def user_ping(user: str, password: bytes, salt: bytes = SALTED.salt) -> bytes:
    return ping(user=user, password_digest=digest(salt, user.encode(), password))


def test_helo_asks_for_a_user_only_where_there_are_users() -> None:
    assert [msgpack.unpackb(helo(each)) for each in (CHALLENGE, SALTED)] == [
        ["HELO", {"nonce": b"\x00\xffnonce", "auth": "", "keepalive": True}],
        ["HELO", {"nonce": b"\x00\xffnonce", "auth": b"\xfesalt", "keepalive": True}],
    ]


def test_who_knows_the_key_is_admitted_and_is_shown_that_we_know_it() -> None:
    verdict = answer_ping(ping(), CHALLENGE, ADMISSION)
    ours = digest(b"\xffsalt", b"server", CHALLENGE.nonce, b"key")
    assert (verdict.denied, msgpack.unpackb(verdict.pong)) == (None, ["PONG", True, "", "server", ours])


def denied(value: bytes, admission: Admission = ADMISSION, challenge: Challenge = CHALLENGE) -> str:
    verdict = answer_ping(value, challenge, admission)
    assert verdict.denied is not None
    assert msgpack.unpackb(verdict.pong) == ["PONG", False, verdict.denied, "", ""]
    return verdict.denied


def test_another_key_is_denied() -> None:
    assert denied(ping(b"other")) == "shared key mismatch"


def test_the_answer_to_another_nonce_is_denied() -> None:
    assert denied(ping(), challenge=Challenge(b"other", b"")) == "shared key mismatch"


def test_a_client_of_our_own_name_is_denied() -> None:
    assert "hostname" in denied(ping(hostname=b"server"))


@pytest.mark.parametrize(("user", "password"), [("ann", b"secret"), ("jörg", b"pw")])
def test_a_user_is_admitted_with_the_password(user: str, password: bytes) -> None:
    assert answer_ping(user_ping(user, password), SALTED, WITH_USERS).denied is None


@pytest.mark.parametrize(
    ("user", "password"), [("ann", b"pw"), ("ann", b""), ("eve", b"secret"), ("eve", b""), ("", b"")]
)
def test_a_wrong_password_and_an_unknown_user_are_denied_alike(user: str, password: bytes) -> None:
    assert denied(user_ping(user, password), WITH_USERS, SALTED) == "username or password mismatch"


def test_the_password_with_another_salt_is_denied() -> None:
    assert denied(user_ping("ann", b"secret", b"old"), WITH_USERS, SALTED) == "username or password mismatch"


@pytest.mark.parametrize("value", [None, [], ["PING"], ["PONG", "a", "b", "c", "d", "e"], ["PING", 1, 2, 3, 4, 5], {}])
def test_anything_but_a_ping_is_denied(value: Any) -> None:
    assert "handshake" in denied(msgpack.packb(value))


@given(data=st.binary(max_size=200))
def test_any_bytes_are_denied(data: bytes) -> None:
    assert "handshake" in denied(data)
