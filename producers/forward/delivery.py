"""From requests of one connection to chunks in Kafka.

Requests without acknowledgement are gathered while the next is there already, for Docker sends a request for each line:
what was read at once and has one tag becomes one chunk. Requests with acknowledgement are chunks of their own.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from producers.core.forward.entries import Entries, Piece, grouped
from producers.core.forward.sources import Lives, Origins, chunks_of_request

if TYPE_CHECKING:
    from producers.intake import Intake


class Delivery:
    """What one connection sends on."""

    def __init__(self, intake: Intake, origins: Origins, lives: Lives, path: str, chunk_max_bytes: int) -> None:
        self._intake = intake
        self._origins = origins
        self._lives = lives
        self._path = path
        self._chunk_max_bytes = chunk_max_bytes
        self._loop = asyncio.get_running_loop()
        self._gathered: list[tuple[bytes, Piece]] = []
        """Entries without acknowledgement that are not shipped yet, with their tags."""
        self._size = 0

    async def keep(self, tag: bytes, chunk_id: str | bytes, entries: Entries) -> None:
        """Ship entries that are to be acknowledged, behind those that were gathered; Kafka has them when this returns.

        Raises asyncio.CancelledError when the producer stops before.
        """
        await self.flush()
        origin = self._origins.of(tag, self._loop.time())
        shipping: list[asyncio.Future[None]] = []
        try:
            for chunk in chunks_of_request(origin, self._path, chunk_id, entries, time.time_ns()):
                await self._intake.room()
                shipping.append(asyncio.ensure_future(self._intake.ship(chunk)))
                await asyncio.sleep(0)  # it is on its way before the next one asks for room
            await asyncio.gather(*shipping)
        finally:
            for each in shipping:
                each.cancel()

    async def gather(self, tag: bytes, entries: Entries) -> None:
        """Take entries that nobody waits for; they are shipped by `flush` at the latest."""
        self._gathered += [(tag, piece) for piece in entries.pieces]
        self._size += sum(len(piece.payload) for piece in entries.pieces)
        if self._size >= self._chunk_max_bytes:
            await self.flush()

    async def flush(self) -> None:
        """Ship what was gathered.

        When the producer stops while this waits for room, the rest is shipped room or not: it is in memory already, and
        nobody else has it.
        """
        if not self._gathered:
            return
        now, now_ns = self._loop.time(), time.time_ns()
        chunks = [
            chunk
            for tag, piece in grouped(self._gathered, self._chunk_max_bytes)
            for chunk in self._lives.chunks(tag, self._origins, piece, now, now_ns)
        ]
        self._gathered, self._size = [], 0
        shipped = 0
        try:
            for chunk in chunks:
                await self._intake.room()
                self._intake.ship_soon(chunk)
                shipped += 1
        finally:
            for chunk in chunks[shipped:]:
                self._intake.ship_soon(chunk)

    def close(self) -> None:
        """The connection has ended: nothing is added to its incarnations any more."""
        for chunk in self._lives.ends(time.time_ns()):
            self._intake.ship_soon(chunk)
