r"""What recognises records of several lines, and how its rules are written down.

A line that may begin such a record leads to a *place*; at a place, each next line either follows one of the place's
rules, which leads to the next place, or ends the record. A line that could belong but need not (a blank line, text
between an exception and its frames) is unsure: it is part of the record only when a sure one follows. The rules of a
place are one regular expression, so a line costs one match.

Who drives this holds the lines: when a record ends, its last unsure lines are given back and begin anew, each asked
again whether it begins a record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

State = tuple[str, int]
"""A place, and how many lines in a row were unsure."""

UNSURE_LINES_AT_MOST: Final = 24
"""So many unsure lines in a row are looked at. Exceptions' messages are hardly longer (a diff of an assertion), and all
of them are held back until the next sure line."""


class Multiline(NamedTuple):
    """Which lines belong together. Neither function raises, whatever the bytes; lines have no line feed in them."""

    begin: Callable[[bytes, int, str], State | None]
    """Content of a line, its severity number (0 unknown) and the name of its parser -> a state when more lines may
    belong to it; None: it stands alone."""
    go_on: Callable[[State, bytes], tuple[State, bool] | None]
    """The next line of the same stream -> None: the record ended before it; else the next state, and whether the line
    surely belongs (True) or only if a sure one follows (False)."""


class Next(NamedTuple):
    """A line that follows at a place."""

    pattern: bytes
    """Matches at the line's beginning; without groups, linear on any input."""
    place: str
    sure: bool = True


class Head(NamedTuple):
    """A line that begins a record by itself."""

    first: bytes
    """Every byte that the line may begin with. Where that is any letter, the first word must not be followed by a space
    and anything but ``[``."""
    pattern: bytes
    place: str


class Language(NamedTuple):
    """How the programs of one language, or one server, write records of several lines."""

    heads: tuple[Head, ...]
    places: Mapping[str, tuple[Next, ...]]
    """At `LOGGED` and `EXCEPTION` the rules of several languages are put together; other places are a language's own,
    named after it."""
    parsers: Mapping[str, str] = {}
    """Parser of a line -> the place to which each of its lines leads."""


LOGGED: Final = "logged"
"""After a line of severity WARN or above, or one that speaks of an error: what was logged may follow."""
EXCEPTION: Final = "exception"
"""After ``Name: message`` or ``package.Name``, which several languages write alike; the frames tell them apart."""

_Table = tuple[Callable[[bytes], "re.Match[bytes] | None"], tuple[tuple[str, bool], ...]]


def go_on_by(places: Mapping[str, Iterable[Next]]) -> Callable[[State, bytes], tuple[State, bool] | None]:
    """Compile the rules of all places into the function that follows them; the first rule that matches counts."""
    tables: dict[str, _Table] = {place: _table(rules) for place, rules in places.items()}

    def go_on(state: State, line: bytes) -> tuple[State, bool] | None:
        table = tables.get(state[0])
        found = table[0](line) if table else None
        if table is None or found is None:
            return None
        place, sure = table[1][found.lastindex or 0]
        if sure:
            return (place, 0), True
        return ((place, state[1] + 1), False) if state[1] < UNSURE_LINES_AT_MOST else None

    return go_on


def _table(rules: Iterable[Next]) -> _Table:
    unique = tuple(dict.fromkeys(rules))
    pattern = b"|".join(b"(%b)" % rule.pattern for rule in unique) or rb"(?!)"
    return re.compile(pattern, re.DOTALL).match, (("", False), *((rule.place, rule.sure) for rule in unique))


def head_by_first_byte(heads: Iterable[Head]) -> list[Callable[[bytes], str] | None]:
    """For each first byte the place that a whole line leads to, ``""`` for none; None where no head begins so."""
    unique = tuple(dict.fromkeys(heads))
    by_byte: dict[tuple[Head, ...], Callable[[bytes], str]] = {}
    result: list[Callable[[bytes], str] | None] = [None] * 256
    for byte in range(256):
        fitting = tuple(head for head in unique if byte in head.first)
        if fitting:
            result[byte] = by_byte.setdefault(fitting, _place_of(fitting))
    return result


# Most lines of text begin with a word and a space. Heads that may begin with any letter never do (only ` [` may follow
# their first word), so that all of them together cost such a line one look at its first word.
_NO_PLAIN_WORD: Final = rb"(?=[^\s:]++(?! [^\[]))"
_ANY_LETTER: Final = 52


def _place_of(heads: tuple[Head, ...]) -> Callable[[bytes], str]:
    narrow = [head for head in heads if len(head.first) < _ANY_LETTER]
    wide = [head for head in heads if len(head.first) >= _ANY_LETTER]
    patterns = [b"(%b)" % head.pattern for head in narrow]
    if wide:
        patterns.append(_NO_PLAIN_WORD + b"(?:%b)" % b"|".join(b"(%b)" % head.pattern for head in wide))
    match = re.compile(b"|".join(patterns), re.DOTALL).match
    places = ("", *(head.place for head in narrow), *(head.place for head in wide))

    def place_of(line: bytes) -> str:
        found = match(line)
        return places[found.lastindex or 0] if found else ""

    return place_of
