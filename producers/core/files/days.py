"""On which day a chunk of a source without timestamps was observed, also when it is read a second time.

A record's index follows from its day, and its id is unique only inside one index. So for text without a runtime's
timestamps the day of every byte is written to the checkpoint before the byte is sent: a list of offsets at which a new
day began. What is read again after a crash gets the day it had, even if midnight has passed since.
"""

from __future__ import annotations

from typing import Final, TypeAlias

NANOS_PER_DAY: Final = 86_400_000_000_000

Days: TypeAlias = tuple[tuple[int, int], ...]
"""Offset from which on bytes are of a day, and the day's number since 1970; rising in both."""


def day_of(nanos: int) -> int:
    """Number of the UTC day of a time in nanoseconds since 1970."""
    return nanos // NANOS_PER_DAY


def extended(days: Days, offset: int, now: int) -> Days:
    """The days with today, if bytes from ``offset`` on are the first of it. ``now``: nanoseconds since 1970."""
    today = day_of(now)
    if days and (days[-1][1] >= today or days[-1][0] >= offset):
        return days
    return (*days, (offset, today))


def observed(days: Days, offset: int, now: int) -> tuple[int, int | None]:
    """When the byte at ``offset`` counts as observed, and up to which offset that holds (None: to the end)."""
    for number, (begin, day) in enumerate(days):
        until = days[number + 1][0] if number + 1 < len(days) else None
        if begin <= offset and (until is None or offset < until):
            return min(now, (day + 1) * NANOS_PER_DAY - 1) if day <= day_of(now) else day * NANOS_PER_DAY, until
    return now, days[0][0] if days and offset < days[0][0] else None


def pruned(days: Days, offset: int) -> Days:
    """The days without those that ended before ``offset``, which will not be read again."""
    return tuple(entry for number, entry in enumerate(days) if number + 1 == len(days) or days[number + 1][0] > offset)
