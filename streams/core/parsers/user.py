"""Parsers of people's own: definitions in the settings become parsers like the built-in ones.

Sample: ``{type: grok, pattern: "%{IP:client.address} %{LOGLEVEL:level} %{GREEDYDATA:message}"}``. They are used by
lines whose source says so and never by themselves, and they refuse what is not of their format: such a line stays whole
as text. Their results are functions of the line and the settings, apart from the year of times that are written without
one. The parsed time becomes the attribute ``time``; the record's timestamp is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from schemas.errors import SettingsError
from schemas.settings.parsers import (
    BuiltInParser,
    CsvParser,
    GrokParser,
    KeyValueParser,
    ParserDefinition,
    ParserOptions,
    RegexParser,
    TsvParser,
)
from schemas.settings.parts import Key, Problem, ProblemsError, nearest
from streams.core.parsers import PARSERS
from streams.core.parsers.grok import check_patterns, grok_pattern
from streams.core.parsers.key_value import key_value_parser
from streams.core.parsers.parsed import Fields, Parser, decode
from streams.core.parsers.refine import (
    Clock,
    http_status,
    level_fields,
    level_of,
    number_of_levels,
    refining,
    value_of,
)
from streams.core.parsers.regex import Pattern, compile_pattern, searcher
from streams.core.parsers.separated import csv_parser, tsv_parser
from streams.core.parsers.user_examples import example_problems, how_far

Refine: TypeAlias = Callable[[Fields], Fields]
FormatDefinition: TypeAlias = CsvParser | TsvParser | KeyValueParser | BuiltInParser


def user_parser(name: str, definition: ParserDefinition, clock: Clock) -> Parser:
    """Build the parser of a definition. Raises SettingsError with the first mistake in it."""
    problem = next(iter(definition_problems(name, definition, clock)), None)
    if problem is not None:
        where = ".".join(("parsers", name, *map(str, problem.key)))
        raise SettingsError(problem.problem, where=where, remedy=problem.remedy)
    return _built(name, definition, clock)


def parser_problems(parsers: Mapping[str, ParserDefinition], clock: Clock) -> Iterator[Problem]:
    """All mistakes in the definitions of the settings; keys begin at the settings' root."""
    for name, definition in parsers.items():
        for problem in definition_problems(name, definition, clock):
            yield Problem(problem.problem, problem.remedy, ("parsers", name, *problem.key))


def definition_problems(name: str, definition: ParserDefinition, clock: Clock) -> Iterator[Problem]:
    """Mistakes in a definition: expressions, names of fields, times, and examples that do not come out as they say."""
    try:
        parser = _built(name, definition, clock)
    except ProblemsError as error:
        yield from error.problems
        return
    for problem in example_problems(parser, definition.examples):
        refused = problem.key[-1] == "line" and definition.examples[int(problem.key[1])].matches
        hint = _how_far(definition, definition.examples[int(problem.key[1])].line) if refused else ""
        yield Problem(problem.problem, hint or problem.remedy, problem.key)


def _built(name: str, definition: ParserDefinition, clock: Clock) -> Parser:
    match definition:
        case RegexParser():
            patterns = _compiled(definition.pattern, compile_pattern)
            return _expression_parser(name, definition, patterns, {}, clock)
        case GrokParser():
            return _grok_parser(name, definition, clock)
        case _:
            return _format_parser(name, definition, _format(definition), clock)


def _format(definition: FormatDefinition) -> Parser:
    """The parser of a built-in format, made anew where it has options."""
    match definition:
        case CsvParser(columns=columns) | TsvParser(columns=columns):
            if columns:
                _check_names(definition, columns)
            if definition.type == "csv":
                return csv_parser(columns, definition.delimiter)
            return tsv_parser(columns)
        case KeyValueParser(sign=sign):
            return key_value_parser(sign)
        case _:
            return PARSERS[definition.type]


# -- regular expressions and grok ----------------------------------------------------------------------------------


def _grok_parser(name: str, definition: GrokParser, clock: Clock) -> Parser:
    wrong = check_patterns(definition.patterns)
    if wrong:
        raise ProblemsError(_problem(error, ("patterns", pattern)) for pattern, error in wrong.items())
    types: dict[str, str] = {}

    def compile_grok(written: str) -> Pattern:
        grok = grok_pattern(written, definition.patterns)
        types.update(grok.types)
        return grok.pattern

    return _expression_parser(name, definition, _compiled(definition.pattern, compile_grok), types, clock)


def _compiled(expressions: Sequence[str], compile_one: Callable[[str], Pattern]) -> list[Pattern]:
    patterns, problems = [], []
    for index, written in enumerate(expressions):
        key: Key = ("pattern",) if len(expressions) == 1 else ("pattern", index)
        try:
            patterns.append(compile_one(written))
        except SettingsError as error:
            problems.append(_problem(error, key))
            continue
        if not patterns[-1].names:
            remedy = "name what shall become a field: (?P<user>\\w+), in grok %{WORD:user}"
            problems.append(Problem("the expression names nothing that it finds", remedy, key))
    if problems:
        raise ProblemsError(problems)
    return patterns


