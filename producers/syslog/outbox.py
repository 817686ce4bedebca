"""Messages on their way to Kafka: a short batch for each sender, shipped when it is due and while there is room.

The first message after a pause is shipped at once, what follows it at most every ``batch_interval_secs``. While memory
is short, nothing is shipped and the listeners stop reading: so the kernel's buffers fill, a connection's sender is
slowed down, and of datagrams the kernel drops, and counts, what it cannot hold.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from producers.chunk import Chunk, Source
from producers.core.syslog.frames import counted
from schemas.identity import incarnation

if TYPE_CHECKING:
    from producers.intake import Intake
    from schemas.settings.inputs.syslog import SyslogInput

_DRAIN_SECS: Final = 5.0
"""How long a stopping input waits for room. What remains is handed over then, room or not: it is in memory already."""

_NOTHING_OPEN: Final = {"inside_line": False, "open_streams": {}}


class Sender:
    """One connection, or one address that sends datagrams: an incarnation, and its messages not shipped yet."""

    __slots__ = ("_begun", "_gap", "incarnation", "last_ns", "offset", "path", "size", "source", "waiting")

    def __init__(self, source: Source, path: str) -> None:
        self.source = source
        self.path = path
        # Nothing in the protocol tells a repetition from a new message, so every incarnation is a new one.
        unique = b"%d " % time.time_ns() + os.urandom(8)
        self.incarnation = incarnation(source["id"], 0, unique)
        self.offset = 0
        """Bytes in the chunks made so far."""
        self.waiting: list[bytes] = []
        self.size = 0
        """Bytes that wait."""
        self.last_ns = 0
        """When it was heard last, in nanoseconds since 1970."""
        self._begun = False
        self._gap: dict[str, Any] | None = None

    def take(self, message: bytes, now_ns: int) -> int:
        """Let a message wait; returns the bytes it takes."""
        wrapped = counted(message)
        self.waiting.append(wrapped)
        self.size += len(wrapped)
        self.last_ns = now_ns
        return len(wrapped)

    def chunk(self, *, ended: bool = False) -> Chunk | None:
        """All that waits as a chunk; None when there is nothing to tell."""
        if not self.waiting and not (ended and self._begun):
            return None
        resumed: dict[str, Any] | None = None if self._begun else _NOTHING_OPEN
        chunk = Chunk(
            self.source, self.path, self.incarnation, self.offset, b"".join(self.waiting), len(self.waiting),
            ended=ended, end_reason="closed" if ended else None,
            gap=self._gap, resumed=resumed, observed_timestamp=self.last_ns,
        )  # fmt: skip
        self._begun, self._gap = True, None
        self.offset += self.size
        self.waiting, self.size = [], 0
        return chunk

    def skip(self, length: int, reason: str) -> tuple[int, int]:
        """Pass over bytes that will never come, behind those made into chunks; returns where they begin and end."""
        start = self.offset
        self.offset += length
        self._gap = {"start": start, "reason": reason}
        return start, self.offset


class Outbox:
    """What one input received and has not shipped."""

    def __init__(
        self, intake: Intake, settings: SyslogInput, pause: Callable[[], None], resume: Callable[[], None]
    ) -> None:
        """``pause`` is called when listeners must stop reading, ``resume`` when they may go on."""
        self._intake = intake
        self._settings = settings
        self._pause = pause
        self._resume = resume
        self._loop = asyncio.get_running_loop()
        self._open: dict[Sender, None] = {}
        """Senders with messages that wait, in the order in which they began."""
        self._ready: deque[Chunk] = deque()
        self._size = 0
        """Bytes in both."""
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = 0.0
        self._relief: asyncio.Task[None] | None = None
        """Waits for room; there while memory is short."""

    @property
    def is_pressed(self) -> bool:
        """Memory is short: listeners must not read."""
        return self._relief is not None

    def add(self, sender: Sender, messages: Iterable[bytes]) -> None:
        """Take messages of a sender, in their order."""
        now_ns = time.time_ns()
        limit = self._settings.batch_max_bytes
        for message in messages:
            if sender.size and sender.size + len(message) > limit:
                self._close(sender)
            self._size += sender.take(message, now_ns)
            self._open[sender] = None
        if self._ready or self._size >= self._settings.buffer_max_bytes:
            self.flush()
        elif self._open and self._timer is None:
            due = self._flushed_at + self._settings.batch_interval_secs
            self._timer = self._loop.call_at(due, self.flush)

    def skip(self, sender: Sender, length: int, reason: str) -> tuple[int, int]:
        """Note that bytes behind a sender's last message are missing; returns where they begin and end."""
        self._close(sender)
        self._ship()
        return sender.skip(length, reason)

    def end(self, sender: Sender) -> None:
        """A sender's connection has ended; its last messages were added."""
        self._close(sender, ended=True)
        self._ship()

    def _close(self, sender: Sender, *, ended: bool = False) -> None:
        self._open.pop(sender, None)
        chunk = sender.chunk(ended=ended)
        if chunk is not None:
            self._ready.append(chunk)

    def flush(self) -> None:
        """Ship all that waits, if there is room."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._flushed_at = self._loop.time()
        for sender in list(self._open):
            self._close(sender)
        self._ship()

    def _ship(self) -> None:
        while self._ready and self._intake.has_room():
            self._ship_one()
        if self._relief is None and (self._ready or not self._intake.has_room()):
            self._relief = self._loop.create_task(self._wait_for_room())
            self._pause()

    def _ship_one(self) -> None:
        chunk = self._ready.popleft()
        self._size -= len(chunk.payload)
        self._intake.ship_soon(chunk)

    async def _wait_for_room(self) -> None:
        while self._ready or not self._intake.has_room():
            await self._intake.room()
            while self._ready and self._intake.has_room():
                self._ship_one()
        self._relief = None
        self._resume()

    async def drain(self) -> None:
        """Ship everything; nothing is added any more."""
        self.flush()
        if self._relief is not None:
            await asyncio.wait((self._relief,), timeout=_DRAIN_SECS)
        if self._relief is not None:
            self._relief.cancel()
            await asyncio.wait((self._relief,))
            self._relief = None
        while self._ready:
            self._ship_one()
