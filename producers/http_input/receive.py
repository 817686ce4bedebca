"""One request: what it asks for, whether it may, its body, its chunks, its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from producers.chunk import Source, source_of
from producers.core.http.credentials import Credentials
from producers.core.http.payload import LONG_WORK_BYTES, Payload, chunks_of, payload_of
from producers.core.http.refusals import Refusal, refusal
from producers.core.http.repeats import Repeats, digest_of
from producers.core.http.requests import Health, Upload, asked
from producers.http_input.body import Budget, Share, read_body
from producers.http_input.delivery import Deliveries
from producers.http_input.responses import Taken, accepted, refused
from producers.listening import bracketed, peer_host
from schemas.identity import source_id

if TYPE_CHECKING:
    from producers.intake import Intake
    from schemas.settings.inputs.http import HttpInput


class Receiver:
    """Answers requests."""

    def __init__(
        self,
        name: str,
        settings: HttpInput,
        node: str,
        intake: Intake,
        credentials: Credentials,
        clock: Callable[[], float],
    ) -> None:
        self._name, self._settings, self._node, self._intake = name, settings, node, intake
        self._credentials = credentials
        self._clock = clock
        self._repeats = Repeats(settings.repeat_window_secs, settings.repeats_max)
        self._deliveries = Deliveries(intake, clock)
        self._budget = Budget(settings.pending_max_bytes)
        self._reading: set[asyncio.Timeout] = set()
        self._stopping = False

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """The answer to any request."""
        wanted = asked(request.method, request.raw_path, request.headers, self._settings.tag_header)
        if isinstance(wanted, Health):
            return self._health()
        result = wanted if isinstance(wanted, Refusal) else await self._take(request, wanted)
        self.count(result.outcome)
        if isinstance(result, Taken):
            return accepted(result)
        return refused(result, request.raw_path, request.content_type, self._settings.retry_after_secs)

    def count(self, outcome: str) -> None:
        """Count what became of a request."""
        self._intake.count("logferry_producer_http_requests_total", 1, self._name, outcome)

    async def stop(self) -> None:
        """Refuse what is not received whole; return when everything else is shipped."""
        self._stopping = True
        for reading in self._reading:
            if not reading.expired():
                reading.reschedule(0)
        await self._deliveries.drain()

    def _health(self) -> web.Response:
        status, text = (503, "stopping") if self._stopping else (200, "ok")
        return web.json_response({"status": text, "room": self._intake.has_room()}, status=status)

    async def _take(self, request: web.BaseRequest, upload: Upload) -> Taken | Refusal:
        if refused_early := self._refusal_before_body(request, upload):
            return refused_early
        share = Share(self._budget)
        try:
            return await self._take_body(request, upload, share)
        finally:
            share.give_back()

    def _refusal_before_body(self, request: web.BaseRequest, upload: Upload) -> Refusal | None:
        if not self._credentials.admit(request.headers.get("Authorization")):
            return refusal("unauthorized")
        if upload.length > self._settings.body_max_bytes:
            limit = self._settings.body_max_bytes
            return refusal("too_large", problem=f"the body is too large: it may have {limit} bytes")
        if self._stopping:
            return refusal("stopping")
        if not self._intake.has_room() or not self._budget.has(upload.length):
            return refusal("pressed")
        return None

    async def _take_body(self, request: web.BaseRequest, upload: Upload, share: Share) -> Taken | Refusal:
        body = await self._read_in_time(request, upload, share)
        if isinstance(body, Refusal):
            return body
        payload = await _looked_through(upload, body)
        if isinstance(payload, Refusal):
            return payload
        if not payload.records:
            return Taken("empty", 0, upload)
        return await self._deliver(upload, payload, request, share)

    async def _deliver(
        self, upload: Upload, payload: Payload, request: web.BaseRequest, share: Share
    ) -> Taken | Refusal:
        source = self._source(upload)
        known = self._repeats.recognise(source["id"], upload.key, digest_of(payload.bytes), self._clock())
        if known is None:
            return refusal("key_reused")
        if known.kept_at is not None:
            return Taken("repeated", payload.records, upload)
        if flight := self._deliveries.flight(known):
            return await self._confirmed(flight, Taken("repeated", payload.records, upload))
        if self._stopping or not self._intake.has_room():
            return refusal("stopping" if self._stopping else "pressed")
        chunks = chunks_of(source, _url(request, upload), known.incarnation, payload, self._settings.chunk_max_bytes)
        flight = self._deliveries.begin(known, chunks, share.pass_on().give_back)
        return await self._confirmed(flight, Taken("kept", payload.records, upload))

    def _source(self, upload: Upload) -> Source:
        """A source for each tag, framing and encoding: streams take all chunks of one source alike."""
        tag = upload.tag or self._settings.tag or ("http" if upload.framing == "raw" else "otlp")
        identity = source_id(self._node, "http", self._name, tag, upload.framing, upload.encoding or "")
        return source_of(identity, self._node, "http", upload.framing, tag=tag, encoding=upload.encoding)

    async def _read_in_time(self, request: web.BaseRequest, upload: Upload, share: Share) -> bytes | Refusal:
        limit = asyncio.timeout(self._settings.body_timeout_secs)
        try:
            async with limit:
                self._reading.add(limit)
                return await read_body(request, upload, share, self._settings.body_max_bytes)
        except TimeoutError:
            return refusal("stopping" if self._stopping else "slow")
        except ConnectionError:
            return refusal("cut_off")  # nobody will read this answer
        finally:
            self._reading.discard(limit)

    async def _confirmed(self, flight: asyncio.Task[bool], taken: Taken) -> Taken | Refusal:
        """The answer, as soon as it is known; 503 when Kafka takes too long. The flight goes on by itself."""
        await asyncio.wait((flight,), timeout=self._settings.answer_timeout_secs)
        if not flight.done():
            return refusal("unconfirmed")
        if not flight.cancelled() and flight.result():
            return taken
        return refusal("stopping" if self._stopping else "failed")


async def _looked_through(upload: Upload, body: bytes) -> Payload | Refusal:
    """What is in a body; long JSON takes a while, and other connections should not wait for it."""
    if upload.is_json and len(body) > LONG_WORK_BYTES:
        return await asyncio.to_thread(payload_of, upload, body)
    return payload_of(upload, body)


def _url(request: web.BaseRequest, upload: Upload) -> str:
    """Where a body came from and went to, as ``http://10.1.2.3/v1/logs``; the peer's port says nothing."""
    transport = request.transport
    host = peer_host(transport.get_extra_info("peername")) if transport else ""
    return f"{request.scheme}://{bracketed(host)}{upload.path}"
