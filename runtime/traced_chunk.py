"""The stream stage's part of a trace, behind the producer's ``send logs.raw``.

::

    process logs.raw            from when the chunk was taken in until Kafka has all that came of it
      wait for pod              if logs.pods did not know its pod yet
      make records              framing, parsing, routing
      send logs.app             one for each topic, until Kafka has the last record; their headers name it
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from runtime.trace_context import SpanRef, header_of, parent_of
from runtime.tracing import kafka_attributes, tracing_of

if TYPE_CHECKING:
    from runtime.metrics import Metrics
    from runtime.producer import Value
    from runtime.tracing import Span, Tracing
    from schemas.settings import Settings

Delivered: TypeAlias = Callable[[], None]
Headers: TypeAlias = Iterable[tuple[str, bytes | str | None]] | None

UNFINISHED_MAX: Final = 1000
"""Chunks that are traced at once; beyond that one is not, so that what never ends cannot fill the memory."""
WAITED_NANOS: Final = 20_000_000
"""A chunk of which records are not made at once has waited for its pod."""


class Chunk(Protocol):
    """A chunk in the worker's hands; as `streams.core.work.Work`."""

    @property
    def partition(self) -> int:
        """Of logs.raw."""

    @property
    def lines(self) -> int:
        """Lines that begin in it."""

    def account(self) -> dict[str, int]:
        """What became of them."""


class ChunkTrace:
    """One chunk on its way through the stage."""

    def __init__(self, tracing: Tracing, process: Span) -> None:
        self._tracing = tracing
        self._process = process
        self._making: Span | None = None

    def _child(self, name: str, start: int | None = None) -> Span:
        return self._tracing.child(self._process.ref, name, "internal", {}, start)

    def begin(self) -> None:
        """Records are made of it from now on."""
        if time.time_ns() - self._process.start > WAITED_NANOS:
            self._child("wait for pod", self._process.start).finish()
        self._making = self._child("make records")

    def made(self) -> None:
        """All records are made that can be made now."""
        if self._making is not None:
            self._making.finish()

    def sending(self, topic: str, records: int) -> Span:
        """Some of its records are handed to Kafka's client."""
        about = kafka_attributes("send", "send", topic, batch__message_count=records)
        return self._tracing.child(self._process.ref, f"send {topic}", "producer", about)

    def finish(self, lines: int, outcomes: dict[str, int]) -> None:
        """Kafka has all that came of it."""
        self._process.attributes["logferry.lines"] = lines
        for name, amount in outcomes.items():
            self._process.attributes[f"logferry.outcome.{name}"] = amount
        self._process.finish()


class NoTraces:
    """Where nothing is traced."""

    def take(
        self, _headers: Headers, _partition: int, _offset: int, _size: int, _timestamp: float
    ) -> ChunkTrace | None:
        """As ChunkTraces says, and so do the others."""
        return None

    def begin(self, _work: Chunk, _trace: ChunkTrace | None) -> None:
        """Nothing."""

    def made(self, _work: Chunk) -> None:
        """Nothing."""

    def mark(
        self, _topic: str, values: Sequence[Value], _segments: Iterable[tuple[Chunk, int]], delivered: Delivered
    ) -> tuple[Sequence[Value], Delivered]:
        """Values as they are."""
        return values, delivered

    def end(self, _work: Chunk) -> None:
        """Nothing."""

    def revoke(self, _partitions: set[int]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class ChunkTraces(NoTraces):
    """The chunks that are traced and not finished."""

    def __init__(self, tracing: Tracing, topic: str, group: str) -> None:
        self._tracing = tracing
        self._topic = topic
        self._group = group
        self._begun: dict[Chunk, ChunkTrace] = {}

    def take(self, headers: Headers, partition: int, offset: int, size: int, timestamp: float) -> ChunkTrace | None:
        """A chunk was read, with the time that Kafka has for it, in seconds; None: it is not traced."""
        parent = parent_of(headers)
        return None if parent is None else self._trace(parent, partition, offset, size, timestamp)

    def _trace(self, parent: SpanRef, partition: int, offset: int, size: int, timestamp: float) -> ChunkTrace:
        now = time.time_ns()
        about = kafka_attributes(
            "process", "process", self._topic, consumer__group__name=self._group,
            destination__partition__id=str(partition), kafka__offset=offset, message__body__size=size,
        )  # fmt: skip
        if timestamp:
            about["logferry.kafka_secs"] = round(max(0.0, now / 1e9 - timestamp), 3)
        return ChunkTrace(self._tracing, self._tracing.child(parent, f"process {self._topic}", "consumer", about, now))

    def begin(self, work: Chunk, trace: ChunkTrace | None) -> None:
        """Records are made of a chunk."""
        if trace is not None and len(self._begun) < UNFINISHED_MAX:
            self._begun[work] = trace
            trace.begin()

    def made(self, work: Chunk) -> None:
        """All records of a chunk are made that can be made now."""
        if (trace := self._begun.get(work)) is not None:
            trace.made()

    def mark(
        self, topic: str, values: Sequence[Value], segments: Iterable[tuple[Chunk, int]], delivered: Delivered
    ) -> tuple[Sequence[Value], Delivered]:
        """Values on their way to a topic, those of traced chunks with a header, and what to call when Kafka has them.

        ``segments``: how many values, one behind the other, are of which chunk.
        """
        if not self._begun:
            return values, delivered
        spans: dict[ChunkTrace, Span] = {}
        marked: list[Value] = []
        at = 0
        for work, amount in segments:
            own = values[at : at + amount]
            at += amount
            trace = self._begun.get(work)
            if trace is None:
                marked += own
                continue
            span = spans[trace] if trace in spans else spans.setdefault(trace, trace.sending(topic, 0))
            _add(span, amount)
            marked += [with_header(each, header_of(span.ref)) for each in own]
        return (marked, _both(spans.values(), delivered)) if spans else (values, delivered)

    def end(self, work: Chunk) -> None:
        """All that came of a chunk is delivered."""
        if (trace := self._begun.pop(work, None)) is not None:
            trace.finish(work.lines, work.account())

    def revoke(self, partitions: set[int]) -> None:
        """Partitions were revoked: what is unfinished of them is begun anew by others."""
        self._begun = {work: each for work, each in self._begun.items() if work.partition not in partitions}

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        self._tracing.close()


def _both(spans: Iterable[Span], delivered: Delivered) -> Delivered:
    def call() -> None:
        for span in spans:
            span.finish()
        delivered()

    return call


def _add(span: Span, amount: int) -> None:
    name = "messaging.batch.message_count"
    span.attributes[name] = int(span.attributes[name]) + amount


def with_header(value: Value, header: tuple[str, bytes]) -> Value:
    """A value with one header more."""
    return (value, [header]) if isinstance(value, bytes) else (value[0], [*value[1], header])


def chunk_traces(settings: Settings, topic: str, group: str, metrics: Metrics) -> NoTraces:
    """How a worker of the stream stage traces."""
    tracing = tracing_of(settings, "stream", metrics)
    return NoTraces() if tracing is None else ChunkTraces(tracing, topic, group)
