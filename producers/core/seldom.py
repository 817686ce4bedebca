"""What goes on happening is said once a minute, with how often it has happened."""

from __future__ import annotations

from typing import Final

_QUIET_SECS: Final = 60.0


class Seldom:
    """One thing that may happen often and is worth a log line."""

    def __init__(self) -> None:
        self._said_at = float("-inf")
        self._untold = 0

    def due(self, now: float, times: int = 1) -> int:
        """Note that it happened; returns how often since it was last said, if it is time to say so, else 0.

        ``now`` is monotonic, in seconds.
        """
        self._untold += times
        if not self._untold or now - self._said_at < _QUIET_SECS:
            return 0
        told, self._untold, self._said_at = self._untold, 0, now
        return told
