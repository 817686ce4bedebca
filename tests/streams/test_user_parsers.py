"""Parsers of people's own do what their settings say, promise what every parser promises, and tell mistakes early."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas.errors import SettingsError
from schemas.settings import InvalidSettingsError, parse_settings
from schemas.settings.parsers import ParserDefinition
from schemas.severity import SEVERITIES
from streams.core.framing.attributes import json_text
from streams.core.parsers.parsed import Parser
from streams.core.parsers.typed import CONVERT
from streams.core.parsers.user import parser_problems, user_parser

ADAPTER: TypeAdapter[Any] = TypeAdapter(ParserDefinition)
NOW = 1_795_222_923 * 1_000_000_000
"""2026-11-21T01:02:03Z"""


def parser(text: str) -> Parser:
    return user_parser("mine", ADAPTER.validate_python(yaml.safe_load(text)), lambda: NOW)


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


TYPES = [
    ("int", "+7", 7),
    ("int", " 0x1F ", 31),
    ("int", "9223372036854775807", 9223372036854775807),
    ("int", "9223372036854775808", "9223372036854775808"),
    ("int", "1_000", "1_000"),
    ("int", "\u0667", "\u0667"),
    ("int", "-", "-"),
    ("int", 3.0, 3),
    ("float", "1e3", 1000.0),
    ("float", "nan", "nan"),
    ("float", "1e999", "1e999"),
    ("float", 3, 3.0),
    ("bool", "Yes", True),
    ("bool", "0", False),
    ("bool", 1, True),
    ("bool", "perhaps", "perhaps"),
    ("json", '{"a":[1]}', {"a": [1]}),
    ("json", "{a}", "{a}"),
    ("string", 7, "7"),
    ("string", {"a": None}, '{"a":null}'),
    # Go's documentation of time.ParseDuration
    ("duration", "1h15m30.918273645s", 4530.918273645),
    ("duration", "-1.5h", -5400.0),
    ("duration", "1us", 0.000001),
    ("duration", "1\u00b5s", 0.000001),
    ("duration", "1\u03bcs", 0.000001),
    ("duration", "300ms", 0.3),
    # ISO 8601, 4.4.3.2
    ("duration", "P1DT12H", 129600.0),
    ("duration", "PT1M30.5S", 90.5),
    ("duration", "0.005", 0.005),
    ("duration", "1:02:03.5", 3723.5),
    ("duration", "02:03", 123.0),
    ("duration", "3 days, 2 hours", 266400.0),
    ("duration", 5, 5.0),
    ("duration", "P", "P"),
    ("duration", "3 parsecs", "3 parsecs"),
    ("duration", "", ""),
    ("bytes", "512", 512),
    ("bytes", "1.5 KiB", 1536),
    ("bytes", "2kB", 2000),
    ("bytes", "10M", 10_000_000),
    ("bytes", "1 byte", 1),
    ("bytes", "1 zb", "1 zb"),
    ("bytes", "9999999E", "9999999E"),
    # RFC 5952, 4
    ("ip", "2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
    ("ip", "[::1]", "::1"),
    ("ip", "192.0.2.1", "192.0.2.1"),
    ("ip", "192.0.2.256", "192.0.2.256"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), TYPES)
def test_a_value_is_of_its_type_or_stays_what_it_is(kind: str, value: object, expected: object) -> None:
    found = CONVERT[kind](value)
    assert (type(found), found) == (type(expected), expected)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", CONVERT)
@given(value=values | st.text("0123456789.:-+ePTHMSxkKiB", max_size=30))
@example(value="9" * 40)
@example(value="P" + "9" * 70 + "W")
@example(value="1e999")
def test_any_value_can_be_converted_and_written(kind: str, value: object) -> None:
    found = CONVERT[kind](value)
    assert isinstance(orjson.loads(json_text({"x": found})), dict)
    assert type(found) is not int or value is found or -(1 << 63) <= found < 1 << 63


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


def problems(text: str) -> list[tuple[str, str, str]]:
    """Key, problem and remedy of every mistake in a settings file, as a person meets them."""
    try:
        parse_settings(text, "l.yaml", {}, [lambda found: parser_problems(found.parsers, lambda: NOW)])
    except InvalidSettingsError as error:
        return [(f"{found.line} {found.key}", found.problem, found.remedy) for found in error.findings]
    return []


def one_parser(definition: str) -> str:
    return f"parsers:\n  mine:\n    {definition}\n"


MISTAKES = [
    ("type: regex\n    pattern: 'a(?P<b>'", "4 parsers.mine.pattern", "wrong at character 2: missing )", "RE2"),
    ("type: regex\n    pattern: 'abc'", "4 parsers.mine.pattern", "names nothing", "(?P<user>"),
    ("type: regex\n    pattern: '(?P<a b>x)'", "4 parsers.mine.pattern", "'a b' at character 1", "letters"),
    ("type: grok\n    pattern: '%{IPP:a}'", "4 parsers.mine.pattern", "no pattern IPP", "IP?"),
    ("type: grok\n    pattern: '%{IP}'", "4 parsers.mine.pattern", "names nothing", "%{WORD:user}"),
    (
        "type: grok\n    pattern: ['%{IP:a}', '%{A']",
        "4 parsers.mine.pattern[1]",
        "no reference",
        "%{NAME}",
    ),
    (
        "type: grok\n    pattern: '%{IP:a}'\n    patterns: {A: '%{A}'}",
        "5 parsers.mine.patterns.A",
        "part of itself",
        "write",
    ),
    (
        "type: regex\n    pattern: '(?P<user>x)'\n    fields: {usr: int}",
        "5 parsers.mine.fields.usr",
        "finds no field usr",
        "did you mean user?",
    ),
    (
        "type: csv\n    columns: [a, b]\n    severity: {field: zzz}",
        "5 parsers.mine.severity.field",
        "finds no field zzz",
        "it finds a, b",
    ),
    ("type: json\n    time: {field: a, format: iso}", "4 parsers.mine.time.format", "is no format", "iso8601"),
    (
        "type: json\n    time: {field: a, format: unix, timezone: CST}",
        "4 parsers.mine.time.timezone",
        "abbreviation",
        "Europe/Berlin",
    ),
    (
        "type: grok\n    pattern: '^%{IP:a} %{WORD:b} x'\n    examples: [{line: '::1 ?'}]",
        "5 parsers.mine.examples[0].line",
        "does not take this line",
        "it fits up to ^%{IP:a} ",
    ),
    (
        "type: grok\n    pattern: '%{INT:a}'\n    examples: [{line: '7', fields: {a: 7}}]",
        "5 parsers.mine.examples[0].fields.a",
        'a is "7", not 7',
        'what comes out is {"a":"7"}',
    ),
    (
        "type: grok\n    pattern: '%{INT:a}'\n    examples:\n      - {line: '7'}\n      - {line: '7', fields: {b: x}}",
        "7 parsers.mine.examples[1].fields.b",
        'b is null, not "x"',
        '{"a":"7"}',
    ),
    (
        "type: grok\n    pattern: '%{INT:a}'\n    examples: [{line: '7', matches: false}]",
        "5 parsers.mine.examples[0].line",
        "takes this line",
        '{"a":"7"}',
    ),
    (
        "type: grok\n    pattern: '%{WORD:level} %{WORD:message}'\n    examples: [{line: 'warn a', severity: info}]",
        "5 parsers.mine.examples[0].severity",
        "the severity is warn, not info",
        '"(message)":"a"',
    ),
    (
        "type: grok\n    pattern: '%{WORD:level} %{WORD:message}'\n    examples: [{line: 'warn a', message: b}]",
        "5 parsers.mine.examples[0].message",
        'the message is "a"',
        "what comes out",
    ),
]


@pytest.mark.parametrize(("definition", "key", "problem", "remedy"), MISTAKES)
def test_a_mistake_is_told_with_its_line_before_any_line_is_read(
    definition: str, key: str, problem: str, remedy: str
) -> None:
    ((found_key, found_problem, found_remedy),) = problems(one_parser(definition))
    assert found_key == key
    assert problem in found_problem
    assert remedy in found_remedy


def test_examples_that_come_out_as_they_say_are_no_mistake() -> None:
    definition = """type: grok
    pattern: '%{TIMESTAMP_ISO8601:at} %{LOGLEVEL:level} %{INT:n:int} %{GREEDYDATA:message}'
    time: {field: at, format: iso8601}
    examples:
      - line: 2026-11-21T01:02:03.500+01:00 ERROR 7 oh no
        fields: {n: 7, time: 2026-11-21T00:02:03.5Z, at: null}
        message: oh no
        severity: err
      - {line: something else, matches: false}"""
    assert problems(one_parser(definition)) == []


def test_parsers_that_the_documentation_shows_do_what_their_examples_say() -> None:
    page = (Path(__file__).parents[2] / "docs/parsers.md").read_text()
    shown = re.findall(r"^```yaml[^\n]*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert any("examples:" in text for text in shown)
    assert [problems(text) for text in shown] == [[] for _ in shown]


def test_mistakes_of_all_parsers_are_told_together() -> None:
    text = "parsers:\n  a: {type: regex, pattern: '('}\n  b: {type: regex, pattern: 'x'}\n"
    assert [key for key, _, _ in problems(text)] == ["2 parsers.a.pattern", "3 parsers.b.pattern"]


def test_building_a_parser_with_a_mistake_says_where_it_is() -> None:
    with pytest.raises(SettingsError) as caught:
        parser("{type: regex, pattern: '('}")
    assert caught.value.where == "parsers.mine.pattern"
