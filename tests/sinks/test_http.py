"""The destination `http`: what is asked of a server, and what its answers mean."""

from __future__ import annotations

import gzip
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import SettingsError
from schemas.settings import parse_settings
from sinks.http.request import body, idempotency_key
from sinks.http.retry_after import MOST_SECS, retry_after_secs
from sinks.http.sink import HttpDestination
from sinks.verdict import Done, Reject, Retry, Verdict
from tests.producers.certificates import Identity, make_identity
from tests.sinks.arrived import arrived, arrived_document
from tests.sinks.http_answers import Answering, Asked, Told
from tests.sinks.records import log_record

NOW = 1795262400.0


def destination(url: str, **changes: Any) -> HttpDestination:
    sink = {"type": "http", "topics": ["logs.app"], "url": url, "request_timeout_secs": 5, **changes}
    return HttpDestination("hook", parse_settings(json.dumps({"sinks": {"hook": sink}}), "logferry.yaml", {}))


def documents(asked: Asked) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(asked.body).splitlines()]


def sent(url: str, count: int = 3, **changes: Any) -> list[Verdict]:
    made = destination(url, **changes)
    try:
        return made.send(made.build([arrived(number) for number in range(count)]).pieces)
    finally:
        made.close()


def answering(told: Told | None) -> Callable[[Asked], Told | None]:
    return lambda _: told


def test_a_batch_is_one_request_whose_lines_are_documents_with_their_ids() -> None:
    with Answering(answering(Told(204))) as server:
        assert sent(server.url) == [Done.DELIVERED] * 3
    (asked,) = server.asked
    assert [each["id"] for each in documents(asked)] == [log_record(number)["id"] for number in range(3)]
    assert (asked.path, asked.headers["content-type"]) == ("/in", "application/x-ndjson")
    assert asked.headers["user-agent"] == "logferry"


@pytest.mark.parametrize(
    ("compression", "unpack"), [("none", bytes), ("gzip", gzip.decompress), ("zstd", zstd.decompress)]
)
def test_a_body_is_compressed_as_it_says(compression: str, unpack: Callable[[bytes], bytes]) -> None:
    with Answering(answering(Told())) as server:
        sent(server.url, compression=compression, format="json")
    (asked,) = server.asked
    assert [each["logferry"]["offset"] for each in json.loads(unpack(asked.body))] == [0, 1, 2]
    assert asked.headers.get("content-encoding", "none") == compression
    assert asked.headers["content-type"] == "application/json"


def test_the_size_of_a_batch_is_that_of_its_body() -> None:
    made = destination("http://127.0.0.1:1", compression="none")
    built = made.build([arrived(1), arrived_document(2)])
    bodies = []
    made._poster.post = lambda body, _: bodies.append(body) or Told()  # type: ignore[method-assign,assignment,func-returns-value]
    made._post(built.pieces)
    assert sum(built.sizes) == len(bodies[0])


def test_credentials_and_headers_come_from_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.setenv("HOOK_TOKEN", "from the environment")
    with Answering(answering(Told())) as server:
        sent(server.url, token={"env": "HOOK_TOKEN"}, headers={"X-Api-Key": {"file": f"{tmp_path}/key"}, "X-Team": "a"})
        sent(server.url, username="joe", password={"env": "HOOK_TOKEN"}, idempotency_header="")
    first, second = (each.headers for each in server.asked)
    assert (first["authorization"], first["x-api-key"], first["x-team"]) == (
        "Bearer from the environment", "from a file", "a",
    )  # fmt: skip
    assert second["authorization"] == "Basic am9lOmZyb20gdGhlIGVudmlyb25tZW50"
    assert ("idempotency-key" in first, "idempotency-key" in second) == (True, False)


def test_the_same_batch_has_the_same_key_and_another_has_another() -> None:
    with Answering(answering(Told(503))) as server:
        made = destination(server.url)
        pieces = made.build([arrived(number) for number in range(3)]).pieces
        for batch in (pieces, pieces, pieces[:2], destination(server.url).build([arrived(0), arrived(1)]).pieces):
            made.send(batch)
        made.close()
    keys = [each.headers["idempotency-key"] for each in server.asked]
    assert (keys[0] == keys[1], keys[2] == keys[3], len(set(keys))) == (True, True, 2)


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=3), unique=True, min_size=2, max_size=5), st.randoms())
def test_a_key_depends_on_the_ids_and_their_order(ids: list[str], random: Any) -> None:
    other = random.sample(ids, len(ids))
    assert (idempotency_key(ids) == idempotency_key(other)) == (ids == other)


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_only_the_record_that_a_server_does_not_take_is_rejected(status: int, form: str) -> None:
    def answer(asked: Asked) -> Told:
        bad = b'"offset":37,' in gzip.decompress(asked.body)
        return Told(status, b"  field x:\n no such thing ") if bad else Told()

    with Answering(answer) as server:
        verdicts = sent(server.url, 100, format=form)
    expected: list[Verdict] = [Done.DELIVERED] * 100
    expected[37] = Reject(f"status {status}: field x: no such thing")
    assert verdicts == expected
    assert len(server.asked) <= 15


