"""Lines of one program straight to logs.raw, by a thread of its own: whoever hands lines over never waits for Kafka.

Kafka may be away, refuse, or not know the topic: then lines gather until the memory is full, and what comes after that
is dropped and counted (or its writer waits, if it asked to). What was accepted is sent again, under the same ids, for
as long as the process lives; closing waits for a bounded time.

The thread's own log records, and those of Kafka's client, which reports through it, never come back as lines:
`is_sending` tells a logging handler whose they are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaError, Message, Producer

from producers.chunk import Chunk, Source
from producers.core.relay.direct_batch import Batches, BatchLimits
from runtime.kafka import producer_config, undeliverable
from schemas.codec import Codec
from schemas.errors import LogferryError
from schemas.raw_chunk import encode_chunk

if TYPE_CHECKING:
    from schemas.settings import Settings

_log = logging.getLogger(__name__)
_thread = threading.local()

FLYING_MAX_BYTES: Final = 1024 * 1024
"""Payload that is with Kafka's client at once. The client copies it, so this comes on top of the memory limit."""
REPORT_SECS: Final = 0.02
"""How long the thread waits for a delivery report before it looks for new lines."""
COMPLAINT_SECS: Final = 30.0
"""One trouble is logged once in so long."""


def is_sending() -> bool:
    """Whether this thread is the one of a sender."""
    return getattr(_thread, "sending", False)


@dataclass(frozen=True)
class SenderLimits:
    """How lines are sent."""

    batch: BatchLimits = field(default_factory=BatchLimits)
    retry_secs: float = 2.0
    """Pause before a refused chunk is sent again, with a new client."""


@dataclass(frozen=True)
class Destination:
    """Where chunks go."""

    config: Callable[[], Mapping[str, Any]]
    """Configuration of Kafka's producer. Called in the sender's thread; may raise LogferryError or OSError."""
    topic: str
    prepare: Callable[[], None] = lambda: None
    """Called once in the sender's thread before the first chunk: a schema registry may have to be asked."""


def destination(settings: Settings, client_id: str) -> Destination:
    """The raw topic of a pipeline, by its settings."""
    from runtime.registry import prepare_codecs

    def config() -> Mapping[str, Any]:
        compression, linger = settings.producer.compression, settings.producer.linger_ms
        return producer_config(settings.kafka, client_id, compression=compression, linger_ms=linger)

    return Destination(config, settings.topics.names.raw, lambda: prepare_codecs(settings))


