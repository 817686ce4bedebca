"""Which format a line has, where nobody said it.

The format of a line is the first of the registry that takes it: a function of the line alone. The same bytes make the
same record whatever stood before them and wherever a worker began to read. What a source wrote last is only tried
first; that changes nothing, because no line is of two formats (tests/streams/test_golden.py holds every sample of every
format against all others, tests/streams/test_detect.py thousands of changed ones).

A few bytes of a line leave few formats over: each place has a table of 256 sets, which formats may have that byte there,
made of the signatures (`streams.core.parsers.beginnings`), and a line's formats are those in the sets of all of its
places. Only their signatures are matched, and only those that match are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any, Final

from streams.core.parsers import text
from streams.core.parsers.beginnings import beginnings
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

_Match = Callable[[bytes], re.Match[bytes] | None]
_Choice = tuple[_Match, list[tuple[_Match, tuple[Parser, ...]]]]
"""One expression for all signatures, whose group tells the first that matches; each signature with its formats."""
_EACH: Final = re.compile(b"()").match


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
        self._tables: Final = [self._table(place) for place in PLACES]
        self._choices: Final[dict[int, _Choice]] = {}
        self._combined: Final[dict[bytes, _Match]] = {}

    def read(self, content: bytes, last: Parser) -> Found:
        """The format of a line and what is in it; ``last`` is that of the line before."""
        if last.signature:
            found = last.read(content)
            if found is not None:
                return last, found
        if b"\x1b[" in content:
            return self._read_coloured(content)
        ways = self._ways_of(content)
        if ways:
            which, choices = self._choices.get(ways) or self._chosen(ways)
            match = which(content)
            if match is not None:
                for has_signature, parsers in choices[(match.lastindex or 1) - 1 :]:
                    if has_signature(content):
                        for parser in parsers:
                            found = parser.read(content)
                            if found is not None:
                                return parser, found
        return self._text, text.read(content)

    def _read_coloured(self, content: bytes) -> Found:
        plain = without_colours(content)
        ways = (self._ways_of(content) & ~self._coloured) | (self._ways_of(plain) & self._coloured)
        for has_signature, parsers in self._chosen(ways)[1] if ways else ():
            for parser in parsers:
                if has_signature(plain if parser.coloured else content):
                    found = parser.read(content)
                    if found is not None:
                        return parser, found
        return self._text, text.read(content)

    def _ways_of(self, content: bytes) -> int:
        """The ways in which a line may begin."""
        head = content if len(content) >= _SHORTEST else content.ljust(_SHORTEST, b"\0")
        first, second, fifth, behind_date, behind_time, next_to_it, behind_millis = self._tables
        return (
            first[head[0]] & second[head[1]] & fifth[head[4]] & behind_date[head[10]]
            & behind_time[head[19]] & next_to_it[head[20]] & behind_millis[head[24]]
        )  # fmt: skip

    def _table(self, place: int) -> list[int]:
        """The ways in which a line may begin, by the byte at a place."""
        return [
            sum(1 << number for number, (_, way) in enumerate(self._ways) if way[place] >> byte & 1)
            for byte in range(256)
        ]

    def _chosen(self, ways: int) -> _Choice:
        """The formats that begin in some ways, in the registry's order; neighbours of one signature stand together."""
        choice = self._choices.get(ways)
        if choice is None:
            parsers = {parser: None for number, (parser, _) in enumerate(self._ways) if ways >> number & 1}
            groups = [(each, tuple(of_it)) for each, of_it in groupby(parsers, lambda parser: parser.signature)]
            choice = (
                self._which(b"|".join(b"(%b)" % each for each, _ in groups)),
                [(re.compile(each, re.DOTALL).match, of_it) for each, of_it in groups],
            )
            if len(self._choices) >= _CHOICES_MAX:
                self._choices.clear()
            self._choices[ways] = choice
        return choice

    def _which(self, pattern: bytes) -> _Match:
        match = self._combined.get(pattern)
        if match is None and len(self._combined) < _COMBINED_MAX:
            match = self._combined[pattern] = re.compile(pattern, re.DOTALL).match
        return match or _EACH
