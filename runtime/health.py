"""What a process says of its own health, when its endpoint (`runtime.endpoint`) is asked.

*Live* means that the main loop makes progress. It beats once a round, which costs a look at the clock; everything else
is found out by whoever asks, in the endpoint's thread. A loop that waits because Kafka or a destination is away goes on
beating: starting it again would change nothing. *Ready* means that the process can do its work now.

Sample, of a sink whose destination never answers::

    a request to the destination has been under way for 361 s
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Check: TypeAlias = Callable[[float], str | None]
"""What is wrong at a time of the monotonic clock, in words; None: nothing."""

UNREADY_SECS = 30.0
"""What fails for so long makes a process unready. Shorter failures are what retries are for: a broker that is
restarted, a leader that moves, a destination that says 429."""


class Health:
    """Of one process. `beat` and `call` are for the threads that work, `live` and `ready` for those that ask."""

    def __init__(self, stall_secs: float) -> None:
        """Made by the thread of the main loop. ``stall_secs``: how long that may be silent."""
        self.stall_secs = stall_secs
        self._beat = time.monotonic()
        self._main = threading.get_ident()
        self._calls: dict[int, tuple[str, float, float]] = {}
        """Thread -> what it does, since when, and how long that may take."""
        self._live: list[Check] = []
        self._ready: list[Check] = []

    def beat(self, more_secs: float = 0.0) -> None:
        """The main loop moves; what it does next may take ``more_secs`` beyond the usual."""
        self._beat = time.monotonic() + more_secs

    def waiting(self) -> None:
        """The calling thread waits for Kafka, and looks once in a while: that is alive, if it is the main loop's."""
        if threading.get_ident() == self._main:
            self.beat()

    @contextmanager
    def call(self, what: str, limit_secs: float) -> Iterator[None]:
        """A thread beside the main loop does something that must return within a time."""
        key = threading.get_ident()
        self._calls[key] = (what, time.monotonic(), limit_secs)
        try:
            yield
        finally:
            del self._calls[key]

    def live_if(self, check: Check) -> None:
        """One more condition for being live."""
        self._live.append(check)

    def ready_if(self, check: Check) -> None:
        """One more condition for being ready."""
        self._ready.append(check)

    def live(self, now: float) -> list[str]:
        """Why this process makes no progress; empty: it does."""
        problems = [check(now) for check in (self._main_loop, *self._live)]
        return [each for each in problems if each] + list(self._overdue(now))

    def ready(self, now: float) -> list[str]:
        """What keeps this process from its work; empty: nothing."""
        problems = [check(now) for check in self._ready]
        return self.live(now) + [each for each in problems if each]

    def _main_loop(self, now: float) -> str | None:
        silent = now - self._beat
        return None if silent <= self.stall_secs else f"the main loop has made no progress for {silent:.0f} s"

    def _overdue(self, now: float) -> Iterator[str]:
        for what, since, limit in list(self._calls.values()):
            if now - since > limit:
                yield f"{what} has been under way for {now - since:.0f} s"


class Failing:
    """Since when something fails. Any thread may tell; the last word counts."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._since: float | None = None
        self._why = ""

    def failed(self, why: str) -> None:
        """It failed, once more or for the first time."""
        self._why = why
        if self._since is None:
            self._since = time.monotonic()

    def succeeded(self) -> None:
        """It worked."""
        self._since = None

    def secs(self, now: float) -> float:
        """For how long it has failed; 0: it works."""
        since = self._since
        return 0.0 if since is None else max(0.0, now - since)

    def check(self, now: float) -> str | None:
        """For `Health.ready_if`: what has failed for longer than UNREADY_SECS."""
        since = self._since
        if since is None or now - since <= UNREADY_SECS:
            return None
        return f"{self._what} has failed for {now - since:.0f} s: {self._why}"
