"""One output of the wrapped program: passed through first, shipped second.

Nothing that happens to shipping holds up what is passed through. When nobody reads our output any more, the program's
pipe is closed, and the program meets what it would have met without us: SIGPIPE at its next line.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable
from typing import Final

_log = logging.getLogger(__name__)

BLOCK_BYTES: Final = 64 * 1024  # what a pipe holds (Linux)


class Pump(threading.Thread):
    """Reads one end of a pipe until it ends, or until the program has ended and the pipe is empty.

    A grandchild that holds the pipe open does not keep the pump going: what the program itself wrote is in the pipe
    when it ends.
    """

    def __init__(self, source: int, target: int, ship: Callable[[bytes], None], ended: int) -> None:
        super().__init__(name=f"logferry-relay-{target}", daemon=True)
        self._source = source
        self._target = target
        self._ship = ship
        self._ended = ended
        """Becomes readable when the program has ended."""

    def run(self) -> None:
        """Pass blocks on until there are none."""
        try:
            while self._wait():
                block = os.read(self._source, BLOCK_BYTES)
                if not block:
                    break
                self._pass_on(block)
                self._ship_safely(block)
        except OSError as error:
            _log.info("output %d cannot be written any more: %s", self._target, error.strerror)
        finally:
            os.close(self._source)

    def _wait(self) -> bool:
        """Wait until there is something to read; False: the program has ended and there is nothing."""
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        poll.register(self._ended, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll()}
        return self._source in ready

    def _pass_on(self, block: bytes) -> None:
        view = memoryview(block)
        while view:
            try:
                view = view[os.write(self._target, view) :]
            except BlockingIOError:  # somebody made the output non-blocking
                select.select([], [self._target], [])

    def _ship_safely(self, block: bytes) -> None:
        try:
            self._ship(block)
        except Exception:
            _log.exception("a block of output %d was passed on but not shipped", self._target)
