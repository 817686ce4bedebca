"""Examples of a parser of one's own: a line, and whether what comes out of it is what was meant.

They are tried whenever the settings are read, so that a parser that does not do what its author meant never sees a
line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from schemas.errors import SettingsError
from schemas.settings.parsers import ParserExample
from schemas.settings.parts import Problem
from schemas.severity import SEVERITIES
from streams.core.framing.attributes import json_text
from streams.core.parsers.parsed import Fields, Parser
from streams.core.parsers.refine import value_of
from streams.core.parsers.regex import Pattern

SHOWN_MAX: Final = 300
"""So many characters of what came out are shown."""


def example_problems(parser: Parser, examples: Sequence[ParserExample]) -> Iterator[Problem]:
    """What is wrong with each example; keys are those within the parser's settings."""
    for index, example in enumerate(examples):
        for problem in _problems(parser, example):
            yield Problem(problem.problem, problem.remedy, ("examples", index, *problem.key))


def _problems(parser: Parser, example: ParserExample) -> Iterator[Problem]:
    content = example.line.encode(errors="surrogatepass")
    found = parser.read(content)
    if found is None:
        if example.matches:
            yield Problem("the parser does not take this line", "change the parser or the line", ("line",))
        return
    number = parser.severity(found)
    event = parser.fields(content, found)
    came_out = _came_out(event, number)
    if not example.matches:
        yield Problem("the parser takes this line", f"what comes out is {came_out}", ("line",))
        return
    for problem in _differences(event, number, example):
        yield Problem(problem.problem, f"what comes out is {came_out}", problem.key)


def _differences(event: Fields, number: int, example: ParserExample) -> Iterator[Problem]:
    for name, expected in example.fields.items():
        actual, meant = json_text(value_of(event["attributes"], name)), json_text(_plain(expected))
        if actual != meant:
            yield Problem(f"{name} is {_shown(actual)}, not {_shown(meant)}", "", ("fields", name))
    if example.message is not None and event["body"] != example.message:
        yield Problem(f"the message is {_shown(json_text(event['body']))}", "", ("message",))
    severity = SEVERITIES[number - 1] if number else None
    if example.severity is not None and severity != example.severity:
        yield Problem(f"the severity is {severity or 'unknown'}, not {example.severity}", "", ("severity",))


def _came_out(event: Fields, number: int) -> str:
    shown = dict(event["attributes"])
    if number:
        shown["(severity)"] = SEVERITIES[number - 1]
    if event["original"] is not None:
        shown["(message)"] = event["body"]
    return _shown(json_text(shown))


def _plain(expected: Any) -> Any:
    """A value as an attribute has it: YAML reads a time without quotes as one."""
    if isinstance(expected, datetime):
        text = expected.astimezone(UTC).isoformat().removesuffix("+00:00") if expected.tzinfo else expected.isoformat()
        return (text.rstrip("0") if "." in text else text) + "Z"
    return expected


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def how_far(written: str, line: str, compile_it: Callable[[str], Pattern]) -> str:
    """The longest beginning of an expression that matches a line; empty where none does."""
    content = line.encode(errors="surrogatepass")
    for end in range(len(written) - 1, 0, -1):
        try:
            pattern = compile_it(written[:end])
        except SettingsError:
            continue
        match = pattern.search(content)
        if match is not None and match.end() > 0:
            return written[:end]
    return ""
