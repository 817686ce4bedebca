"""The output of the wrapped program on its way to Kafka: CRI lines, as a container runtime would have written them.

Both streams are one source, so their records stand in the order in which they were read, each with its time. When the
sender's memory is full, whole blocks are dropped (or their stream waits): the next chunk names the gap exactly.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import Final

from producers.core.relay.lines import CriLines
from producers.relay.sender import Sender

_log = logging.getLogger(__name__)

COMPLAINT_SECS: Final = 30.0


class ShippedOutput:
    """Takes blocks of stdout and stderr, from a thread each."""

    def __init__(self, sender: Sender, *, block: bool) -> None:
        self._sender = sender
        self._block = block
        self._streams = {name: CriLines(name) for name in ("stdout", "stderr")}
        self._lock = threading.Lock()
        """A block's place in the order and the gap before it belong together."""
        self._complained_at = -COMPLAINT_SECS
        self.dropped_lines = 0
        self.dropped_bytes = 0

    def take(self, stream: str, block: bytes) -> None:
        """A block as the program wrote it."""
        self._send(self._streams[stream].take(block, _now()), wait=self._block)

    def end(self) -> None:
        """The program has ended; what it left without line end is a line. Never waits."""
        for stream in self._streams.values():
            self._send(stream.end(_now()), wait=False)

    def _send(self, lines: bytes, *, wait: bool) -> None:
        if not lines:
            return
        count = lines.count(b"\n")
        if wait:
            taken = self._sender.offer_or_wait(lines, count)
        else:
            with self._lock:
                taken = self._sender.offer(lines, count)
                if not taken:
                    self._sender.drop(len(lines))
        if not taken:
            self._dropped(len(lines), count)

    def _dropped(self, size: int, count: int) -> None:
        with self._lock:
            self.dropped_bytes += size
            self.dropped_lines += count
            now = time.monotonic()
            if now - self._complained_at < COMPLAINT_SECS:
                return
            self._complained_at = now
        _log.error(
            "Kafka does not keep up: %d lines (%d bytes) did not reach it so far; they were passed through",
            self.dropped_lines, self.dropped_bytes,
        )  # fmt: skip


def _now() -> bytes:
    """Time as container runtimes write it: RFC 3339, UTC, nanoseconds."""
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z".encode()
