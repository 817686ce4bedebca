"""A thread that does one thing again and again until it is told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Loop:
    """Calls ``step`` with the seconds since the start; what it raises is raised by `stop`, in the thread that asks."""

    def __init__(self, step: Callable[[float], None], pause_secs: float = 0.02) -> None:
        self._step = step
        self._pause = pause_secs
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._under_way = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let the step under way end."""
        self._ended.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def settle(self) -> None:
        """Wait until the step under way has ended."""
        with self._under_way:
            pass

    def _run(self) -> None:
        began = time.monotonic()
        try:
            while not self._ended.wait(self._pause):
                with self._under_way:
                    self._step(time.monotonic() - began)
        except BaseException as error:  # raised again by `stop`
            self._failure = error
