"""Which format a line has, where nobody said it.

The format of a line is the first of the registry that takes it: a function of the line alone. The same bytes make the
same record whatever stood before them and wherever a worker began to read. What a source wrote last is only tried
first; that changes nothing, because no line is of two formats (tests/streams/test_golden.py holds every sample of every
format against all others).

One regular expression made of all signatures finds the candidates, so that a line of no format costs one match.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from streams.core.parsers import text
from streams.core.parsers.parsed import Parser

Found = tuple[Parser, Any]
"""A parser and what it read."""


class Detection:
    """The formats that are looked for."""

    def __init__(self, parsers: Mapping[str, Parser]) -> None:
        """``parsers`` by name, among them ``text``, which takes what no other does."""
        self._text: Final = parsers["text"]
        self._candidates: Final = [
            (re.compile(parser.signature, re.DOTALL), parser) for parser in parsers.values() if parser.signature
        ]
        self._any: Final = re.compile(
            b"|".join(b"(%b)" % parser.signature for parser in parsers.values() if parser.signature), re.DOTALL
        )

    def read(self, content: bytes, last: Parser) -> Found:
        """The format of a line and what is in it; ``last`` is that of the line before."""
        if last.signature:
            found = last.read(content)
            if found is not None:
                return last, found
        match = self._any.match(content)
        if match is not None:
            first = (match.lastindex or 1) - 1
            for signature, parser in self._candidates[first:]:
                if signature.match(content):
                    found = parser.read(content)
                    if found is not None:
                        return parser, found
        return self._text, text.read(content)
