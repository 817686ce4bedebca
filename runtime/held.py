"""For how long something is held up: back-pressure as a state and as seconds, at the cost of one comparison a round."""

from __future__ import annotations

import time
from collections.abc import Callable


class Held:
    """Told again and again by the thread that works; asked by any other."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._before = 0.0

    def hold(self) -> None:
        """It is held up now."""
        if self._since is None:
            self._since = self._clock()

    def free(self) -> None:
        """It is not."""
        since = self._since
        if since is not None:
            self._before += self._clock() - since
            self._since = None

    @property
    def is_held(self) -> bool:
        """What was told last."""
        return self._since is not None

    def now_secs(self) -> float:
        """For how long it has been so; 0: it is not."""
        since = self._since
        return 0.0 if since is None else max(0.0, self._clock() - since)

    def total_secs(self) -> float:
        """All of it since the start, what goes on included."""
        return self._before + self.now_secs()