def _expression_parser(
    name: str, definition: RegexParser | GrokParser, patterns: Sequence[Pattern], types: Mapping[str, str], clock: Clock
) -> Parser:
    _check_names(definition, tuple(dict.fromkeys(each for pattern in patterns for each in pattern.names)))
    refine = _refining(name, definition, types, clock)
    names = tuple(pattern.names for pattern in patterns)
    levels = tuple(_groups(pattern, level_fields(definition)) for pattern in patterns)
    statuses = tuple(_groups(pattern, (definition.status,)) for pattern in patterns)
    number_of = number_of_levels(definition.severity)

    def severity(found: tuple[int, Any]) -> int:
        pattern, match = found
        for groups in levels[pattern]:
            number = number_of(_text(match, groups))
            if number:
                return number
        return 0

    def status(found: tuple[int, Any]) -> int:
        pattern, match = found
        return http_status(_text(match, statuses[pattern][0])) if statuses[pattern] and not severity(found) else 0

    def fields(content: bytes, found: tuple[int, Any]) -> Fields:
        pattern, match = found
        attributes: dict[str, Any] = {}
        for field, value in zip(names[pattern], match.groups(), strict=True):
            if value and field not in attributes:
                attributes[field] = value.decode(errors="backslashreplace")
        return refine(_whole_line(content, attributes))

    return Parser(searcher(patterns), severity, fields, status=None if definition.status is None else status)


def _groups(pattern: Pattern, fields: tuple[str | None, ...]) -> tuple[tuple[int, ...], ...]:
    """Numbers of the groups of each field that an expression has."""
    found = (tuple(n for n, name in enumerate(pattern.names, 1) if name == field) for field in fields)
    return tuple(groups for groups in found if groups)


def _text(match: Any, groups: tuple[int, ...]) -> str | None:
    for group in groups:
        value: bytes | None = match[group]
        if value:
            return value.decode(errors="backslashreplace")
    return None


def _whole_line(content: bytes, attributes: dict[str, Any]) -> Fields:
    body, flags = decode(content)
    return {
        "severity_text": None,
        "body": body,
        "original": None,
        "attributes": attributes,
        "trace_id": None,
        "span_id": None,
        "parser": "",
        "flags": flags,
    }


# -- formats with options ------------------------------------------------------------------------------------------


def _format_parser(name: str, definition: FormatDefinition, base: Parser, clock: Clock) -> Parser:
    """A format's parser with options."""
    refine = _refining(name, definition, {}, clock)
    levels = level_fields(definition)
    if not levels and definition.status is None:
        fields = base.fields
        return Parser(
            base.read, base.severity, lambda content, found: refine(fields(content, found)), status=base.status
        )
    number_of = number_of_levels(definition.severity)

    def read(content: bytes) -> tuple[int, int, Fields] | None:
        """The level is looked for among the fields, so that these are made at once, also of lines that are dropped."""
        found = base.read(content)
        if found is None:
            return None
        number, status = base.severity(found), 0 if base.status is None else base.status(found)
        event = base.fields(content, found)
        own = level_of(event["attributes"], levels, number_of)[0]
        number = own or (number_of(event["severity_text"]) if number and levels else 0) or number
        if definition.status is not None:
            status = http_status(value_of(event["attributes"], definition.status))
        return number, 0 if number else status, event

    return Parser(read, _first, lambda _content, found: refine(found[2]), status=_second)


def _first(found: tuple[int, int, Fields]) -> int:
    return found[0]


def _second(found: tuple[int, int, Fields]) -> int:
    return found[1]


# -- mistakes ------------------------------------------------------------------------------------------------------


def _refining(name: str, definition: ParserOptions, types: Mapping[str, str], clock: Clock) -> Refine:
    try:
        return refining(definition, types, name, clock)
    except SettingsError as error:
        zone = "zone" in error.problem
        raise ProblemsError((_problem(error, ("time", "timezone" if zone else "format")),)) from None


def _problem(error: SettingsError, key: Key) -> Problem:
    return Problem(error.problem, error.remedy, key)


def _check_names(definition: ParserOptions, names: Sequence[str]) -> None:
    """Refuse options about fields that the parser never finds."""
    used: list[tuple[Key, str | None]] = [(("fields", each), each) for each in definition.fields]
    used += [((each,), getattr(definition, each)) for each in ("message", "trace_id", "span_id", "status")]
    if definition.time is not None:
        used.append((("time", "field"), definition.time.field))
    if definition.severity is not None:
        used.append((("severity", "field"), definition.severity.field))
    problems = []
    for key, field in used:
        if field is not None and field not in names:
            meant = nearest(field, names)
            remedy = f"did you mean {meant}?" if meant else f"it finds {', '.join(names)}"
            problems.append(Problem(f"the parser finds no field {field}", remedy, key))
    if problems:
        raise ProblemsError(problems)


def _how_far(definition: ParserDefinition, line: str) -> str:
    match definition:
        case RegexParser():
            begun = [how_far(each, line, compile_pattern) for each in definition.pattern]
        case GrokParser():
            begun = [
                how_far(each, line, lambda text: grok_pattern(text, definition.patterns).pattern)
                for each in definition.pattern
            ]
        case _:
            return ""
    return f"it fits up to {begun[0]}" if len(begun) == 1 and begun[0] else ""
