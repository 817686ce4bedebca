"""Which days of an archive are over. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

REST_SECS: Final = 86_400.0
"""A day in which something was written since then stays for now: a replay brought it back, or a compaction is at it."""


@dataclass(frozen=True)
class Day:
    """A day of a topic, with everything that logferry wrote in it."""

    topic: str
    day: date
    objects: int
    bytes: int
    records: int | None
    """By manifests; None: some object stands in none."""
    modified: float
    """When something of it was written last."""

    @property
    def name(self) -> str:
        """``<topic>/dt=YYYY-MM-DD``."""
        return f"{self.topic}/dt={self.day.isoformat()}"


def is_over(day: date, keep_days: int, now: float) -> bool:
    """Whether a whole day lies farther back than so many days, in UTC."""
    try:
        return day < datetime.fromtimestamp(now, UTC).date() - timedelta(days=keep_days)
    except OverflowError:  # before the year 1
        return False


def rests(day: Day, now: float) -> bool:
    """Whether nothing was written there lately."""
    return now - day.modified >= REST_SECS
