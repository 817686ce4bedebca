"""What Elasticsearch complains of is told in a person's words."""

from __future__ import annotations

import socket

import pytest

from deploy.search.index import _reason, open_index
from deploy.search.query import Wanted
from schemas.errors import SettingsError, TemporaryError
from schemas.settings import parse_settings

SINK = "sinks: {search: {type: elasticsearch, topics: [logs.app]}}"


def _failed(cause: dict[str, object]) -> dict[str, object]:
    return {"error": {"type": "search_phase_execution_exception", "reason": "x", "failed_shards": [{"reason": cause}]}}


def test_of_a_parse_error_what_was_expected_is_left_out() -> None:
    inner = {"reason": 'Encountered "<EOF>" at line 1, column 7.\nWas expecting one of:\n <NOT> ...'}
    outer = {"reason": f"Cannot parse 'a AND (': {inner['reason']}", "caused_by": inner}
    body = _failed({"reason": "Failed to parse query [a AND (]", "caused_by": outer})
    assert _reason(body) == "Cannot parse 'a AND (': Encountered \"<EOF>\" at line 1, column 7."


@pytest.mark.parametrize(
    "body", [None, "", "text", {}, {"error": "plain"}, {"error": {"failed_shards": []}}, _failed({})]
)
def test_any_answer_gives_some_reason(body: object) -> None:
    assert isinstance(_reason(body), str)


def test_without_a_server_it_says_what_to_do() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        index = open_index(parse_settings("", "x", {}), None, address, None)
        with pytest.raises(TemporaryError, match="does not answer") as caught:
            index.newest(Wanted("*"), 1)
    assert caught.value.where == f"http://{address}"
    assert "logferry up" in caught.value.remedy


def test_without_a_sink_it_says_what_to_name() -> None:
    with pytest.raises(SettingsError, match="no sink of type elasticsearch"):
        open_index(parse_settings("", "x", {}), None, None, None)
    with pytest.raises(SettingsError, match="no Elasticsearch sink 'serch'") as caught:
        open_index(parse_settings(SINK, "x", {}), "serch", None, None)
    assert caught.value.remedy == "choose one of: search"
