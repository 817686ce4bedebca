"""Work beside a sink's own: once a while after the start, and then every hour."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

_log = logging.getLogger(__name__)

FIRST_AFTER_SECS: Final = 300.0
EVERY_SECS: Final = 3600.0
END_SECS: Final = 2.0
"""Longest that a process that is asked to stop waits for work that has begun."""


class Hourly:
    """Calls something in a thread of its own. Whatever it raises is logged, and it is called again an hour later."""

    def __init__(self, work: Callable[[], object], what: str, every_secs: float, first_after_secs: float) -> None:
        self._work = work
        self._what = what
        self.count: Callable[..., object] = lambda *_: None
        """Adds to a metric: its name, an amount, and what labels it has beside the sink."""
        self._every, self._first = every_secs, first_after_secs
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=what, daemon=True)

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop; long work looks at this in between."""
        return self._stop.is_set()

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what has begun is waited for, for a moment."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(END_SECS)

    def failed(self) -> None:
        """Count what could not be done this time."""
        self.count("logferry_sink_errors_total", 1, self._what)

    def _run(self) -> None:
        pause = self._first
        while not self._stop.wait(pause):
            try:
                self._work()
            except Exception:
                _log.exception("%s failed and is tried again in an hour", self._what)
                self.failed()
            pause = self._every
