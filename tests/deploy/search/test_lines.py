"""A document is one readable line, and nothing in it can steer the terminal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.search.lines import document_line, safe, show_time

DOCUMENT: dict[str, Any] = {
    "@timestamp": "2026-11-21T03:04:10.377123456Z",
    "severity": "ERROR",
    "message": "request failed",
    "log": "{}",
    "tag": "kube.dev.numbers-api.numbers-api",
    "kubernetes": {"namespace_name": "dev", "pod_name": "numbers-api", "container_name": "server"},
    "attributes": {"error": "Traceback\n  line 1", "path": "/random", "ts": "2026", "status": 500},
}


def test_time_severity_origin_message_and_attributes_make_a_line() -> None:
    assert document_line(DOCUMENT).plain == (
        "2026-11-21T03:04:10.377Z ERROR dev/numbers-api/server  request failed  path=/random  status=500\n"
        "    Traceback\n      line 1"
    )


def test_what_is_missing_is_left_out() -> None:
    assert document_line({"log": "plain", "tag": "host.syslog"}).plain == " -     host.syslog  plain"
    assert document_line({}).plain == " -       "


@pytest.mark.parametrize("wrong", [{"kubernetes": "x"}, {"attributes": [1]}, {"message": 7}, {"severity": None}])
def test_documents_of_others_do_not_break_it(wrong: dict[str, Any]) -> None:
    assert document_line({**DOCUMENT, **wrong}).plain


@pytest.mark.parametrize(
    ("timestamp", "shown"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500Z"),
        ("1700000000", "1700000000"),
    ],
)
def test_times_are_shown_to_the_millisecond(timestamp: str, shown: str) -> None:
    assert show_time(timestamp) == shown


def test_control_characters_are_shown_not_sent() -> None:
    assert safe("a\x1b[2Jb\rc\x9bd\u202ee\r\nf\tg") == "a\\x1b[2Jb\\x0dc\\x9bd\\x202ee\nf\tg"


@given(st.text())
def test_nothing_that_steers_a_terminal_gets_through(text: str) -> None:
    assert not [each for each in safe(text) if (ord(each) < 32 and each not in "\n\t") or 127 <= ord(each) < 160]
