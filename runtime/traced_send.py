"""A producer's part of a trace: ``read <kind>``, the root, and within it ``send logs.raw``, both until Kafka has it.

The record of a traced chunk names the second one in its header.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from runtime.trace_context import header_of, is_chosen, trace_of
from runtime.tracing import Value, kafka_attributes, tracing_of

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

    from runtime.metrics import Metrics
    from runtime.tracing import Span, Tracing
    from schemas.settings import Settings

Report: TypeAlias = "Callable[[KafkaError | None, Message], None]"

READ_SECS_MAX: Final = 60.0
"""A chunk that was observed longer ago has waited somewhere else, or was read before."""


class ChunkLike(Protocol):
    """What is told of a chunk; as `producers.chunk.Chunk`."""

    @property
    def source(self) -> Mapping[str, Any]:
        """The Source record of schemas/avro/raw_chunk."""

    @property
    def path(self) -> str:
        """Of its file."""

    @property
    def incarnation(self) -> bytes:
        """Of its file."""

    @property
    def offset(self) -> int:
        """Of its first byte."""

    @property
    def payload(self) -> bytes:
        """Its bytes."""

    @property
    def lines(self) -> int:
        """How many."""

    @property
    def observed_timestamp(self) -> int | None:
        """Nanoseconds since 1970."""


class TracedSend:
    """A chunk on its way to Kafka."""

    def __init__(self, read: Span, send: Span) -> None:
        self._read = read
        self._send = send
        self.headers = [header_of(send.ref)]

    def then(self, report: Report) -> Report:
        """What is to be told when Kafka has it, or has refused it for good."""

        def reported(error: KafkaError | None, record: Message) -> None:
            if error is None:
                self._send.attributes["messaging.destination.partition.id"] = str(record.partition())
                self._send.attributes["messaging.kafka.offset"] = record.offset() or 0
            problem = "" if error is None else error.str()
            self._send.finish(problem)
            self._read.finish(problem)
            report(error, record)

        return reported


class TracedSends:
    """Chooses chunks and begins their traces."""

    def __init__(self, tracing: Tracing, topic: str) -> None:
        self._tracing = tracing
        self._topic = topic

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        self._tracing.close()

    def begin(self, chunk: ChunkLike) -> TracedSend | None:
        """The trace of a chunk that is about to be sent; None: it is not chosen."""
        trace = trace_of(chunk.incarnation, chunk.offset)
        if not is_chosen(trace, self._tracing.one_in):
            return None
        now = time.time_ns()
        seen = chunk.observed_timestamp or now
        start = seen if 0 <= now - seen < READ_SECS_MAX * 1e9 else now
        kind = str(chunk.source["kind"])
        read = self._tracing.root(trace, f"read {kind}", "internal", _attributes(chunk), start)
        about = kafka_attributes("send", "send", self._topic, message__body__size=len(chunk.payload))
        about["messaging.kafka.message.key"] = str(chunk.source["id"])
        return TracedSend(read, self._tracing.child(read.ref, f"send {self._topic}", "producer", about, now))


def _attributes(chunk: ChunkLike) -> dict[str, Value]:
    found: dict[str, Value] = {
        "log.file.path": chunk.path,
        "logferry.source_id": str(chunk.source["id"]),
        "logferry.incarnation": chunk.incarnation.hex(),
        "logferry.offset": chunk.offset,
        "logferry.bytes": len(chunk.payload),
        "logferry.lines": chunk.lines,
        "k8s.node.name": str(chunk.source["node"]),
    }
    container = chunk.source["container"] or {}
    names = {"k8s.namespace.name": "namespace", "k8s.pod.name": "pod", "k8s.container.name": "name"}
    return found | {name: str(container[key]) for name, key in names.items() if container.get(key)}


def traced_sends(settings: Settings, metrics: Metrics) -> TracedSends | None:
    """How a producer traces; None: it does not."""
    tracing = tracing_of(settings, "producer", metrics)
    return None if tracing is None else TracedSends(tracing, settings.topics.names.raw)
