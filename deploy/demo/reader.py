"""One thread that reads the pipes of every running program: containerd's part of `runtime`.

Each pipe is a `Drain`: where its bytes go and what to do at its end. Reading is all this thread does, so that nothing
slow (compressing a rotated file, publishing metadata) ever lets a program wait for its own output.
"""

from __future__ import annotations

import logging
import os
import selectors
import threading
from collections import deque
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

READ_BYTES: Final = 1 << 18

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Drain:
    """One pipe: `take` gets its bytes in order, `end` is called once after the last of them."""

    pipe: IO[bytes]
    take: Callable[[bytes], None]
    end: Callable[[], None]


class PipeReader:
    """Reads every added pipe until its end; `close` waits for nothing and forgets what is still open."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._added: deque[Drain] = deque()
        self._wake_read, self._wake_write = os.pipe()
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="container-output", daemon=True)
        self._thread.start()

    def add(self, drain: Drain) -> None:
        """Begin to read a pipe."""
        self._added.append(drain)
        os.write(self._wake_write, b".")

    def close(self) -> None:
        """Stop reading and end the thread."""
        self._closing = True
        os.write(self._wake_write, b".")
        self._thread.join()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _run(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._admit()
                else:
                    self._read(key.data)

    def _admit(self) -> None:
        os.read(self._wake_read, READ_BYTES)
        while self._added:
            drain = self._added.popleft()
            self._selector.register(drain.pipe, selectors.EVENT_READ, drain)

    def _read(self, drain: Drain) -> None:
        chunk = os.read(drain.pipe.fileno(), READ_BYTES)
        if not chunk:
            self._selector.unregister(drain.pipe)
            drain.pipe.close()
            drain.end()
            return
        try:
            drain.take(chunk)
        except (OSError, ValueError) as error:  # ValueError: the container was buried, its log is closed
            # As containerd: a log that cannot be written must not block the program.
            _log.error("container output lost: %d bytes could not be written: %s", len(chunk), error)
