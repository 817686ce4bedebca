"""Inputs that are spoken to: servers in one event loop, and the way in which what they receive reaches Kafka.

The loop runs in a thread of its own beside the reading of files; nothing here blocks it. Whatever an input was told is
confirmed to the client only after Kafka has it, if its protocol can confirm at all.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from producers.chunk import Chunk, Loss


class Intake(Protocol):
    """What a network input may do with what it received. Call it from the network loop only."""

    def has_room(self) -> bool:
        """Whether memory for another chunk is free. Where it is not, say so (HTTP 429) or stop reading (TCP)."""

    async def room(self) -> None:
        """Return when memory for another chunk is free."""

    async def ship(self, chunk: Chunk) -> None:
        """Send a chunk and return when all in-sync replicas have it. Whoever ships asks for room before.

        Raises asyncio.CancelledError when the producer stops before: then the client must not be told that it is kept.
        """

    def ship_soon(self, chunk: Chunk) -> None:
        """Send a chunk of a protocol that confirms nothing."""

    def position(self, key: str) -> str | None:
        """What `advance` was last told under a key, in this run or an earlier one; None: nothing, or it was damaged."""

    def advance(self, key: str, position: str) -> None:
        """Remember how far a source that can be read again is kept by Kafka; written with the next checkpoint."""

    def lost(self, loss: Loss) -> None:
        """Report bytes or records that can never be shipped: metric, log line and ledger entry."""

    def count(self, name: str, amount: float = 1, *labels: str) -> None:
        """Add to a metric of schemas.metrics."""


class NetworkInput(Protocol):
    """One entry of `inputs` that listens."""

    async def start(self, intake: Intake) -> None:
        """Begin to listen. Raises SettingsError when the address cannot be had or a certificate cannot be read."""

    async def stop(self) -> None:
        """Take nothing more; what was received whole is shipped before this returns."""

    def addresses(self) -> list[str]:
        """Where it listens, as ``udp://127.0.0.1:514``; known once it has started (port 0 takes any free one)."""


@runtime_checkable
class OwnThread(Protocol):
    """An input that works in a thread of its own, which might hang without the loop being held up."""

    busy_since: float | None
    """By the monotonic clock, when what the thread does began or has its time limit behind it; None: it does
    nothing."""
