"""Signals that ask `up` to stop: the first one gently, a second one at once.

While servers are being downloaded and started the first one interrupts; later it is counted and the main loop sees it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Use it in a ``with`` block, in the main thread."""

    def __init__(self) -> None:
        self.count = 0
        self._interrupts = False

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._take) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self._interrupts:
            self._interrupts = False
            raise KeyboardInterrupt

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """While in here the first signal raises KeyboardInterrupt."""
        self._interrupts = True
        try:
            yield
        finally:
            self._interrupts = False
