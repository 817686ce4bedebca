"""Which format a line has, where nobody said it.

The format of a line is the first of the registry that takes it: a function of the line alone. The same bytes make the
same record whatever stood before them and wherever a worker began to read. What a source wrote last is only tried
first; that changes nothing, because no line is of two formats (tests/streams/test_golden.py holds every sample of every
format against all others, tests/streams/test_detect.py thousands of changed ones).

A few bytes of a line leave few formats over: each place has a table of 256 sets, which formats may have that byte
there, made of the signatures (`streams.core.parsers.beginnings`), and a line's formats are those in the sets of all of
its places. Of the many that begin with a date most are left out by the form of the time and what stands behind it:
``0000-00-00 00:00:00,000 aa`` stands for all times in milliseconds with a word in small letters behind them. Only the
signatures that are left are matched, and only formats whose signatures match are read.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

from streams.core.parsers import text
from streams.core.parsers.beginnings import always_has, beginnings, may_begin
from streams.core.parsers.layout import without_colours
from streams.core.parsers.parsed import Parser

Found = tuple[Parser, Any]
"""A parser and what it read."""

PLACES: Final = (0, 1, 4, 10, 19, 20, 24)
"""These tell sixty formats apart best: a word or a number, the parts of a date, what parts it from the time, and what
stands behind seconds and milliseconds. More places leave out hardly any more."""
_SHORTEST: Final = PLACES[-1] + 1
_CHOICES_MAX: Final = 4096
"""So many sets of ways are remembered. Real lines have a few dozen."""
_COMBINED_MAX: Final = 256
"""So many combinations of signatures are made into one expression, which takes milliseconds each. Where odd lines have
used them up, signatures are matched one by one."""

_SHAPES_MAX: Final = 1024
"""The formats of so many forms of a time are remembered, which takes milliseconds each."""
_MANY: Final = 3
"""More signatures than these are worth a look at the time."""

_Match = Callable[[bytes], re.Match[bytes] | None]
_Choice = tuple[_Match, list[tuple[_Match, tuple[Parser, ...]]]]
"""One expression for all signatures, whose group tells the first that matches; each signature with its formats."""
_EACH: Final = re.compile(b"()").match

_TIME: Final = re.compile(
    rb"\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?.{0,3}", re.DOTALL
).match
_KINDS: Final = {b"0": string.digits, b"a": string.ascii_lowercase, b"A": string.ascii_uppercase}
_SHAPE: Final = bytes.maketrans(
    "".join(_KINDS.values()).encode(), b"".join(kind * len(members) for kind, members in _KINDS.items())
)
"""What a byte looks like: a digit, a small letter, a capital, or itself."""
_BYTES_OF: Final = [sum(1 << each for each in range(256) if _SHAPE[each] == shape) for shape in range(256)]


def _lookup(*tables: list[int]) -> Callable[[bytes], int]:
    """What tells the ways in which a line may begin; a function of its own because it is asked for every line."""
    first, second, fifth, behind_date, behind_time, next_to_it, behind_millis = tables

    def ways_of(content: bytes) -> int:
        head = content if len(content) >= _SHORTEST else content.ljust(_SHORTEST, b"\0")
        return (
            first[head[0]] & second[head[1]] & fifth[head[4]] & behind_date[head[10]]
            & behind_time[head[19]] & next_to_it[head[20]] & behind_millis[head[24]]
        )  # fmt: skip

    return ways_of


@lru_cache(maxsize=64)
def _table(ways: tuple[int, ...]) -> list[int]:
    """The ways in which a line may begin, by the byte at a place; ``ways``: the bytes that each way allows there.

    Workers of a process, of which tests make thousands, have the same.
    """
    return [sum(1 << number for number, way in enumerate(ways) if way >> byte & 1) for byte in range(256)]


class Detection:
    """The formats that are looked for."""

    def __init__(self, parsers: Mapping[str, Parser]) -> None:
        """``parsers`` by name, among them ``text``, which takes what no other does."""
        self._text: Final = parsers["text"]
        self._ways: Final = [
            (parser, way)
            for parser in parsers.values()
            if parser.signature
            for way in beginnings(parser.signature, _SHORTEST)
        ]
        """A bit of a set is the way of this number."""
        self._coloured: Final = sum(1 << number for number, (parser, _) in enumerate(self._ways) if parser.coloured)
        self._without_bracket: Final = sum(
            1 << number for number, (parser, _) in enumerate(self._ways) if not always_has(parser.signature, b"[")
        )
        """Formats of lines that may have no bracket in them, as most lines of text: not those of access logs."""
        self._ways_of: Final = _lookup(*(_table(tuple(way[place] for _, way in self._ways)) for place in PLACES))
        self._choices: Final[dict[int, _Choice]] = {}
        self._by_shape: Final[dict[bytes, _Choice]] = {}
        self._combined: Final[dict[bytes, _Match]] = {}

    def read(self, content: bytes, last: Parser) -> Found:
        """The format of a line and what is in it; ``last`` is that of the line before."""
        if last.signature:
            found = last.read(content)
            if found is not None:
                return last, found
        if b"\x1b[" in content:
            return self._read_coloured(content) or (self._text, text.read(content))
        ways = self._ways_of(content)
        if b"[" not in content:
            ways &= self._without_bracket
        return (ways and self._read_one_of(ways, content)) or (self._text, text.read(content))

    def _read_one_of(self, ways: int, content: bytes) -> Found | None:
        which, choices = self._choices.get(ways) or self._chosen(ways)
        if len(choices) > _MANY and (time := _TIME(content)):
            shape = time[0].translate(_SHAPE)
            which, choices = self._by_shape.get(shape) or self._with_shape(shape) or (which, choices)
        match = which(content)
        for has_signature, parsers in choices[(match.lastindex or 1) - 1 :] if match else ():
            if has_signature(content):
                for parser in parsers:
                    found = parser.read(content)
                    if found is not None:
                        return parser, found
        return None

    def _read_coloured(self, content: bytes) -> Found | None:
        plain = without_colours(content)
        ways = (self._ways_of(content) & ~self._coloured) | (self._ways_of(plain) & self._coloured)
        for has_signature, parsers in self._chosen(ways)[1] if ways else ():
            for parser in parsers:
                if has_signature(plain if parser.coloured else content):
                    found = parser.read(content)
                    if found is not None:
                        return parser, found
        return None

    def _chosen(self, ways: int) -> _Choice:
        """The formats that begin in some ways."""
        choice = self._choices.get(ways)
        if choice is None:
            parsers = {parser: None for number, (parser, _) in enumerate(self._ways) if ways >> number & 1}
            if len(self._choices) >= _CHOICES_MAX:
                self._choices.clear()
            choice = self._choices[ways] = self._choice(parsers)
        return choice

    def _with_shape(self, shape: bytes) -> _Choice | None:
        """The formats that may begin with a time and what stands behind it; None where too many forms were met."""
        if len(self._by_shape) >= _SHAPES_MAX:
            return None
        line = [_BYTES_OF[each] for each in shape]
        parsers = {parser: None for parser, _ in self._ways}
        found = [parser for parser in parsers if may_begin(parser.signature, line)]
        choice = self._by_shape[shape] = self._choice(found)
        return choice

    def _choice(self, parsers: Iterable[Parser]) -> _Choice:
        """Formats in the registry's order; neighbours of one signature stand together."""
        groups = [(each, tuple(of_it)) for each, of_it in groupby(parsers, lambda parser: parser.signature)]
        return (
            self._which(b"|".join(b"(%b)" % each for each, _ in groups)),
            [(re.compile(each, re.DOTALL).match, of_it) for each, of_it in groups],
        )

    def _which(self, pattern: bytes) -> _Match:
        match = self._combined.get(pattern)
        if match is None and len(self._combined) < _COMBINED_MAX:
            match = self._combined[pattern] = re.compile(pattern, re.DOTALL).match
        return match or _EACH
