"""Reading settings: text and environment in, frozen models or one complete list of mistakes out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import ValidationError

from schemas.settings.environment import overlay
from schemas.settings.explain import InvalidSettingsError, Origin, explain
from schemas.settings.parts import Problem
from schemas.settings.settings import Settings
from schemas.settings.shape import place_at, schema
from schemas.settings.source import Finding, read_source

Check: TypeAlias = Callable[[Settings], Iterable[Problem]]
"""What only a stage can judge, because it needs what that stage has: streams compile expressions and try examples."""


def parse_settings(text: str, name: str, environ: Mapping[str, str], checks: Sequence[Check] = ()) -> Settings:
    """Read the text of a settings file called `name`, lay the environment over it, and check everything.

    Empty text gives the defaults. `checks` are made when nothing else is wrong. Raises `InvalidSettingsError` with all
    findings.
    """
    source = read_source(text, name)
    if isinstance(source, Finding):
        raise InvalidSettingsError((source,), name)
    overlaid = overlay(_without_empty_sections(source.data), environ)
    settings = _validate(overlaid.data, Origin(source, overlaid.variables), checks)
    early = source.doubles + overlaid.findings
    if isinstance(settings, tuple) or early:
        raise InvalidSettingsError(early + (settings if isinstance(settings, tuple) else ()), name)
    return settings


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the settings file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema(), "title": "logferry settings"}


def _validate(data: dict[str, Any], origin: Origin, checks: Sequence[Check]) -> Settings | tuple[Finding, ...]:
    try:
        settings = Settings.model_validate(data)
        problems = [problem for check in checks for problem in check(settings)]
        return tuple(origin.finding(each.key, each.problem, each.remedy) for each in problems) or settings
    except ValidationError as error:
        return tuple(dict.fromkeys(explain(error, data, origin) + _between_sections(error, data, origin)))


def _between_sections(error: ValidationError, data: dict[str, Any], origin: Origin) -> tuple[Finding, ...]:
    """Return what the checks that span sections say about the rest, when something in the file is wrong anyway.

    pydantic does not get to them then. Without the routes they would only guess.
    """
    wrong = {
        details["loc"][:2] if details["loc"][:1] == ("sinks",) else details["loc"][:1] for details in error.errors()
    }
    if not all(wrong) or wrong & {("routes",), ("unmatched",), ("sinks",)}:
        return ()
    sinks = {name: sink for name, sink in data.get("sinks", {}).items() if ("sinks", name) not in wrong}
    # Rules that name parsers cannot be judged without all of these.
    guesses = {"parse"} if any(key[0] == "parsers" for key in wrong) else set()
    rest = {section: value for section, value in data.items() if (section,) not in wrong and section not in guesses}
    try:
        Settings.model_validate(rest | {"sinks": sinks})
    except ValidationError as more:
        return explain(more, data, origin)
    return ()


def _without_empty_sections(data: dict[str, Any]) -> dict[str, Any]:
    """Leave out `kafka:` with nothing under it, as remains when all its keys are commented out."""
    return {key: value for key, value in data.items() if value is not None or not _is_section(key)}


def _is_section(key: str) -> bool:
    return bool(place_at((key,), {}).kinds & {"object", "array"})