def test_a_part_that_is_not_taken_now_is_sent_again_and_no_other() -> None:
    def answer(asked: Asked) -> Told:
        found = documents(asked)
        offsets = {each["logferry"]["offset"] for each in found}
        return Told(400) if len(found) == 4 else Told(503) if 3 in offsets else Told()

    with Answering(answer) as server:
        verdicts = sent(server.url, 4)
    assert verdicts == [Done.DELIVERED, Done.DELIVERED, Retry("status 503"), Retry("status 503")]


@pytest.mark.parametrize("status", [401, 403, 404, 405, 408, 409, 411, 415, 425, 429, 431, 500, 502, 503, 504, 301])
def test_what_says_nothing_about_records_is_tried_again(status: int) -> None:
    with Answering(answering(Told(status, b"sorry"))) as server:
        verdicts = sent(server.url)
    assert [type(each) for each in verdicts] == [Retry] * 3
    answer = verdicts[0]
    assert isinstance(answer, Retry)
    assert answer.cause == f"status {status}"
    assert bool(answer.remedy) == (status not in (408, 409, 425, 429, 500, 502, 503, 504))
    assert len(server.asked) == 1


def test_a_server_says_how_long_it_wants_to_be_left_alone() -> None:
    with Answering(answering(Told(429, headers=(("Retry-After", "7"),)))) as server:
        assert sent(server.url, 1) == [Retry("status 429", 7.0)]


@pytest.mark.parametrize(
    ("value", "secs"),
    [
        (None, None), ("", None), ("soon", None), ("-1", None), ("0", 0.0), (" 12 ", 12.0), ("1.5", 1.5),
        ("99999999", MOST_SECS), ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0), ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 9999 11:00:00 GMT", MOST_SECS), ("Sat, 99 Nov 2026 11:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(value: str | None, secs: float | None) -> None:
    assert retry_after_secs(value, NOW) == secs


@given(st.text(max_size=40))
def test_no_header_is_too_odd(value: str) -> None:
    secs = retry_after_secs(value, NOW)
    assert secs is None or 0 <= secs <= MOST_SECS


def test_a_server_that_hangs_up_or_is_not_there_is_tried_again() -> None:
    with Answering(answering(None)) as server:
        assert sent(server.url, 1) == [Retry("ProtocolError")]
    assert sent(server.url, 1) == [Retry("NewConnectionError")]


def test_a_server_that_does_not_answer_in_time_is_tried_again() -> None:
    with Answering(lambda _: time.sleep(1)) as server:  # type: ignore[func-returns-value]
        assert sent(server.url, 1, request_timeout_secs=0.2) == [Retry("ReadTimeoutError")]


def test_a_connection_is_kept_for_the_next_request_also_behind_a_long_answer() -> None:
    with Answering(answering(Told(200, b"x" * 300_000))) as server:
        made = destination(server.url)
        pieces = made.build([arrived(1)]).pieces
        assert [made.send(pieces) for _ in range(3)] == [[Done.DELIVERED]] * 3
        assert made._poster._pool.connection_from_url(server.url).num_connections == 1
        made.close()


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2), min_size=1, max_size=4))
def test_bodies_hold_the_documents(found: list[dict[str, str]]) -> None:
    texts = [json.dumps(each).encode() for each in found]
    assert json.loads(body("json", texts)) == found
    lines = body("ndjson", texts)
    assert ([json.loads(line) for line in lines.split(b"\n")[:-1]], lines[-1:]) == (found, b"\n")


# -- TLS -----------------------------------------------------------------------------------------------------------


def server_side(own: Identity, client: Identity) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(client.certificate))
    context.load_cert_chain(own.certificate, own.key)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_both_sides_show_their_certificates(tmp_path: Path) -> None:
    own, client = make_identity(tmp_path, "server"), make_identity(tmp_path, "client")
    shown = {"certificate_file": str(client.certificate), "key_file": str(client.key)}
    with Answering(answering(Told()), server_side(own, client)) as server:
        assert sent(server.url, 1, ca_file=str(own.certificate), **shown) == [Done.DELIVERED]


def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    own, client = make_identity(tmp_path, "server"), make_identity(tmp_path, "client")
    with Answering(answering(Told()), server_side(own, client)) as server:
        answer = sent(server.url, 1, ca_file=str(client.certificate))[0]
    assert isinstance(answer, Retry)
    assert (answer.cause, "check ca_file" in answer.remedy, server.asked) == ("TLS", True, [])


def test_a_key_with_a_password_is_not_asked_for_at_the_terminal(tmp_path: Path) -> None:
    client = make_identity(tmp_path, "client", b"secret")
    with pytest.raises(SettingsError, match="the files for TLS cannot be used"):
        destination("https://localhost:1", certificate_file=str(client.certificate), key_file=str(client.key))


def test_files_that_are_no_certificates_are_settings_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match="the files for TLS cannot be used"):
        destination("https://localhost:1", ca_file=f"{tmp_path}/ca.pem")
