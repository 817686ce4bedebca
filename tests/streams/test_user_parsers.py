"""Parsers of people's own do what their settings say, and promise what every parser promises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.severity import SEVERITIES
from streams.core.framing.attributes import json_text
from tests.streams.user_parsers import parser


def fields(text: str, line: str | bytes) -> dict[str, Any] | None:
    """What comes out of a line; what is empty, and the parser's name, left out."""
    content = line if isinstance(line, bytes) else line.encode()
    mine = parser(text)
    found = mine.read(content)
    if found is None:
        return None
    number = mine.severity(found)
    event = {**mine.fields(content, found), "severity": SEVERITIES[number - 1] if number else None}
    assert event.pop("parser") == "mine"
    return {name: value for name, value in event.items() if value not in (None, (), {})}


LOG4J = r"{type: regex, pattern: '^(?P<at>\S+ \S+) +(?P<level>\w+) \[(?P<thread.name>[^\]]*)\] (?P<message>.*)$'"


def test_named_groups_become_attributes_level_and_body() -> None:
    line = "2026-11-21 01:02:03,5 WARN [main] cannot open\n\tat a.b(C.java:1)"
    assert fields(LOG4J + "}", line) == {
        "severity": "warn",
        "severity_text": "WARN",
        "body": "cannot open\n\tat a.b(C.java:1)",
        "original": line,
        "attributes": {"at": "2026-11-21 01:02:03,5", "thread.name": "main"},
    }


def test_a_line_that_does_not_match_is_refused() -> None:
    assert fields(LOG4J + "}", "something else") is None


def test_a_time_becomes_an_attribute_in_utc() -> None:
    text = LOG4J + ", time: {field: at, format: java, timezone: Europe/Berlin}}"
    found = fields(text, "2026-11-21 01:02:03,5 INFO [] x")
    assert found is not None
    assert found["attributes"] == {"time": "2026-11-21T00:02:03.5Z"}


def test_a_time_that_cannot_be_read_stays_as_it_is() -> None:
    found = fields(LOG4J + ", time: {field: at, format: java}}", "2026-99-21 01:02:03 INFO [] x")
    assert found is not None
    assert found["attributes"] == {"at": "2026-99-21 01:02:03"}


def test_the_field_of_the_time_can_be_kept() -> None:
    found = fields(LOG4J + ", time: {field: at, format: java, keep: true}}", "2026-11-21 01:02:03 INFO [] x")
    assert found is not None
    assert found["attributes"] == {"at": "2026-11-21 01:02:03", "time": "2026-11-21T01:02:03Z"}


def test_a_time_without_a_year_is_of_the_year_that_the_clock_says() -> None:
    text = "{type: grok, pattern: '%{SYSLOGTIMESTAMP:at}', time: {field: at, format: syslog}}"
    found = [fields(text, line) for line in ("Nov 20 01:02:03", "Jan  1 01:02:03")]
    assert [each and each["attributes"]["time"] for each in found] == ["2026-11-20T01:02:03Z", "2027-01-01T01:02:03Z"]


def test_words_of_ones_own_have_the_severity_that_is_said() -> None:
    text = r"{type: regex, pattern: '^(?P<p>\w+)$', severity: {field: p, map: {Oops: error, oops: warn, 3: fatal}}}"
    assert [(fields(text, line) or {}).get("severity") for line in ("Oops", "OOPS", "3", "info", "zzz")] == [
        "error",
        "warn",
        "fatal",
        "info",
        None,
    ]
    assert fields(text, "zzz") == {"body": "zzz", "attributes": {"p": "zzz"}}


def test_severity_may_follow_from_a_status() -> None:
    mine = parser("{type: grok, pattern: '^%{INT:code} ?(?:%{WORD:level})?', status: code}")
    assert mine.status is not None
    found = [mine.read(line) for line in (b"503", b"503 warn", b"7", b"99999")]
    assert [(mine.severity(each), mine.status(each)) for each in found] == [(0, 503), (13, 0), (0, 0), (0, 0)]


def test_trace_ids_are_taken_when_they_are_such() -> None:
    text = r"{type: regex, pattern: '(?P<trace>\w+) (?P<span_id>\w+)', trace_id: trace}"
    assert fields(text, f"{'4b' * 16} {'0a' * 8}") == {
        "body": f"{'4b' * 16} {'0a' * 8}",
        "trace_id": "4b" * 16,
        "span_id": "0a" * 8,
    }
    assert fields(text, "x y") == {"body": "x y", "attributes": {"trace": "x", "span_id": "y"}}


def test_of_several_expressions_the_first_that_matches_counts() -> None:
    text = r"{type: regex, pattern: ['^a (?P<x>\d+)', '^(?P<level>\w+) (?P<y>.+)']}"
    found = [fields(text, line) for line in ("a 1", "warn b", "?")]
    assert [each and each.get("attributes") for each in found] == [{"x": "1"}, {"y": "b"}, None]


def test_of_groups_with_the_same_name_the_first_that_took_part_counts() -> None:
    text = r"{type: regex, pattern: '^(?P<a>\d)?(?P<a>\w)(?P<level> info)?(?P<level> warn)?'}"
    assert fields(text, "1x info warn") == {
        "severity": "info",
        "severity_text": " info",
        "body": "1x info warn",
        "attributes": {"a": "1"},
    }
    assert fields(text, "x") == {"body": "x", "attributes": {"a": "x"}}


