"""Chunks into logs.raw, accounts into logs.ledger. What is sent counts only when all in-sync replicas have it.

One thread sends and hears reports.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaError, Message, Producer

from producers.ledger import entry_of_loss
from runtime.health import UNREADY_SECS
from runtime.kafka import producer_config, undeliverable
from runtime.kafka_contact import KafkaContact
from runtime.producer import enqueue
from runtime.traced_send import traced_sends
from schemas.codec import Codec
from schemas.raw_chunk import encode_chunk

if TYPE_CHECKING:
    from producers.chunk import Chunk, Loss
    from runtime.health import Health
    from runtime.metrics import Metrics
    from schemas.errors import FatalError
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

SPARE_BYTES: Final = 64 * 1024 * 1024
"""The client's own limit is so far above `KafkaOutput.has_room`'s: it would hold up everything, not reading alone."""


class KafkaOutput:
    """The way into Kafka."""

    def __init__(self, settings: Settings, metrics: Metrics, health: Health) -> None:
        producer = settings.producer
        config = producer_config(
            settings.kafka,
            "logferry-producer",
            compression=producer.compression,
            linger_ms=producer.linger_ms,
            buffer_max_bytes=producer.memory_max_bytes + SPARE_BYTES,
        )
        self._producer = Producer(config)
        self._names = settings.topics.names
        self._traced = traced_sends(settings, metrics)
        self._chunk = Codec("raw_chunk")
        self._ledger = Codec("ledger_entry")
        self._metrics = metrics
        self._failure: FatalError | None = None
        self.pending_bytes = 0
        """Payload handed to the client and not acknowledged."""
        self.in_flight = 0
        """Records handed to the client and not reported on."""
        self._memory = producer.memory_max_bytes
        self._held_bytes = 0
        """Those records' length: short lines are a tenth of theirs."""
        self._heard_at = 0.0
        """When Kafka acknowledged something last, or began to owe it."""
        self._waiting = health.waiting
        health.ready_if(KafkaContact(self._producer, self._names.raw).check)
        health.ready_if(self._acknowledges)

    def has_room(self) -> bool:
        """Whether more may be sent. While Kafka is away it waits where it is, and files are found and opened."""
        return self._held_bytes < self._memory

    def send(self, chunk: Chunk, delivered: Callable[[], object]) -> None:
        """Hand a chunk to the client; ``delivered`` is called by `poll` when Kafka has it."""
        size = len(chunk.payload)
        value = encode_chunk(self._chunk, _head(chunk), chunk.payload)
        self.pending_bytes += size
        report = partial(self._delivered, size, delivered)
        traced = None if self._traced is None else self._traced.begin(chunk)
        if traced is None:
            self._produce(self._names.raw, value, chunk.source["id"], report)
        else:
            self._produce(self._names.raw, value, chunk.source["id"], traced.then(report), headers=traced.headers)
        self._metrics.count("logferry_producer_read_bytes_total", size)
        self._metrics.count("logferry_producer_read_lines_total", chunk.lines)

    def report(self, loss: Loss, delivered: Callable[[], object]) -> None:
        """Tell the ledger, the metrics and the log of bytes that cannot be sent."""
        lost = loss.end - loss.start
        self._metrics.count(f"logferry_producer_lost_{loss.unit}_total", lost)
        _log.error(
            "%s (incarnation %s): lost from %s %d, %s%d %s: %s%s",
            loss.path, loss.incarnation.hex(), {"bytes": "byte", "entries": "entry"}[loss.unit], loss.start,
            "at least " if loss.open_end else "", lost, loss.unit, loss.reason,
            f" ({loss.detail})" if loss.detail else "",
        )  # fmt: skip
        self.tell(entry_of_loss(loss, time.time_ns()), delivered)

    def leave(self, left: Loss) -> None:
        """Tell the ledger of bytes that nobody has read yet, and that are lost if nobody does."""
        self.tell(entry_of_loss(left, time.time_ns(), "left"), lambda: None)

    def tell(self, entry: dict[str, Any], delivered: Callable[[], object]) -> None:
        """Send a LedgerEntry; ``delivered`` is called by `poll` when Kafka has it."""
        value = self._ledger.encode(entry)
        self._produce(self._names.ledger, value, entry["incarnation"], partial(self._delivered, 0, delivered))

    def _produce(self, topic: str, value: bytes, key: str, report: Callable[..., None], **options: Any) -> None:
        if not self.in_flight:
            self._heard_at = time.monotonic()
        held = len(value)
        told = partial(self._reported, held, report)
        enqueue(self._producer, topic, value, key, self._waiting, on_delivery=told, **options)
        self.in_flight += 1
        self._held_bytes += held

    def _reported(self, held: int, report: Callable[..., None], error: KafkaError | None, record: Message) -> None:
        self.in_flight -= 1
        self._held_bytes -= held
        report(error, record)

    def _delivered(self, size: int, delivered: Callable[[], object], error: KafkaError | None, record: Message) -> None:
        self._heard_at = time.monotonic()
        if error is not None:
            self._failure = undeliverable(error, record)
            return
        self.pending_bytes -= size
        self._metrics.count("logferry_producer_acknowledged_bytes_total", size)
        delivered()

    def poll(self, timeout: float) -> None:
        """Serve reports, waiting for one up to ``timeout`` seconds. Raises FatalError when Kafka refused a record."""
        self._producer.poll(timeout)
        if self._failure is not None:
            raise self._failure

    def silent_secs(self, now: float) -> float:
        """For how long Kafka has acknowledged nothing of what waits; 0: nothing waits."""
        return max(0.0, now - self._heard_at) if self.in_flight else 0.0

    def _acknowledges(self, now: float) -> str | None:
        silent = self.silent_secs(now)
        if silent <= UNREADY_SECS:
            return None
        return f"Kafka has acknowledged nothing for {silent:.0f} s; {self.in_flight} chunks wait"

    def drain(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds; tells whether everything is acknowledged, and nothing was refused."""
        return self._producer.flush(timeout) == 0 and self._failure is None

    def close(self) -> None:
        """Let go of what traces are sent with."""
        if self._traced is not None:
            self._traced.close()


def _head(chunk: Chunk) -> dict[str, Any]:
    """All fields of a RawChunk but the payload."""
    return {
        "source": chunk.source,
        "path": chunk.path,
        "restart": chunk.restart,
        "incarnation": chunk.incarnation,
        "offset": chunk.offset,
        "observed_timestamp": time.time_ns() if chunk.observed_timestamp is None else chunk.observed_timestamp,
        "ended": chunk.ended,
        "end_reason": chunk.end_reason,
        "gap": chunk.gap,
        "resumed": chunk.resumed,
    }
