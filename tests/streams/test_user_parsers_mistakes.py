"""Mistakes in parsers of people's own are told early, with their place and what to do about them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.errors import SettingsError
from schemas.settings import InvalidSettingsError, parse_settings
from streams.core.parsers.user import parser_problems
from tests.streams.user_parsers import NOW, parser


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