def test_grok_gives_types_and_fields_may_change_them() -> None:
    text = "{type: grok, pattern: '%{INT:a:int} %{INT:b:int} %{SIZE:c}', patterns: {SIZE: '[0-9]+k'}"
    text += ", fields: {b: string, c: bytes}}"
    found = fields(text, "1 2 3k")
    assert found is not None
    assert found["attributes"] == {"a": 1, "b": "2", "c": 3000}


def test_bytes_that_are_not_utf_8_do_not_keep_a_line_from_matching() -> None:
    assert fields(r"{type: regex, pattern: '^user=(?P<user>.+) ok$'}", b"user=J\xf6rg ok") == {
        "body": "user=J\\xf6rg ok",
        "attributes": {"user": "J\\xf6rg"},
        "flags": ("invalid_utf8",),
    }


def test_json_may_have_its_fields_typed_and_its_level_elsewhere() -> None:
    text = "{type: json, fields: {http.status: int, took: duration}, severity: {field: prio, map: {high: error}}"
    text += ", time: {field: at, format: unix_ms}}"
    line = '{"at":1795222923500,"prio":"high","msg":"x","http":{"status":"200"},"took":"3ms"}'
    assert fields(text, line) == {
        "severity": "error",
        "severity_text": "high",
        "body": "x",
        "original": line,
        "attributes": {"http": {"status": 200}, "took": 0.003, "time": "2026-11-21T01:02:03.5Z"},
    }


def test_a_level_that_a_format_knows_itself_can_be_mapped() -> None:
    text = "{type: json, severity: {field: level, map: {notice: error}}}"
    levels = [(fields(text, f'{{"level":"{word}","msg":"x"}}') or {}).get("severity") for word in ("notice", "info")]
    assert levels == ["error", "info"]


def test_a_body_that_a_format_found_is_not_lost_when_another_is_chosen() -> None:
    line = '{"msg":"x","detail":"y"}'
    assert fields("{type: json, message: detail}", line) == {
        "body": "y",
        "original": line,
        "attributes": {"message": "x"},
    }


def test_a_format_keeps_its_level_and_message_without_options() -> None:
    line = '{"level":"warn","msg":"x","n":"1"}'
    assert fields("{type: json, fields: {n: int}}", line) == {
        "severity": "warn",
        "severity_text": "warn",
        "body": "x",
        "original": line,
        "attributes": {"n": 1},
    }


def test_rows_of_a_table_have_the_names_of_their_columns() -> None:
    text = "{type: csv, columns: [at, level, n, message], delimiter: ';', fields: {n: int}"
    text += ", time: {field: at, format: iso8601}}"
    line = '2026-11-21;WARN;7;"a;b"'
    assert fields(text, line) == {
        "severity": "warn",
        "severity_text": "WARN",
        "body": "a;b",
        "original": line,
        "attributes": {"n": 7, "time": "2026-11-21T00:00:00Z"},
    }
    assert fields("{type: key_value, sign: ':', fields: {n: int}}", "x n:7") == {
        "body": "x n:7",
        "attributes": {"n": 7},
    }
    assert fields("{type: tsv, columns: [a, b]}", "1\t2") == {"body": "1\t2", "attributes": {"a": "1", "b": "2"}}


ANY = [
    r"{type: regex, pattern: '(?P<level>\w+)?(?P<message>.*)', fields: {level: int}}",
    r"{type: regex, pattern: '(?P<a>\C)', severity: {field: a}, time: {field: a, format: unix}}",
    "{type: grok, pattern: '%{DATA:a}%{INT:b:int}?%{GREEDYDATA:c:json}', status: b, message: c}",
    "{type: grok, pattern: '%{NOTSPACE:trace_id}', trace_id: trace_id}",
    "{type: json, severity: {field: msg}, message: level, fields: {a: string}, status: a, trace_id: a}",
    "{type: text, fields: {a: int}}",
    "{type: csv, columns: [level, message], fields: {level: duration}}",
]
LINES = [b'{"msg":"error","level":"x","a":200}', b'{"level":"warn","msg":"warn"}', b"error,x", b"\xff,\xfe", b"info 7"]


@pytest.mark.parametrize("text", ANY)
@given(line=st.binary(max_size=60) | st.sampled_from(LINES) | st.text(max_size=60).map(str.encode))
def test_any_bytes_give_what_every_parser_promises(text: str, line: bytes) -> None:
    mine = parser(text)
    found = mine.read(line)
    if found is None:
        return
    number = mine.severity(found)
    status = 0 if mine.status is None else mine.status(found)
    event = mine.fields(line, found)
    kept = event["body"] if event["original"] is None else event["original"]
    assert kept == line.decode(errors="backslashreplace")
    assert (number == 0) == (event["severity_text"] is None)
    assert status == 0 or number == 0
    assert 0 <= number <= 24
    assert ("invalid_utf8" in event["flags"]) == (kept.encode() != line)
    assert "\n" not in json_text(event["attributes"])
