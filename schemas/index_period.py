"""Which days an index holds, read from its name: the way back from `schemas.identity.index_name`.

::

    logstash-%Y.%m.%d   logstash-2026.11.21   2026-11-21 until 2026-11-22
    logs-%G.%V          logs-2026.47          2026-11-16 until 2026-11-23
    logs-%Y-%m          logs-2026-11          2026-11-01 until 2026-12-01

Names that the pattern itself would not have made are of nobody's period: what deletes by name must not guess.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.identity import index_name

_DIGITS: Final = {"Y": 4, "G": 4, "m": 2, "d": 2, "V": 2, "u": 1}
_FORMATS: Final = {
    frozenset("Ymd"): "%Y %m %d",
    frozenset("GVu"): "%G %V %u",
    frozenset("GV"): "%G %V %u",
    frozenset("Ym"): "%Y %m %d",
}
"""Directives that name a day, a week or a month, and how to read them; what the name leaves out is 1. Not %y: with two
digits 2100 is 2000, and long over."""


class Period(NamedTuple):
    """Days, UTC."""

    first: date
    until: date
    """The first day that does not belong to it."""


def period_days(pattern: str) -> int | None:
    """How long a period of the pattern is at most: 1, 7 or 31 days; None: its indices are not of a period."""
    directives = _directives(pattern)
    if directives not in _FORMATS:
        return None
    return 1 if directives & {"d", "u"} else 7 if "V" in directives else 31


def period_of(pattern: str, name: str) -> Period | None:
    """The days of an index; None when its name is not exactly one that the pattern makes."""
    length = period_days(pattern)
    found = _expression(pattern).fullmatch(name)
    if length is None or found is None:
        return None
    parts = found.groupdict()
    format_ = _FORMATS[_directives(pattern)]
    try:
        first = datetime.strptime(" ".join(parts.get(each[1], "1") for each in format_.split()), format_).date()
        until = _next_month(first) if length == 31 else first + timedelta(days=length)
    except (ValueError, OverflowError):
        return None
    begins = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
    return Period(first, until) if index_name(pattern, begins * 1_000_000_000) == name else None


def _directives(pattern: str) -> frozenset[str]:
    return frozenset(re.findall(r"%(.)", pattern))


@lru_cache(maxsize=64)
def _expression(pattern: str) -> re.Pattern[str]:
    """Matches what a pattern makes; a directive that stands twice has the same digits twice."""
    seen: set[str] = set()
    text = ""
    for literal, directive in re.findall(r"([^%]+)|%(.)", pattern):
        if literal:
            text += re.escape(literal)
        elif directive in seen:
            text += f"(?P={directive})"
        else:
            seen.add(directive)
            text += f"(?P<{directive}>[0-9]{{{_DIGITS.get(directive, 1)}}})"
    return re.compile(text)


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)
