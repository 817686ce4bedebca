"""Which lines of a source make one record: stack traces, and what the user says by patterns."""

from typing import Annotated, Any, Final, Literal, Self, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from schemas.settings.parts import Seconds, Section, mistake, nearest
from schemas.settings.where import SourceRule

LanguageName: TypeAlias = Literal[
    "java", "python", "go", "node", "ruby", "dotnet", "php", "rust", "dart", "cpp", "klog", "mysql", "postgresql"
]  # fmt: skip
LANGUAGE_NAMES: Final[tuple[LanguageName, ...]] = get_args(LanguageName)

PATTERN_MAX: Final = 2000
"""Characters of a pattern; a pod may bring one, and a line is held against it."""


def _line_pattern(text: str) -> str:
    try:
        import re2
    except ImportError:
        return text  # only the stream stage has it, and says the same when it starts
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text.encode(), options)
    except re2.error as error:
        raise mistake(f"{text!r} is no expression of RE2: {_reason(error)}", _REMEDY) from None
    except UnicodeEncodeError:
        raise mistake("the expression is not Unicode text", "write such bytes as \\x80") from None
    return text


_REMEDY: Final = "RE2 has no look-ahead, look-behind or back-references (https://github.com/google/re2/wiki/Syntax)"


def _reason(error: Any) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


LinePattern = Annotated[str, Field(min_length=1, max_length=PATTERN_MAX), AfterValidator(_line_pattern)]
"""A regular expression of RE2, looked for anywhere in a line; ^ and $ are its ends."""


class LinePatterns(Section):
    """How records of several lines look, by patterns over single lines; at least one is needed.

    start alone: every other line continues the record. continuation alone: a line that matches continues the one before
    it. end alone: a record goes up to the line that matches, with it. With start, continuation and end concern only
    records that began with a line that matches start; other lines stand alone.
    """

    start: Annotated[LinePattern | None, Field(examples=[r"^\d{4}-\d\d-\d\d"])] = None
    """Matches the first line of a record. Null by default: any line may be the first."""

    continuation: Annotated[LinePattern | None, Field(examples=[r"^\s"])] = None
    """Matches lines that continue the record. Null by default: what does not start or end a record continues it."""

    end: Annotated[LinePattern | None, Field(examples=[r"^END$"])] = None
    """Matches the last line of a record. Null by default: a record ends where the next one starts."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.start or self.continuation or self.end):
            raise mistake("no pattern is given", "write start, continuation or end, or mode: auto")
        return self


def _spelt_switch(value: object) -> object:
    """YAML 1.1 reads off as false."""
    if isinstance(value, bool):
        return "auto" if value else "off"
    return value


def _known_mode(value: object) -> object:
    value = _spelt_switch(value)
    names = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    known = (*LANGUAGE_NAMES, "auto", "off") if isinstance(value, str) else LANGUAGE_NAMES
    for name in names:
        if name not in known:
            meant = nearest(name, known) if isinstance(name, str) else None
            remedy = f"did you mean {meant}?" if meant else f"choose from {', '.join(known)}"
            raise mistake(f"nobody knows the multiline mode {name!r}", remedy)
    return (value,) if value in LANGUAGE_NAMES else value


Languages = Annotated[tuple[LanguageName, ...], Field(min_length=1)]
MultilineMode: TypeAlias = Literal["auto", "off"] | tuple[LanguageName, ...] | LinePatterns
"""How lines are joined; hashable."""


class MultilineRule(SourceRule):
    """How the lines of some sources are joined to records; the first rule that matches decides."""

    mode: Annotated[
        Literal["auto", "off"] | Languages | LinePatterns,
        BeforeValidator(_known_mode),
        Field(examples=["auto", ["java", "python"], {"start": r"^\d{4}-\d\d-\d\d"}]),
    ]
    """auto: stack traces of all known languages; a list: only of these; off: every line is a record; or patterns.
    The annotation logferry.io/multiline of a pod goes before all rules."""

    timeout_secs: Seconds = 1.0
    """How long the beginning of a record waits for more, by the lines' own timestamps. Programs write a trace in one
    go, so a second is plenty; longer only delays the last record before a silence."""


def parse_annotation(text: str) -> MultilineMode | None:
    """Mode that an annotation says: ``off``, ``auto``, ``java,python``, ``start:<regex>``, ``continuation:<regex>``.

    None for what nobody can read; the settings' rules count then.
    """
    text = text.strip()
    kind, colon, pattern = text.partition(":")
    try:
        if colon and kind in LinePatterns.model_fields:
            return LinePatterns.model_validate({kind: pattern.strip()})
    except ValueError:
        return None
    if text in ("auto", "off"):
        return "auto" if text == "auto" else "off"
    found = {name.strip() for name in text.split(",")}
    known = tuple(name for name in LANGUAGE_NAMES if name in found)
    return known if len(known) == len(found) else None
