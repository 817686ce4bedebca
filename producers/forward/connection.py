"""One connection: its handshake, its requests one after another, and what ends it.

Nothing is read while there is no room for what would come. A request is handled to its end, Kafka's acknowledgement
included, before the next is looked at, so entries stay in order and a connection holds one request at a time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from producers.core.forward.entries import Entries, EntryLimits, Piece, entries_of
from producers.core.forward.handshake import PING_MAX_BYTES, Admission, Challenge, answer_ping, helo
from producers.core.forward.messages import Request, acknowledgement, parse_request
from producers.core.forward.values import READ_MAX_BYTES, Refusal, ValueStream

if TYPE_CHECKING:
    from producers.forward.delivery import Delivery
    from producers.intake import Intake
    from schemas.settings.inputs.forward import ForwardInput


@dataclass(frozen=True)
class Shared:
    """What all connections of an input have in common."""

    name: str
    settings: ForwardInput
    limits: EntryLimits
    admission: Admission | None
    """Who is admitted; None: everybody."""
    intake: Intake
    large_requests: asyncio.Semaphore
    """Places for requests that are larger than a chunk."""


class Connection:
    """One connection, from its first byte to its last."""

    def __init__(
        self, shared: Shared, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delivery: Delivery
    ) -> None:
        self._shared = shared
        self._settings = shared.settings
        self._reader = reader
        self._writer = writer
        self._delivery = delivery
        self._stream = ValueStream(shared.settings.request_max_bytes)
        self._loop = asyncio.get_running_loop()
        self._has_place = False
        """Holds one of the places for large requests."""
        self._spent = 0.0
        """Seconds waited for bytes of the request that is coming."""
        self._requests = 0

    async def serve(self, challenge: Challenge) -> Refusal | None:
        """Serve until the client or the input ends it; returns why it must be closed, if for what came by it.

        Raises OSError when the connection breaks, asyncio.CancelledError when the producer stops.
        """
        try:
            if self._shared.admission is not None:
                refusal = await self._shake_hands(challenge, self._shared.admission)
                if refusal is not None:
                    return refusal
            return await self._take_requests()
        finally:
            self._give_place_back()
            self._count()
            self._delivery.close()

    async def _shake_hands(self, challenge: Challenge, admission: Admission) -> Refusal | None:
        await self._write(helo(challenge))
        try:
            async with asyncio.timeout(self._settings.handshake_timeout_secs):
                value = await self._next_value(PING_MAX_BYTES)
        except TimeoutError:
            return Refusal("too_slow", "it did not answer the handshake: give it the shared key")
        if not isinstance(value, bytes):
            return value
        verdict = answer_ping(value, challenge, admission)
        await self._write(verdict.pong)
        return None if verdict.denied is None else Refusal("authentication", verdict.denied)

    async def _take_requests(self) -> Refusal | None:
        try:
            while isinstance(value := await self._next_value(), bytes):
                request = parse_request(value)
                if isinstance(request, Request):
                    refusal = await self._take(request)
                    if refusal is None and request.single and request.chunk is None:
                        await self._take_more(value, request.tag)
                    if refusal is not None:
                        return refusal
                elif isinstance(request, Refusal):
                    return request
            return value
        finally:
            await self._delivery.flush()

    async def _next_value(self, max_bytes: int | None = None) -> bytes | Refusal | None:
        """The next value, or what is wrong with it; None: there is no more."""
        while True:
            value = self._stream.next_value(max_bytes)
            if value is not None:
                return value
            await self._delivery.flush()
            self._count()
            await self._make_room()
            data = await self._read()
            if isinstance(data, Refusal):
                return data
            if not data:
                cut_off = self._stream.pending > 0
                return Refusal("cut_off", "it ended within a request") if cut_off else None
            self._stream.feed(data)

    async def _make_room(self) -> None:
        """Wait until more may be read."""
        if self._stream.pending <= self._settings.chunk_max_bytes:
            self._give_place_back()
        else:
            await self._take_place()
        await self._shared.intake.room()

    async def _read(self) -> bytes | Refusal:
        """What has come; empty at the end."""
        within = self._stream.pending > 0
        if not within:
            self._spent = 0.0
        limit = self._settings.request_timeout_secs - self._spent if within else self._settings.idle_timeout_secs
        began = self._loop.time()
        try:
            async with asyncio.timeout(limit):
                return await self._reader.read(READ_MAX_BYTES)
        except TimeoutError:
            return Refusal("too_slow", "a request did not come whole in time") if within else b""
        finally:
            self._spent += self._loop.time() - began

    async def _take(self, request: Request) -> Refusal | None:
        """Ship a request and acknowledge it, if it asks for that."""
        entries = await self._entries(request)
        if isinstance(entries, Refusal):
            return entries
        self._requests += 1
        if request.chunk is None:
            await self._delivery.gather(request.tag, entries)
            return None
        await self._delivery.keep(request.tag, request.chunk, entries)
        return await self._acknowledge(request.chunk)

    async def _take_more(self, value: bytes, tag: bytes) -> None:
        """Ship the messages that have come behind a message, and differ from it in their entries only."""
        more = self._stream.more_like(value)
        if more:
            self._requests += len(more)
            await self._delivery.gather(tag, Entries([Piece(b"".join(more), len(more))], b""))

    async def _entries(self, request: Request) -> Entries | Refusal:
        """The entries of a request. What is or may become large is opened in a thread: others do not wait for it."""
        limits = self._shared.limits
        if not request.gzipped and len(request.entries) <= limits.chunk_max_bytes:
            return entries_of(request, limits)
        await self._take_place()
        entries = await asyncio.to_thread(entries_of, request, limits)
        if isinstance(entries, Entries) and len(entries.pieces) <= 1:
            self._give_place_back()
        return entries

    async def _acknowledge(self, chunk: str | bytes) -> Refusal | None:
        try:
            async with asyncio.timeout(self._settings.request_timeout_secs):
                await self._write(acknowledgement(chunk))
        except TimeoutError:
            return Refusal("too_slow", "it does not read acknowledgements")
        return None

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def _take_place(self) -> None:
        if not self._has_place:
            await self._shared.large_requests.acquire()
            self._has_place = True

    def _give_place_back(self) -> None:
        if self._has_place:
            self._shared.large_requests.release()
            self._has_place = False

    def _count(self) -> None:
        if self._requests:
            self._shared.intake.count("logferry_producer_forward_requests_total", self._requests, self._shared.name)
            self._requests = 0
