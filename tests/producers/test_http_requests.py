"""What the input `http` decides from a request's head, and what it tells those whom it refuses."""

from __future__ import annotations

import json
import sys

import pytest
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st

from producers.core.http.credentials import Credentials
from producers.core.http.refusals import OUTCOMES, Refusal, as_json, as_status, as_status_json, refusal
from producers.core.http.requests import Health, Upload, asked, text_encoding

if sys.version_info >= (3, 14):
    pass
else:
    pass

LINES = {"Content-Type": "text/plain"}


def upload(target: str, headers: dict[str, str], method: str = "POST") -> Upload | Refusal | Health:
    return asked(method, target, headers, "Logferry-Tag")


# -- requests


@pytest.mark.parametrize(
    ("target", "headers", "tag"),
    [
        ("/", LINES, None),
        ("/logs", LINES, None),
        ("/logs/", LINES, None),
        ("/logs/shop.checkout", LINES, "shop.checkout"),
        ("/logs/shop%2Echeckout", LINES, "shop.checkout"),
        ("/?tag=shop", LINES, "shop"),
        ("/", {**LINES, "Logferry-Tag": "shop"}, "shop"),
        ("/logs/path?tag=query", {**LINES, "Logferry-Tag": "header"}, "path"),
        ("/v1/logs?tag=shop", {"Content-Type": "application/x-protobuf"}, "shop"),
    ],
)
def test_the_tag_comes_from_path_then_query_then_header(target: str, headers: dict[str, str], tag: str | None) -> None:
    found = upload(target, headers)
    assert isinstance(found, Upload)
    assert found.tag == tag


@pytest.mark.parametrize(
    ("method", "target", "headers", "outcome"),
    [
        ("POST", "/v1/traces", {}, "unknown_path"),
        ("GET", "/", {}, "method"),
        ("POST", "/healthz", {}, "method"),
        ("POST", "/logs/a%20b", LINES, "tag"),
        ("POST", "/logs/%ff", LINES, "tag"),
        ("POST", "/logs/" + "x" * 201, LINES, "tag"),
        ("POST", "/v1/logs", LINES, "media_type"),
        ("POST", "/v1/logs", {}, "media_type"),
        ("POST", "/", {"Content-Type": "multipart/form-data; boundary=x"}, "media_type"),
        ("POST", "/", {"Content-Type": "application/x-protobuf"}, "media_type"),
        ("POST", "/", {"Content-Encoding": "br"}, "coding"),
        ("POST", "/", {"Content-Encoding": "gzip, gzip"}, "coding"),
        ("POST", "/", {"Content-Type": "text/plain; charset=utf-16"}, "charset"),
        ("POST", "/", {"Content-Type": "text/plain; charset=unicode_escape"}, "charset"),
        ("POST", "/", {"Content-Type": "text/plain; charset=\x00"}, "charset"),
        ("POST", "/", {"Content-Type": "application/json; charset=latin-1"}, "charset"),
        ("POST", "/", {"Idempotency-Key": ""}, "key"),
        ("POST", "/", {"Expect": "200-maybe"}, "expectation"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(
    method: str, target: str, headers: dict[str, str], outcome: str
) -> None:
    found = upload(target, headers, method)
    assert isinstance(found, Refusal)
    assert found.outcome == outcome


def test_otlp_media_types_choose_the_framing() -> None:
    types = ("application/x-protobuf", "application/protobuf", "Application/JSON; charset=UTF-8")
    found = [upload("/v1/logs", {"Content-Type": each}) for each in types]
    assert [each.framing for each in found if isinstance(each, Upload)] == ["otlp", "otlp", "otlp_json"]


def test_lines_may_be_called_anything_as_curl_does() -> None:
    found = upload("/", {"Content-Type": "application/x-www-form-urlencoded"})
    assert isinstance(found, Upload)
    assert (found.framing, found.is_json) == ("raw", False)


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("", "utf-8"),
        ("UTF-8", "utf-8"),
        ("us-ascii", "utf-8"),
        ("latin-1", "iso8859-1"),
        ("utf-7", None),
        ("hex", None),
    ],
)
def test_only_supersets_of_ascii_are_taken_as_text(charset: str, encoding: str | None) -> None:
    assert text_encoding(charset) == encoding


@given(
    st.text(max_size=20),
    st.text(),
    st.dictionaries(
        st.sampled_from(
            ["Content-Type", "Content-Encoding", "Content-Length", "Idempotency-Key", "Expect", "Logferry-Tag"]
        ),
        st.text(),
    ),
)
def test_any_request_is_understood_or_refused(method: str, target: str, headers: dict[str, str]) -> None:
    for path in (target, "/logs/" + target, "/?tag=" + target, "/v1/logs"):
        assert isinstance(asked("POST", path, headers, "Logferry-Tag"), Health | Upload | Refusal)
    assert isinstance(asked(method, target, headers, "Logferry-Tag"), Health | Upload | Refusal)


# -- refusals


@pytest.mark.parametrize("outcome", [each for each in OUTCOMES if each not in ("kept", "repeated", "empty")])
def test_every_refusal_is_a_google_rpc_status_in_both_encodings(outcome: str) -> None:
    refused = refusal(outcome, problem="ü" * 100)
    in_protobuf = Status.FromString(as_status(refused))
    in_json = json.loads(as_status_json(refused))
    assert {"code": in_protobuf.code, "message": in_protobuf.message} == in_json
    assert json.loads(as_json(refused)) == {"error": refused.problem, "remedy": refused.remedy}


# -- credentials


@pytest.mark.parametrize(
    ("header", "is_admitted"),
    [
        ("Bearer secret", True),
        ("bearer secret", True),
        ("Basic YW5uOnBhc3M6d29yZA==", True),
        ("Bearer Secret", False),
        ("Bearer ann:pass:word", False),
        ("Basic c2VjcmV0", False),
        ("Basic ann:pass:word", False),
        ("secret", False),
        ("", False),
        (None, False),
    ],
)
def test_only_known_tokens_and_passwords_are_admitted(header: str | None, is_admitted: bool) -> None:
    assert Credentials(["secret"], {"ann": "pass:word"}).admit(header) is is_admitted


def test_without_credentials_everybody_is_admitted() -> None:
    assert Credentials([], {}).admit(None)


@given(st.text())
def test_no_text_admits_by_chance(text: str) -> None:
    assert not Credentials(["secret"], {"ann": "word"}).admit("Basic " + text)
