"""Records of several lines by patterns of the user: how a record starts, what continues it, what ends it.

The patterns are RE2's (google-re2), whose time is linear in the line; they are looked for anywhere in a line, so ^ and
$ say where it matters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import re2

from streams.core.multiline.rules import Multiline, State

_OPEN: Final[State] = ("patterns.open", 0)
_ENDED: Final[State] = ("patterns.ended", 0)

Matches = Callable[[bytes], object]


def by_patterns(start: str | None, continuation: str | None, end: str | None) -> Multiline:
    """Join by one to three patterns; ``schemas.settings.multiline.LinePatterns`` says what each combination means."""
    starts, continues, ends = _search(start), _search(continuation), _search(end)

    def begin(content: bytes, _severity: int, _parser: str) -> State | None:
        if starts is not None and (continues is not None or ends is not None) and not starts(content):
            return None
        return None if ends is not None and ends(content) else _OPEN

    def go_on(state: State, line: bytes) -> tuple[State, bool] | None:
        if state == _ENDED or (starts is not None and starts(line)):
            return None
        if ends is not None and ends(line):
            return _ENDED, True
        if continues is not None and not continues(line):
            return None
        return _OPEN, True

    return Multiline(begin, go_on)


def _search(pattern: str | None) -> Matches | None:
    if pattern is None:
        return None
    options = re2.Options()
    options.log_errors = False
    compiled = re2.compile(pattern.encode(), options)
    search: Matches = compiled.search
    return search
