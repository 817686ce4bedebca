"""Importing into Kibana: what is there is overwritten, what is refused says why, and every error says what to do."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.app import app
from schemas.errors import FatalError, LogferryError, SettingsError, TemporaryError
from tests.deploy.kibana_stand_in import KibanaStandIn

COUNT = 16
"""One data view, four searches, ten charts, one dashboard."""


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["kibana", *words], env=environment)


def load(kibana: KibanaStandIn, *words: str, **environment: str) -> list[dict[str, Any]]:
    """What an import that succeeds says."""
    result = run("import", "--url", kibana.url, "--json", *words, **environment)
    if result.exception is not None:
        raise result.exception
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def complaint(kibana: KibanaStandIn, *words: str, **environment: str) -> LogferryError:
    error = run("import", "--url", kibana.url, *words, **environment).exception
    assert isinstance(error, LogferryError)
    return error


def test_everything_is_created_and_the_second_time_overwritten() -> None:
    with KibanaStandIn() as kibana:
        assert [each["outcome"] for each in load(kibana)] == ["created"] * COUNT
        first = dict(kibana.objects)
        assert [each["outcome"] for each in load(kibana)] == ["overwritten"] * COUNT
        assert kibana.objects == first


def test_what_is_imported_is_what_is_exported(tmp_path: Path) -> None:
    with KibanaStandIn() as kibana:
        load(kibana, "--index", "shop-*")
        run("export", "--index", "shop-*", "-o", str(tmp_path / "objects.ndjson"))
        exported = [json.loads(line) for line in (tmp_path / "objects.ndjson").read_text().splitlines()]
        assert list(kibana.objects.values()) == exported


def test_the_objects_of_two_patterns_live_side_by_side_and_so_do_those_of_two_spaces() -> None:
    with KibanaStandIn() as kibana:
        load(kibana, "--index", "a-*")
        load(kibana, "--index", "b-*", "--space", "ops")
        load(kibana, "--index", "b-*")
        assert len(kibana.objects) == 3 * COUNT
        assert {space for space, _, _ in kibana.objects} == {"default", "ops"}


def test_kibana_may_stand_behind_a_path() -> None:
    with KibanaStandIn(base_path="/kibana") as kibana:
        assert len(load(kibana, "--space", "ops")) == COUNT


@pytest.mark.parametrize(
    ("header", "words", "environment"),
    [
        ("ApiKey a2V5", ["--api-key-env", "KEY"], {"KEY": "a2V5"}),
        ("Basic " + b64encode(b"ada:se:cret").decode(), ["--username", "ada"], {"KIBANA_PASSWORD": "se:cret"}),
    ],
)
def test_a_key_or_a_user_with_a_password_is_let_in(header: str, words: list[str], environment: dict[str, str]) -> None:
    with KibanaStandIn(authorization=header) as kibana:
        assert len(load(kibana, *words, **environment)) == COUNT
        error = complaint(kibana)
        assert isinstance(error, SettingsError)
        assert "--api-key-env" in error.remedy


def test_each_object_that_is_refused_says_why_and_the_command_fails() -> None:
    with KibanaStandIn() as kibana:
        kibana.refused["lens"] = {"type": "unsupported_type"}
        kibana.refused["search"] = {"type": "unknown", "message": "mapping set to strict", "statusCode": 400}
        result = run("import", "--url", kibana.url)
    assert result.exit_code == 1
    rows = [row.rstrip() for row in result.stdout.splitlines()[1:]]
    assert [row for row in rows if row.startswith("lens") and row.endswith("unsupported type")] == rows[5:15]
    assert [row.endswith("unknown: mapping set to strict") for row in rows[1:5]] == [True] * 4
    assert rows[0].endswith("created")


def test_an_object_whose_reference_is_missing_names_it() -> None:
    from deploy.kibana.client import Kibana, Login
    from deploy.kibana.dashboard import objects

    view, search, *_ = objects("shop-*")
    with KibanaStandIn() as kibana:
        (result,) = Kibana(kibana.url, Login()).load([search])
    assert (result.taken, result.outcome) == (False, f"missing references: index-pattern {view.id}")


@pytest.mark.parametrize("version", ["7.17.29", "8.8.2", "2.19.0"])
def test_a_kibana_that_is_too_old_gets_nothing(version: str) -> None:
    with KibanaStandIn(version) as kibana:
        error = complaint(kibana)
        assert (isinstance(error, SettingsError), version in error.problem, kibana.objects) == (True, True, {})


@pytest.mark.parametrize("version", ["8.9.0", "8.19.4", "9.2.4", "", "10.0.0"])
def test_every_later_kibana_and_one_that_hides_its_version_is_asked(version: str) -> None:
    with KibanaStandIn(version) as kibana:
        assert len(load(kibana)) == COUNT


@pytest.mark.parametrize(
    ("status", "body", "kind", "word"),
    [
        (400, b'{"message":"bad"}', SettingsError, "export"),
        (403, b'{"message":"Forbidden"}', SettingsError, "Saved Objects Management"),
        (404, b'{"message":"Not Found"}', SettingsError, "--space"),
        (413, b"<h1>too large</h1>", SettingsError, "limit"),
        (429, b'{"message":"later"}', TemporaryError, "again"),
        (503, b"Kibana server is not ready yet", TemporaryError, "again"),
        (200, b"<html>Please log in</html>", SettingsError, "Kibana's own address"),
        (200, b"[]", SettingsError, "Kibana's own address"),
        (500, b'{"message":"oops"}', FatalError, ""),
    ],
)
def test_every_refusal_says_what_to_do(status: int, body: bytes, kind: type[LogferryError], word: str) -> None:
    with KibanaStandIn() as kibana:
        kibana.always = (status, "application/json", body)
        error = complaint(kibana)
        assert (type(error), word in error.remedy, kibana.url in error.where) == (kind, True, True)


def test_an_address_where_nobody_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = run("import", "--url", f"http://127.0.0.1:{port}").exception
    assert isinstance(error, TemporaryError)
    assert str(port) in error.where


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--url", "localhost:5601"], "is no address"),
        (["--url", "http://x", "--api-key-env", "A", "--username", "b"], "two ways to log in"),
        (["--url", "http://x", "--api-key-env", "LOGFERRY_NO_SUCH_VARIABLE"], "is not set"),
        (["--url", "https://x", "--ca-file", "/nowhere.pem"], "certificate authorities"),
        (["--url", "http://127.0.0.1:9", "--sink", "nobody"], "Elasticsearch sink 'nobody'"),
    ],
)
def test_options_that_cannot_be_meant_are_told(words: list[str], said: str) -> None:
    error = run("import", *words).exception
    assert isinstance(error, SettingsError)
    assert said in error.problem
