"""Chunks into logs.raw. A chunk counts as sent when all in-sync replicas have it, and only then its mark advances."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, Message, Producer

from runtime.kafka import producer_config, undeliverable
from runtime.producer import enqueue
from schemas.codec import Codec
from schemas.raw_chunk import encode_chunk

if TYPE_CHECKING:
    from producers.life import Chunk, Life
    from producers.source_tail import SourceTail
    from runtime.metrics import Metrics
    from schemas.errors import FatalError
    from schemas.settings import KafkaSettings, ProducerSettings


class KafkaOutput:
    """The way into Kafka, bounded by bytes that are not acknowledged yet."""

    def __init__(self, kafka: KafkaSettings, topic: str, settings: ProducerSettings, metrics: Metrics) -> None:
        config = producer_config(
            kafka,
            "logferry-producer",
            compression=settings.compression,
            linger_ms=settings.linger_ms,
            buffer_max_bytes=settings.memory_max_bytes + settings.line_max_bytes,
        )
        self._producer = Producer(config)
        self._topic = topic
        self._codec = Codec("raw_chunk")
        self._limit = settings.memory_max_bytes
        self._metrics = metrics
        self._failure: FatalError | None = None
        self.pending_bytes = 0
        """Payload handed to the client and not acknowledged."""
        self.acknowledged_chunks = 0

    def has_room(self) -> bool:
        """Whether another chunk may be read."""
        return self.pending_bytes < self._limit

    def send(self, tail: SourceTail, chunk: Chunk) -> None:
        """Hand a chunk to the client; `poll` tells what became of it."""
        value = encode_chunk(self._codec, _head(tail, chunk), chunk.payload)
        delivered = partial(self._delivered, chunk.life, chunk.offset, len(chunk.payload))
        self.pending_bytes += len(chunk.payload)
        enqueue(self._producer, self._topic, value, tail.source["id"], on_delivery=delivered)
        self._metrics.count("logferry_producer_read_bytes_total", len(chunk.payload))
        self._metrics.count("logferry_producer_read_lines_total", chunk.payload.count(b"\n"))

    def _delivered(self, life: Life, offset: int, length: int, error: KafkaError | None, record: Message) -> None:
        if error is not None:
            self._failure = undeliverable(error, record)
            return
        self.pending_bytes -= length
        self.acknowledged_chunks += 1
        self._metrics.count("logferry_producer_acknowledged_bytes_total", life.acknowledge(offset))

    def poll(self, timeout: float) -> None:
        """Serve reports, waiting for one up to ``timeout`` seconds. Raises FatalError when Kafka refused a chunk."""
        self._producer.poll(timeout)
        if self._failure is not None:
            raise self._failure

    def drain(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds until everything is acknowledged."""
        return self._producer.flush(timeout) == 0


def _head(tail: SourceTail, chunk: Chunk) -> dict[str, object]:
    """All fields of a RawChunk but the payload."""
    life = chunk.life
    restart = life.file_name.restart
    source = tail.source
    if container_id := tail.container_ids.get(restart):
        source = {**source, "container": {**source["container"], "id": container_id}}
    return {
        "source": source,
        "path": life.mark.path,
        "restart": restart,
        "incarnation": life.incarnation,
        "offset": chunk.offset,
        "observed_timestamp": time.time_ns(),
        "ended": chunk.ended,
        "resumed": chunk.resumed,
    }
