"""A sink's part of a trace, behind the stream stage's ``send <topic>``: ``process <topic>``, until it is delivered.

A request, or an object of an archive, holds records of many chunks. Each traced one of them has a span in its own
trace, which links to those of the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar

from runtime.trace_context import SpanRef, parent_of
from runtime.tracing import kafka_attributes, tracing_of

if TYPE_CHECKING:
    from confluent_kafka import Message

    from runtime.metrics import Metrics
    from runtime.tracing import Span, Tracing
    from schemas.settings import Settings

LINKS_MAX: Final = 32
SPANS_MAX: Final = 128
"""Traced chunks of one request; beyond that some of them end at the stream stage."""
OPEN_MAX: Final = 1000
"""Traced chunks of one partition whose records are in no object yet; beyond that some end at the stream stage."""


class Sender(NamedTuple):
    """Who has sent a record."""

    topic: str
    """Where to."""
    span: SpanRef


class RequestLike(Protocol):
    """Records that are sent together; as `sinks.gathering.Request`."""

    opened_at: float
    """Monotonic, in seconds."""
    records: list[Message]


AnyRequest = TypeVar("AnyRequest", bound=RequestLike)
Partition: TypeAlias = tuple[str, int]


class TracedBatches:
    """What a sink traces."""

    def __init__(self, tracing: Tracing, sink: str, kind: str, group: str) -> None:
        """``sink``: its name; ``kind``: its type."""
        self._tracing = tracing
        self._sink = sink
        self._kind = kind
        self._group = group
        self._open: dict[Partition, list[tuple[int, Span]]] = {}
        """Of records that are in no object yet: offset of the last one of a chunk, and its span."""

    # -- requests ------------------------------------------------------------------------------------------------------

    def following(self, deliver: Callable[[AnyRequest], bool]) -> Callable[[AnyRequest], bool]:
        """The same as ``deliver``, with spans for what is traced of a request."""

        def traced(request: AnyRequest) -> bool:
            spans = self._begun(request.records, request.opened_at)
            problem = ""
            try:
                delivered = deliver(request)
                problem = "" if delivered else "the sink was asked to stop; its records are read again"
            except BaseException as error:
                problem = repr(error)
                raise
            finally:
                for span in spans:
                    span.finish(problem)
            return delivered

        return traced

    def _begun(self, records: Sequence[Message], opened_at: float) -> list[Span]:
        senders = _senders(records)
        now = time.time_ns()
        since = now - int((time.monotonic() - opened_at) * 1e9)
        spans = []
        for sender, (amount, _) in list(senders.items())[:SPANS_MAX]:
            links = [each.span for each in senders if each != sender][:LINKS_MAX]
            process = self._process(sender, amount, since, links)
            deliver = {"logferry.request.records": len(records)}
            spans += [self._tracing.child(process.ref, f"deliver {self._kind}", "client", {**deliver}, now), process]
        return spans

    def _process(self, sender: Sender, amount: int, since: int | None = None, links: Sequence[SpanRef] = ()) -> Span:
        about = kafka_attributes(
            "process", "process", sender.topic, consumer__group__name=self._group, batch__message_count=amount
        )
        about |= {"logferry.sink.name": self._sink, "logferry.sink.type": self._kind}
        return self._tracing.child(sender.span, f"process {sender.topic}", "consumer", about, since, links)

    # -- objects -------------------------------------------------------------------------------------------------------

    def read(self, partition: Partition, records: Sequence[Message]) -> None:
        """Records of a partition were read, and wait until they are in objects."""
        senders = _senders(records)
        if not senders:
            return
        waiting = self._open.setdefault(partition, [])
        for sender, (amount, last) in senders.items():
            if len(waiting) < OPEN_MAX:
                waiting.append((last, self._process(sender, amount)))

    def written(self, partition: Partition, below: int | None) -> None:
        """All records of a partition that lie below an offset are in objects; None: all are."""
        kept = []
        for offset, span in self._open.pop(partition, ()):
            if below is None or offset < below:
                span.finish()
            else:
                kept.append((offset, span))
        if kept:
            self._open[partition] = kept

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Partitions were revoked: whoever has them now writes what is not written."""
        for partition in partitions:
            self._open.pop(partition, None)

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        self._tracing.close()


def _senders(records: Iterable[Message]) -> dict[Sender, tuple[int, int]]:
    """Who sent the traced ones among records -> how many they are, and the last one's offset."""
    found: dict[Sender, tuple[int, int]] = {}
    for record in records:
        headers: Any = record.headers()
        if headers and (span := parent_of(headers)) is not None:
            sender = Sender(record.topic() or "", span)
            found[sender] = (found.get(sender, (0, 0))[0] + 1, record.offset() or 0)
    return found


def traced_batches(settings: Settings, sink: str, metrics: Metrics) -> TracedBatches | None:
    """How a sink traces; None: it does not."""
    tracing = tracing_of(settings, f"sink/{sink}", metrics)
    if tracing is None:
        return None
    return TracedBatches(tracing, sink, settings.sinks[sink].type, settings.sink_group(sink))
