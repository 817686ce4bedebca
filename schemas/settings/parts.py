"""What the sections of the settings are made of: base class, small types, and how a check says what is wrong.

A validator raises `ProblemsError`; `schemas.settings.explain` turns it, and everything pydantic finds by itself, into
`Finding` values that name the line. Texts here are for the person who wrote the file.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.patterns import PatternError, compile_patterns
from schemas.severity import SEVERITY_BY_TEXT, Severity, severity_text
from schemas.topic_templates import TopicTemplateError, read_template

Key: TypeAlias = tuple[str | int, ...]
"""Way to a value: section, key, and so on; numbers index lists."""


class Section(BaseModel):
    """A mapping in the settings file: unknown keys are mistakes, values never change after loading."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, defer_build=True
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what is wrong, what was probably meant, and where below the validated value."""

    problem: str
    remedy: str = ""
    key: Key = ()


class ProblemsError(ValueError):
    """Mistakes that a validator found; pydantic collects it beside its own."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.problem for problem in self.problems))


def mistake(problem: str, remedy: str = "") -> ProblemsError:
    """Return a single problem, ready to be raised."""
    return ProblemsError((Problem(problem, remedy),))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, or nothing when none is close."""
    names = {candidate.lower().replace("-", "_"): candidate for candidate in known}
    close = get_close_matches(name.lower().replace("-", "_"), names, n=1, cutoff=0.6)
    return names[close[0]] if close else None


# -- numbers -------------------------------------------------------------------------------------------------------


def _not_a_switch(value: object) -> object:
    if isinstance(value, bool):
        raise mistake(f"expected a number, found {str(value).lower()}")
    return value


_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)


def _size_in_words(value: object) -> object:
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or str(value).strip().isdigit():
        return value
    number, prefix, binary = found.groups()
    size = float(number) * (1024 if binary else 1000) ** " kmgt".index(prefix.lower() or " ")
    raise mistake("expected a whole number of bytes", f"for {value} write {size:.0f}")


# Limits stand before these in an annotation; behind them pydantic would leave them out of the JSON Schema.
NUMBER: Final = BeforeValidator(_not_a_switch)
SIZE: Final = BeforeValidator(lambda value: _size_in_words(_not_a_switch(value)))

Count = Annotated[int, Field(ge=1), NUMBER]
Size = Annotated[int, Field(ge=1), SIZE]
Seconds = Annotated[float, Field(gt=0), NUMBER]
Milliseconds = Annotated[int, Field(ge=0), NUMBER]
Port = Annotated[int, Field(ge=0, le=65535), NUMBER]

Compression = Literal["none", "lz4", "zstd", "snappy", "gzip"]


# -- texts ---------------------------------------------------------------------------------------------------------


def _scalar_text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


ScalarText = Annotated[str, BeforeValidator(_scalar_text, json_schema_input_type=str | int | float | bool)]
"""A value that another program reads as text: ``true`` and ``30000`` need no quotes."""


def _absolute(path: str) -> str:
    if not PurePosixPath(path).is_absolute():
        raise mistake(f"{path!r} is a relative path", "write it from / on: every stage has its own working folder")
    return path


AbsolutePath = Annotated[str, AfterValidator(_absolute)]


def _topic_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name) or name in {".", ".."}:
        raise mistake(
            f"{name!r} cannot name a Kafka topic", "use letters, digits, dots, dashes and underscores: logs.app"
        )
    return name


TopicName = Annotated[str, AfterValidator(_topic_name)]


def _topic_pattern(text: str) -> str:
    _topic_name(text.replace("*", "x") if re.match(r"[A-Za-z0-9]", text) else text)
    return text


TopicPattern = Annotated[str, AfterValidator(_topic_pattern)]
"""Name of a topic; stars in it, but not at its beginning, stand for any text: ``logs.ns.*``."""


def _topic_template(text: str) -> str:
    try:
        return read_template(text).text
    except TopicTemplateError as error:
        raise mistake(error.problem, error.remedy) from None


TopicTemplateText = Annotated[str, AfterValidator(_topic_template)]
"""Text for `schemas.topic_templates`: the name of a topic, with fields or without: ``logs.ns.{namespace}``."""


def _pattern(text: str) -> str:
    try:
        compile_patterns(text)
    except PatternError as error:
        raise mistake(error.problem, error.remedy) from None
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
"""Text for `schemas.patterns.compile_patterns`, known to compile."""


def _severity(value: object) -> object:
    number = SEVERITY_BY_TEXT.get(value.lower(), 0) if isinstance(value, str) else 0
    return severity_text(number).lower() if number else value


SeverityName = Annotated[Severity, BeforeValidator(_severity)]
"""A short name; usual spellings (warning, ERR) are understood."""


def url_with(schemes: tuple[str, ...], example: str) -> AfterValidator:
    """Return a check for addresses with one of the schemes, a host or path, and no password inside."""

    def check(url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in schemes or not (parts.netloc or parts.path.strip("/")):
            raise mistake(f"{url!r} is no address of the kind {', '.join(schemes)}", f"write it like {example}")
        if parts.password:
            raise mistake("the address contains a password", "take it out and use username, password or api_key")
        return url

    return AfterValidator(check)


HttpUrl = Annotated[str, url_with(("http", "https"), "http://localhost:9200")]
