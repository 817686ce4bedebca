"""Standard output as a place for lines: written promptly, waited for while it blocks, and noticed when nobody reads it.

Nothing is buffered here, so pressure travels back to the file by itself. A pipe is written in pieces of at most
PIPE_BUF bytes cut behind line ends: each is atomic (POSIX, write), so the lines of a program that has the same pipe are
not mixed into ours, unless a line is longer than that.
"""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable
from typing import Final

from producers.core.relay.lines import OneVoice, piece_end

LARGE_PIECE_BYTES: Final = 64 * 1024
WAIT_SECS: Final = 0.1
"""How long a wait for a blocked output lasts before it is asked whether to go on waiting."""


class LineOutput:
    """Lines of several sources to one descriptor."""

    def __init__(self, descriptor: int, keep_waiting: Callable[[], bool]) -> None:
        self._descriptor = descriptor
        self._keep_waiting = keep_waiting
        """Asked while nobody reads; False: give up what is being written."""
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._piece_bytes = LARGE_PIECE_BYTES if is_file else select.PIPE_BUF
        self._voice = OneVoice()
        self._room = select.poll()
        self._room.register(descriptor, select.POLLOUT)
        self._gone = select.poll()
        self._gone.register(descriptor, 0)

    def write(self, who: int, data: bytes, prefix: bytes = b"", *, ends: bool = False) -> bool:
        """Write all of ``data``, lines of source ``who``; ``ends``: what comes next begins a line.

        Returns whether all was written. Raises BrokenPipeError when nobody will ever read.
        """
        spoken = self._voice.say(who, data, prefix)
        return self._write(spoken + self._voice.end_line(who) if ends else spoken)

    def is_gone(self) -> bool:
        """Whether the reader has gone, known without writing."""
        return any(flags & (select.POLLERR | select.POLLHUP) for _, flags in self._gone.poll(0))

    def _write(self, data: bytes) -> bool:
        view, at = memoryview(data), 0
        while at < len(data):
            if not self._room.poll(WAIT_SECS * 1000):
                if not self._keep_waiting():
                    return False
                continue
            try:
                at += os.write(self._descriptor, view[at : piece_end(data, at, self._piece_bytes)])
            except BlockingIOError:  # somebody made the output non-blocking, and another writer was faster
                continue
        return True
