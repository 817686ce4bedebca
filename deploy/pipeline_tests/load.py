"""Reading files of pipeline tests: texts in; tests with their settings out, or every mistake with its line."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from deploy.pipeline_tests.file import PipelineTest, PipelineTestFile
from deploy.pipeline_tests.lines import LineSource
from deploy.pipeline_tests.tools import ToolBox
from deploy.pipeline_tests.written import source_problems
from schemas.errors import SettingsError
from schemas.settings import Finding, Settings, parse_settings
from schemas.settings.explain import Origin, explain
from schemas.settings.live import check_rule
from schemas.settings.parts import Key, Problem
from schemas.settings.source import read_source
from streams.core.parsers.user import parser_problems
from streams.core.rules import LiveRule, Rules

SUFFIXES = (".yaml", ".yml")


class WrongTestsError(SettingsError):
    """Files of tests that cannot be used, with every mistake in them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        count = "one mistake" if len(findings) == 1 else f"{len(findings)} mistakes"
        super().__init__("\n".join((f"{count} in the tests", *(f"  {finding}" for finding in findings))))
        self.findings = findings


@dataclass(frozen=True)
class LoadedTest:
    """One test, ready to be run."""

    file: str
    line: int
    """Where it begins, counted from 1."""
    index: int
    """Its number in the file, from 0."""
    test: PipelineTest
    source: LineSource
    """Where its lines come from, with what all tests of the file have in common."""
    settings: Settings = field(repr=False)
    tools: ToolBox = field(repr=False)
    """Shared by all tests of a file."""
    live: tuple[LiveRule, ...] = ()


def files_of(paths: Iterable[Path | str]) -> list[Path]:
    """The files that paths, folders and patterns mean, each once. Raises SettingsError for one that means nothing."""
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        meant = sorted(_meant(path))
        if not meant:
            raise SettingsError(
                "there is no file of tests", where=str(path), remedy="name files, folders or patterns: rules/*.yaml"
            )
        found |= dict.fromkeys(meant)
    return list(found)


def _meant(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
    elif path.exists() or not any(sign in str(path) for sign in "*?["):
        yield path
    else:
        root = Path(path.anchor) if path.is_absolute() else Path()
        yield from root.glob(str(path.relative_to(path.anchor)))


def load_files(paths: Iterable[Path], default: Callable[[], Settings]) -> list[LoadedTest]:
    """All tests of some files. ``default`` gives the settings for files that name none.

    Raises WrongTestsError with all mistakes of all files, SettingsError for settings or files that cannot be read.
    """
    loaded: list[LoadedTest] = []
    findings: list[Finding] = []
    for path in paths:
        found = load_text(read_text(path), str(path), partial(_settings, path, default))
        if isinstance(found, list):
            loaded += found
        else:
            findings += found
    if findings:
        raise WrongTestsError(tuple(findings))
    return loaded


def read_text(path: Path, what: str = "tests") -> str:
    """The text of a file. Raises SettingsError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "they are not UTF-8 text"
        raise SettingsError(
            f"the {what} cannot be read: {reason}", where=str(path), remedy="name the right file"
        ) from error


def load_text(
    text: str, name: str, settings_of: Callable[[str | None], Settings]
) -> list[LoadedTest] | tuple[Finding, ...]:
    """The tests of one file, or what is wrong with it. ``settings_of`` reads the settings that it names, if any."""
    source = read_source(text, name)
    if isinstance(source, Finding):
        return (source,)
    origin = Origin(source, {})
    try:
        file = PipelineTestFile.model_validate(source.data)
    except ValidationError as error:
        return source.doubles + explain(error, source.data, origin, _schema())
    settings = file.settings or settings_of(file.config)
    tools = ToolBox(settings)
    tests = [
        LoadedTest(
            name, source.line(("tests", index)), index, test, test.source.over(file.source), settings, tools,
            tuple(_live_rules(test)),
        )
        for index, test in enumerate(file.tests)
    ]  # fmt: skip
    problems = [*_problems_of_settings(file), *(each for test in tests for each in _problems(test))]
    return source.doubles + _findings(problems, origin) or tests


@cache
def _schema() -> dict[str, Any]:
    return PipelineTestFile.model_json_schema()


def json_schema() -> dict[str, Any]:
    """The JSON Schema of such a file, for editors."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {**head, **_schema(), "title": "logferry pipeline tests"}


def _settings(path: Path, default: Callable[[], Settings], config: str | None) -> Settings:
    if config is None:
        return default()
    named = path.parent / config
    text = read_text(named, f"settings that {path} is for")
    return parse_settings(text, str(named), os.environ, (_parser_problems,))


def _parser_problems(settings: Settings) -> Iterator[Problem]:
    yield from parser_problems(settings.parsers, time.time_ns)


def _problems_of_settings(file: PipelineTestFile) -> Iterator[Problem]:
    if file.settings is not None:
        for each in _parser_problems(file.settings):
            yield Problem(each.problem, each.remedy, ("settings", *each.key))


def _findings(problems: Iterable[Problem], origin: Origin) -> tuple[Finding, ...]:
    return tuple(origin.finding(each.key, each.problem, each.remedy) for each in problems)


# -- what only a whole test tells ----------------------------------------------------------------------------------


def _problems(loaded: LoadedTest) -> Iterator[Problem]:
    key: Key = ("tests", loaded.index)
    for each in source_problems(loaded.source, loaded.test):
        yield Problem(each.problem, each.remedy, (*key, *each.key))
    wrong = list(_live_problems(loaded))
    yield from wrong
    if not wrong:
        for problem in Rules.of(loaded.settings, loaded.live).problems:
            yield Problem(problem, "change it, or the settings that it contradicts", (*key, "live"))


def _live_rules(test: PipelineTest) -> Iterator[LiveRule]:
    for number, each in enumerate(test.live, 1):
        yield LiveRule(each.id or f"{each.kind}-{number}", each.kind, each, created_at=number)


def _live_problems(loaded: LoadedTest) -> Iterator[Problem]:
    """What the settings and a rule have against each other, and ids that stand twice."""
    ids: set[str] = set()
    for index, (rule, live) in enumerate(zip(loaded.test.live, loaded.live, strict=True)):
        key: Key = ("tests", loaded.index, "live", index)
        told = rule.model_dump(by_alias=True, exclude_unset=True, exclude={"kind", "id"})
        checked = check_rule(live.kind, told, loaded.settings, loaded.file)
        if isinstance(checked, tuple):
            yield from (Problem(each.problem, each.remedy, key) for each in checked)
        if live.id in ids:
            yield Problem(f"{live.id} is the id of a rule before it", "give each its own", (*key, "id"))
        ids.add(live.id)
