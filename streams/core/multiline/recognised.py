"""Records of several lines as known languages write them: all of them at once, or some.

`begin` is called for every line that is not JSON, so it looks at one byte before any regular expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from streams.core.multiline.languages import LANGUAGES
from streams.core.multiline.lines import BLANK, TEXT
from streams.core.multiline.rules import (
    EXCEPTION,
    LOGGED,
    Language,
    Multiline,
    Next,
    State,
    go_on_by,
    head_by_first_byte,
)

LOGS_AN_ERROR: Final = 13
"""Severity from which what was logged may be followed by a trace: WARN."""


def recognised(names: Iterable[str]) -> Multiline:
    """Recognise what the languages of these names write (`LANGUAGES`)."""
    languages = [LANGUAGES[name] for name in names]
    places = _together(languages)
    starts = {parser: (place, 0) for language in languages for parser, place in language.parsers.items()}
    return Multiline(_begin_by(languages, starts, (LOGGED, 0) if LOGGED in places else None), go_on_by(places))


def _together(languages: Iterable[Language]) -> dict[str, list[Next]]:
    """The rules of each place, of all languages."""
    places: dict[str, list[Next]] = {}
    for language in languages:
        for place, rules in language.places.items():
            places.setdefault(place, []).extend(rules)
    if EXCEPTION in places:
        places[EXCEPTION] += (Next(BLANK, EXCEPTION, sure=False), Next(TEXT, EXCEPTION, sure=False))
    return places


def _begin_by(
    languages: Iterable[Language], starts: Mapping[str, State], logged: State | None
) -> Callable[[bytes, int, str], State | None]:
    heads = head_by_first_byte(head for language in languages for head in language.heads)

    def begin(content: bytes, severity: int, parser: str) -> State | None:
        head = heads[content[0]] if content else None
        place = head(content) if head is not None else ""
        if place:
            return place, 0
        if parser in starts:
            return starts[parser]
        if severity >= LOGS_AN_ERROR or (not severity and parser == "text" and _speaks_of_an_error(content)):
            return logged
        return None

    return begin


def _speaks_of_an_error(content: bytes) -> bool:
    """A line without a level, such as ``failed: TypeError: x`` or ``http: panic serving 10.0.0.1: y``."""
    return b":" in content and (b"rror" in content or b"xception" in content or b"panic" in content)
