"""Grok: expressions made of named ones, as Logstash writes them, turned into RE2.

Sample: ``%{IPORHOST:client.address} %{WORD:http.request.method} %{URIPATHPARAM:url.original} %{NUMBER:took:float}``.
``%{NAME}`` stands for an expression of the library (`grok_patterns`) or of one's own, ``%{NAME:field}`` names what it
finds, ``%{NAME:field:type}`` gives it a type. Fields may be written ``[http][request][method]``. Source of the
notation: "Grok filter plugin" of Logstash's reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from schemas.errors import SettingsError
from schemas.settings.parts import nearest
from streams.core.parsers.grok_patterns import PATTERNS
from streams.core.parsers.regex import PATTERN_MAX, Pattern, attribute_name, compile_pattern
from streams.core.parsers.typed import CONVERT

_REFERENCE: Final = re.compile(r"%\{(?P<name>\w+)(?::(?P<field>[^:{}]+)(?::(?P<type>\w+))?)?\}")
_ESCAPED_OR_REFERENCE: Final = re.compile(r"\\.|%\{[^{}]*\}?", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z_]\w*")


class Grok(NamedTuple):
    """A grok expression that was compiled."""

    pattern: Pattern
    types: Mapping[str, str]
    """Types of fields, where the expression gives them."""


def grok_pattern(written: str, own: Mapping[str, str]) -> Grok:
    """Compile an expression with patterns of one's own. Raises SettingsError: unknown names, circles, bad syntax."""
    compile_pattern(_ESCAPED_OR_REFERENCE.sub(_masked, written))
    expansion = _Expansion({**PATTERNS, **own})
    return Grok(compile_pattern(expansion.expand(written, ())), expansion.types)


def check_patterns(own: Mapping[str, str]) -> dict[str, SettingsError]:
    """What is wrong with patterns of one's own, by their names; with those inside others only once."""

    def each_wrong(check: Callable[[str], object]) -> dict[str, SettingsError]:
        found = {}
        for name in own:
            try:
                check(name)
            except SettingsError as error:
                found[name] = error
        return found

    return each_wrong(lambda name: _check_alone(name, own[name])) or each_wrong(
        lambda name: grok_pattern(f"%{{{name}}}", own)
    )


def _check_alone(name: str, written: str) -> None:
    if not _WORD.fullmatch(name):
        raise SettingsError(f"{name!r} cannot name a pattern", remedy="use letters, digits and underscores")
    compile_pattern(_ESCAPED_OR_REFERENCE.sub(_masked, written))


def _masked(found: re.Match[str]) -> str:
    """A reference as a group of the same length, so that what stands beside it is judged at its own place."""
    return found[0] if found[0][0] == "\\" else f"(?:{'x' * (len(found[0]) - 4)})" if len(found[0]) > 4 else "x"


class _Expansion:
    """Replaces references by what they stand for, and collects the types that are given on the way."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self.types: dict[str, str] = {}
        self._patterns = patterns
        self._known: dict[str, str] = {}

    def expand(self, written: str, outer: tuple[str, ...]) -> str:
        """An expression without references; ``outer`` are the names it is part of."""
        size = len(written)

        def replaced(found: re.Match[str]) -> str:
            nonlocal size
            expanded = found[0] if found[0][0] == "\\" else self._reference(found[0], found.start() + 1, outer)
            size += len(expanded)
            if size > PATTERN_MAX:
                problem = f"the pattern stands for more than {PATTERN_MAX} characters"
                raise SettingsError(problem, remedy="use fewer patterns inside each other")
            return expanded

        return _ESCAPED_OR_REFERENCE.sub(replaced, written)

    def _reference(self, written: str, position: int, outer: tuple[str, ...]) -> str:
        found = _REFERENCE.fullmatch(written)
        if found is None:
            raise SettingsError(
                f"{written} at character {position} is no reference to a pattern",
                remedy="write %{NAME}, %{NAME:field} or %{NAME:field:type}; a plain percent sign and brace is %\\{",
            )
        inner = self._pattern(found["name"], position, outer)
        if found["field"] is None:
            return f"(?:{inner})"
        field = attribute_name(found["field"], position)
        if found["type"] is not None:
            self.types[field] = _type(found["type"], position)
        return f"(?P<{field}>{inner})"

    def _pattern(self, name: str, position: int, outer: tuple[str, ...]) -> str:
        if name in outer:
            circle = " → ".join((*outer[outer.index(name) :], name))
            raise SettingsError(f"the pattern {name} is a part of itself: {circle}", remedy="write one of them out")
        if name not in self._patterns:
            meant = nearest(name, self._patterns)
            remedy = f"did you mean {meant}?" if meant else "define it under patterns"
            raise SettingsError(f"there is no pattern {name} (character {position})", remedy=remedy)
        if name not in self._known:
            self._known[name] = self.expand(self._patterns[name], (*outer, name))
        return self._known[name]


def _type(written: str, position: int) -> str:
    if written not in CONVERT:
        meant = nearest(written, CONVERT)
        remedy = f"did you mean {meant}?" if meant else f"choose from {', '.join(CONVERT)}"
        raise SettingsError(f"there is no type {written} (character {position})", remedy=remedy)
    return written
