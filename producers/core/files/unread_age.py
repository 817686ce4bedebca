"""How old the oldest unread byte of a log is, without looking at a line: by when the log was seen to be so long.

Sample: at 10:00:00 a log is 100 bytes long and at 10:00:05 it is 300. At 10:00:20, with 100 bytes read, what comes next
is at least 15 s old: it was not there at 10:00:00, but at 10:00:05 it was.
"""

from __future__ import annotations

from typing import Final

PARTS: Final = 20
"""Moments lie so far apart that ages are too low by this part, at most, of the highest since the log was last read to
its end. There are about as many of them, and some dozens more for what nobody reads for days."""


class UnreadAge:
    """Of one log. Times are a monotonic clock's, in seconds."""

    def __init__(self, unread_secs: float = 0.0) -> None:
        """``unread_secs``: so old is at least what is unread when it is looked at for the first time."""
        self._first = unread_secs
        self._marks: list[tuple[float, int]] = []
        """When the log was seen to end where; both rise."""

    def look(self, read: int, unread: int, now: float) -> float:
        """The age in seconds; ``read``: bytes of the log that were read so far, ``unread``: those that follow."""
        end = read + unread
        self._marks = [each for each in self._marks if read < each[1] <= end]
        if not unread:
            return 0.0
        if not self._marks or self._marks[-1][1] < end:
            self._mark(now - self._first, end)
        self._first = 0.0
        return now - self._marks[0][0]

    def _mark(self, when: float, end: int) -> None:
        """Remember a moment, in place of the last one if that is too near to the one before."""
        marks = self._marks
        if len(marks) > 1 and marks[-1][0] - marks[-2][0] < (when - marks[0][0]) / PARTS:
            marks[-1] = when, end
        else:
            marks.append((when, end))
