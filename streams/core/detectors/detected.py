r"""What a detector is. It works on bytes, because a line need not be UTF-8 to hold somebody's address.

A detector first has a marker: a regular expression of RE2 that is found in every text that the detector finds something
in, however the text is quoted. All markers are looked for in one pass, which is what a line without any costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import re2

Span: TypeAlias = tuple[int, int, bytes]
"""Where something was found, and what: its value in one spelling, so that equal values are equal whatever stands
between their digits."""

Spans: TypeAlias = Callable[[bytes], list[Span]]
"""Everything found in a text, in order, nothing twice. Takes time in proportion to the text; never raises."""


class Detector(NamedTuple):
    """One kind of thing that must not be told."""

    marker: str
    spans: Spans


BEFORE: Final = rb"(?:(?<![0-9A-Za-z])|(?<=\\[nrt]))"
"""For regular expressions of Python: a word begins here, also behind a line feed that is written as an escape."""


def expression(text: str) -> re2._Regexp:
    """A regular expression of RE2 over bytes, in which a dot takes line feeds too."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    return re2.compile(text.encode(), options)


def in_order(spans: list[Span]) -> list[Span]:
    """Spans sorted by where they begin, those that overlap made one."""
    if len(spans) < 2:
        return spans
    spans.sort(key=lambda span: (span[0], -span[1]))
    found = spans[:1]
    for start, end, value in spans[1:]:
        first, last, before = found[-1]
        if start >= last:
            found.append((start, end, value))
        elif end > last:
            found[-1] = (first, end, before)
    return found