class Sender:
    """Sends lines of one incarnation. Its methods may be called from any thread."""

    def __init__(
        self,
        destination: Destination,
        source: Source,
        path: str,
        incarnation: bytes,
        limits: SenderLimits,
        *,
        when_relieved: Callable[[], bytes | None] = lambda: None,
    ) -> None:
        """``when_relieved`` is asked, when half of the memory is free, for a line that tells what was dropped."""
        self._destination = destination
        self._source = source
        self._limits = limits
        self._when_relieved = when_relieved
        self._batches = Batches(source, path, incarnation, limits.batch)
        self._changed = threading.Condition()  # re-entrant: a signal handler of the program may log, too
        self._closing: float | None = None
        """Monotonic time when the thread gives up; None: not closing."""
        self._failure: LogferryError | None = None
        self._complained_at: dict[str, float] = {}
        self._started = False
        self._thread = threading.Thread(target=self._run, name="logferry-sender", daemon=True)

    # -- for those who have lines -------------------------------------------------------------------------------------

    def offer(self, data: bytes, lines: int, share: float = 1.0) -> bool:
        """Take whole lines if they fit into a share of the memory; never waits."""
        with self._changed:
            if self._closing is not None or not self._batches.has_room(len(data), share):
                return False
            self._add(data, lines)
            return True

    def offer_or_wait(self, data: bytes, lines: int) -> bool:
        """Take whole lines, waiting for room; False when the sender closes first."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing is not None or self._batches.has_room(len(data)))
            if self._closing is not None and not self._batches.has_room(len(data)):
                return False
            self._add(data, lines)
            return True

    def _add(self, data: bytes, lines: int) -> None:
        idle = self._batches.due_in(0.0) is None
        self._batches.add(data, lines, time.monotonic(), time.time_ns())
        if not self._started:
            self._started = True
            self._thread.start()
        if idle or self._batches.due_in(0.0) == 0.0:
            self._changed.notify_all()

    def drop(self, size: int) -> None:
        """Pass over bytes that did not fit; the next chunk names the gap."""
        with self._changed:
            self._batches.drop(size, time.time_ns())

    def has_room(self, size: int, share: float) -> bool:
        """Whether so many bytes fit into a share of the memory now."""
        with self._changed:
            return self._batches.has_room(size, share)

    def flush(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds until Kafka has everything."""
        with self._changed:
            self._batches.close_open(time.time_ns())
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._batches.is_empty, timeout)

    def close(self, timeout: float) -> int:
        """Take nothing more, send what there is for up to ``timeout`` seconds; lines that Kafka does not have then."""
        with self._changed:
            if self._closing is None:
                self._closing = time.monotonic() + timeout
                self._batches.close_open(time.time_ns(), ended=True)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._batches.is_empty or not self._started, timeout)
        return self.unsent_lines()

    def unsent_lines(self) -> int:
        """Lines that Kafka has not acknowledged."""
        with self._changed:
            return self._batches.unsent_lines()

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        _thread.sending = True
        prepared = False
        while not self._is_done():
            try:
                if not prepared:
                    self._destination.prepare()
                    prepared = True
                self._send_all()
            except Exception as error:  # whatever it is, the lines wait and the program goes on
                text = str(error) if isinstance(error, LogferryError) else f"{type(error).__name__}: {error}"
                self._complain(text, text)
                self._pause()

    def _send_all(self) -> None:
        """Send with one client until done, or until it failed."""
        self._failure = None
        codec = Codec("raw_chunk")
        producer = Producer({**self._destination.config(), **self._quiet()})
        try:
            while not self._is_done():
                chunk, flying = self._next()
                if chunk is not None:
                    value = encode_chunk(codec, _head(chunk), chunk.payload)
                    delivered = partial(self._delivered, chunk.offset)
                    producer.produce(self._destination.topic, value, self._source["id"], on_delivery=delivered)
                producer.poll(REPORT_SECS if flying and chunk is None else 0)
                if self._failure is not None:
                    raise self._failure
        finally:
            producer.purge()
            producer.poll(0)
            with self._changed:
                self._batches.land()

    def _next(self) -> tuple[Chunk | None, int]:
        """The next chunk if there is one, and the bytes that fly; waits while there is nothing to do at all."""
        with self._changed:
            flying = self._batches.flying_bytes
            chunk = None
            if flying < FLYING_MAX_BYTES:
                chunk = self._batches.next_chunk(time.monotonic(), time.time_ns())
            if chunk is None and not flying and self._closing is None:
                self._changed.wait(self._batches.due_in(time.monotonic()))
            return chunk, flying

    def _delivered(self, offset: int, error: KafkaError | None, record: Message) -> None:
        if error is not None:
            self._failure = undeliverable(error, record)
            return
        with self._changed:
            self._batches.acknowledge(offset)
            if self._closing is None and self._batches.has_room(0, 0.5):
                line = self._when_relieved()
                if line is not None:
                    self._batches.add(line, 1, time.monotonic(), time.time_ns())
            self._changed.notify_all()

    def _is_done(self) -> bool:
        with self._changed:
            return self._closing is not None and (self._batches.is_empty or time.monotonic() >= self._closing)

    def _pause(self) -> None:
        with self._changed:
            if self._closing is None:
                self._changed.wait_for(lambda: self._closing is not None, self._limits.retry_secs)
                return
        time.sleep(min(self._limits.retry_secs, 0.1))

    def _quiet(self) -> dict[str, Any]:
        """Kafka's client reports lost connections many times a second; once in a while is enough here."""
        silent = logging.Logger("librdkafka", logging.CRITICAL + 1)  # noqa: LOG001 - outside the program's tree
        return {"error_cb": self._client_error, "logger": silent}

    def _client_error(self, error: KafkaError) -> None:
        self._complain("client", f"Kafka client: {error.str()}")

    def _complain(self, trouble: str, text: str) -> None:
        """Say what is wrong, one kind of trouble once in a while."""
        now = time.monotonic()
        if now - self._complained_at.get(trouble, -COMPLAINT_SECS) >= COMPLAINT_SECS:
            self._complained_at = {trouble: now} if len(self._complained_at) > 100 else self._complained_at
            self._complained_at[trouble] = now
            _log.warning("log lines wait for Kafka: %s", text)


def _head(chunk: Chunk) -> dict[str, Any]:
    """All fields of a RawChunk but the payload."""
    return {
        "source": chunk.source,
        "path": chunk.path,
        "restart": chunk.restart,
        "incarnation": chunk.incarnation,
        "offset": chunk.offset,
        "observed_timestamp": chunk.observed_timestamp,
        "ended": chunk.ended,
        "end_reason": chunk.end_reason,
        "gap": chunk.gap,
        "resumed": chunk.resumed,
    }
