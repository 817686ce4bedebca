"""Lines on their way to Kafka from one program: batches cut by size and age, memory bounded, gaps exact."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from producers.chunk import Chunk, Source

OVERFLOW: Final = "overflow"
"""Reason of a gap: the sender's memory was full and bytes were dropped."""
CLOSED: Final = "closed"
"""End reason of an incarnation whose program or process ended."""


@dataclass(frozen=True)
class BatchLimits:
    """How much is gathered, and for how long."""

    chunk_max_bytes: int = 256 * 1024
    """A chunk is closed before it has more bytes. What one call adds is never cut."""
    linger_secs: float = 0.1
    """A chunk is closed so long after its first line, so that a single line reaches Kafka within 250 ms."""
    memory_max_bytes: int = 8 * 1024 * 1024
    """Bytes that Kafka has not acknowledged yet. When it is reached, lines are dropped and counted (or their writer
    waits, where it was told to). At 1 MB/s a broker may be away for 8 seconds."""


class Batches:
    """What one incarnation has to send: an open chunk, closed ones, and those that fly. Not thread-safe."""

    def __init__(self, source: Source, path: str, incarnation: bytes, limits: BatchLimits) -> None:
        self._source = source
        self._path = path
        self._incarnation = incarnation
        self._limits = limits
        self._open = bytearray()
        self._open_lines = 0
        self._opened_at = 0.0
        self._position = 0
        """Where the next byte belongs."""
        self._gap: int | None = None
        """Where the bytes dropped just before the open chunk begin."""
        self._any = False
        self._closed: deque[Chunk] = deque()
        self._flying: dict[int, Chunk] = {}
        """By offset, oldest first."""
        self.held_bytes = 0
        """Payload that Kafka has not acknowledged."""

    # -- in -----------------------------------------------------------------------------------------------------------

    def has_room(self, size: int, share: float = 1.0) -> bool:
        """Whether ``size`` bytes fit into a share of the memory; something always fits into empty memory."""
        return self.held_bytes + size <= self._limits.memory_max_bytes * share or not self.held_bytes

    def add(self, data: bytes, lines: int, now: float, observed: int) -> None:
        """Whole lines. ``now`` is a monotonic time in seconds, ``observed`` nanoseconds since 1970."""
        if self._open and len(self._open) + len(data) > self._limits.chunk_max_bytes:
            self.close_open(observed)
        if not self._open:
            self._opened_at = now
        self._open += data
        self._open_lines += lines
        self._position += len(data)
        self.held_bytes += len(data)

    def drop(self, size: int, observed: int) -> None:
        """Bytes that are passed over: the next chunk names them. ``observed`` is nanoseconds since 1970."""
        if self._open:
            self.close_open(observed)
        if self._gap is None:
            self._gap = self._position
        self._position += size

    # -- out ----------------------------------------------------------------------------------------------------------

    def due_in(self, now: float) -> float | None:
        """Seconds until there is something to send, 0 if there is; None: there is nothing at all."""
        if self._closed or len(self._open) >= self._limits.chunk_max_bytes:
            return 0.0
        return max(0.0, self._opened_at + self._limits.linger_secs - now) if self._open else None

    def next_chunk(self, now: float, observed: int) -> Chunk | None:
        """The next chunk to send, which flies from now on."""
        if self.due_in(now) != 0.0:
            return None
        if not self._closed:
            self.close_open(observed)
        chunk = self._closed.popleft()
        self._flying[chunk.offset] = chunk
        return chunk

    def close_open(self, observed: int, *, ended: bool = False) -> None:
        """Close the open chunk, however small; ``ended``: it is the last, and stands even when it is empty."""
        if not self._open and not (ended and (self._any or self._gap is not None)):
            return
        payload = bytes(self._open)
        self._closed.append(
            Chunk(
                self._source,
                self._path,
                self._incarnation,
                self._position - len(payload),
                payload,
                self._open_lines,
                ended=ended,
                end_reason=CLOSED if ended else None,
                gap=None if self._gap is None else {"start": self._gap, "reason": OVERFLOW},
                resumed=None if self._any else {"inside_line": False, "open_streams": {}},
                observed_timestamp=observed,
            )
        )
        self._open, self._open_lines, self._gap, self._any = bytearray(), 0, None, True

    def acknowledge(self, offset: int) -> None:
        """Kafka has the chunk that begins there."""
        chunk = self._flying.pop(offset, None)
        if chunk is not None:
            self.held_bytes -= len(chunk.payload)

    def land(self) -> None:
        """What flies must be sent again, before anything else, under the same offsets."""
        self._closed.extendleft(reversed(self._flying.values()))
        self._flying.clear()

    @property
    def flying_bytes(self) -> int:
        """Payload that was sent and is not acknowledged."""
        return sum(len(chunk.payload) for chunk in self._flying.values())

    @property
    def is_empty(self) -> bool:
        """Whether Kafka has everything."""
        return not (self._open or self._closed or self._flying)

    def unsent_lines(self) -> int:
        """Lines that Kafka has not acknowledged."""
        return self._open_lines + sum(chunk.lines for chunk in (*self._closed, *self._flying.values()))
