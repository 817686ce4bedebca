"""Parsers and parse rules in the settings: what is understood, and what mistakes are told."""

from __future__ import annotations

import pytest

from schemas.settings import InvalidSettingsError, Settings, parse_settings
from schemas.settings.parsers import BUILT_IN, CHOICES, CsvParser, GrokParser, RegexParser
from streams.core.parsers import PARSERS


def settings(text: str) -> Settings:
    return parse_settings(text, "logferry.yaml", {})


def test_the_names_of_built_in_formats_are_those_that_streams_have() -> None:
    assert set(BUILT_IN) == set(PARSERS)


def test_by_default_formats_are_recognised() -> None:
    assert (Settings().parsers, Settings().parse) == ({}, ())


def test_an_expression_may_be_one_or_several() -> None:
    found = settings("parsers: {a: {type: regex, pattern: x}, b: {type: grok, pattern: [x, y]}}").parsers
    assert isinstance(found["a"], RegexParser)
    assert isinstance(found["b"], GrokParser)
    assert (found["a"].pattern, found["b"].pattern) == (("x",), ("x", "y"))


def test_levels_may_be_spelt_as_programs_do() -> None:
    found = settings("parsers: {a: {type: json, severity: {field: p, map: {'3': WARNING}}}}").parsers["a"]
    assert found.severity is not None
    assert found.severity.map == {"3": "warn"}


def test_a_table_has_columns_and_perhaps_a_delimiter() -> None:
    found = settings("parsers: {a: {type: csv, columns: [x, y], delimiter: ';'}}").parsers["a"]
    assert isinstance(found, CsvParser)
    assert (found.columns, found.delimiter) == (("x", "y"), ";")


def test_rules_name_parsers_of_ones_own_built_in_ones_and_recognition() -> None:
    text = "parsers: {mine: {type: regex, pattern: x}}\nparse:\n"
    for name in ("mine", *CHOICES):
        text += f"  - {{match: 'kube.{name}.**', parser: {name}}}\n"
    assert [rule.parser for rule in settings(text).parse] == ["mine", *CHOICES]


def test_a_parser_may_come_from_the_environment() -> None:
    environ = {
        "LOGFERRY_PARSERS__SHOP__TYPE": "regex",
        "LOGFERRY_PARSERS__SHOP__PATTERN": "^(?P<a>x), y",
        "LOGFERRY_PARSE": '[{match: "**", parser: shop}]',
    }
    found = parse_settings("", "logferry.yaml", environ)
    assert isinstance(found.parsers["shop"], RegexParser)
    assert found.parsers["shop"].pattern == ("^(?P<a>x), y",)
    assert found.parse[0].parser == "shop"


PARSER = "parsers:\n  mine:\n    "
MISTAKES = [
    (PARSER + "type: regx\n    pattern: x", 3, "parsers.mine.type", "there is no type regx", "did you mean regex?"),
    (PARSER + "pattern: x", 2, "parsers.mine.type", "is missing", "regex"),
    (PARSER + "type: regex", 2, "parsers.mine.pattern", "is missing", ""),
    (PARSER + "type: regex\n    pattern: []", 4, "parsers.mine.pattern", "must not be empty", ""),
    (
        PARSER + "type: csv\n    columns: a",
        4,
        "parsers.mine.columns",
        "expected a list such as [time, level, message]",
        "",
    ),
    (PARSER + "type: tsv\n    delimiter: x", 4, "parsers.mine.delimiter", "unknown key", "columns"),
    (PARSER + "type: key_value\n    sign: ''", 4, "parsers.mine.sign", "not written as expected", "for example :"),
    (PARSER + "type: csv\n    columns: [a, a]", 4, "parsers.mine.columns", "two columns have the name a", "different"),
    (PARSER + "type: csv\n    columns: [a]\n    delimiter: ', '", 5, "parsers.mine.delimiter", "", ""),
    (PARSER + "type: json\n    pattern: x", 4, "parsers.mine.pattern", "unknown key", ""),
    (PARSER + "type: json\n    fields: {a: integer}", 4, "parsers.mine.fields.a", "not one of", "did you mean int?"),
    (PARSER + "type: json\n    time: {field: a}", 4, "parsers.mine.time.format", "is missing", ""),
    (PARSER + "type: json\n    severity: {field: a, map: {x: loud}}", 4, "parsers.mine.severity.map.x", "loud", "warn"),
    (PARSER + "type: json\n    examples: [{lime: a}]", 4, "parsers.mine.examples[0].lime", "unknown key", "line?"),
    ("parsers:\n  json: {type: regex, pattern: x}", 2, "parsers.json", "json is built in", "my-json"),
    ("parsers:\n  auto: {type: regex, pattern: x}", 2, "parsers.auto", "auto is built in", "my-auto"),
    ("parsers: {a b: {type: regex, pattern: x}}", 1, "parsers.a b", "is not written as", "letters"),
    ("parse:\n  - {match: '**', parser: jsom}", 2, "parse[0].parser", "no parser jsom", "did you mean json?"),
    ("parse:\n  - {match: '**', parser: zzzzzz}", 2, "parse[0].parser", "no parser zzzzzz", "auto"),
    ("parse:\n  - {match: 'a.{', parser: json}", 2, "parse[0].match", "never closed", "{a,b}"),
    ("parse:\n  - {match: '**'}", 2, "parse[0].parser", "is missing", "json"),
]


@pytest.mark.parametrize(("text", "line", "key", "problem", "remedy"), MISTAKES)
def test_a_mistake_names_its_line_its_key_and_what_was_meant(
    text: str, line: int, key: str, problem: str, remedy: str
) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        settings(text)
    first = next(found for found in caught.value.findings if found.key == key)
    assert first.line == line
    assert problem in first.problem
    assert remedy in first.remedy


def test_rules_are_not_judged_while_a_parser_is_wrong() -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        settings("parsers: {mine: {type: regx}}\nparse: [{match: '**', parser: mine}]")
    assert [found.key for found in caught.value.findings] == ["parsers.mine.type"]
