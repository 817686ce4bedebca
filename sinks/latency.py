"""How long lines take to a destination: from when they were written until it has acknowledged them.

Of what is acknowledged together a few records are looked at, spread evenly, since reading one's time out of Avro costs
as much as delivering it (docs/metrics.md). The time of a line is the runtime's (LogRecord.timestamp, a document's
@timestamp); chunks have the time at which they were read. Chunks that replay sent once more say nothing of now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from schemas.codec import Codec
from schemas.replay import replayed_of

if TYPE_CHECKING:
    from confluent_kafka import Message

    from runtime.metrics import Metrics
    from schemas.settings import Settings

SAMPLES: Final = 3
"""Of each request: its first record, which waited longest, one in the middle, and its last."""


class Latency:
    """Of one sink. May be used from several threads."""

    def __init__(self, sink: str, settings: Settings, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        self._sink = sink
        self._metrics = metrics
        self._clock = clock
        self._raw = settings.topics.names.raw
        self._record, self._chunk = Codec("log_record"), Codec("raw_chunk")

    def sample(self, records: Sequence[Message]) -> list[float]:
        """When some of these records were written, in seconds since 1970."""
        return [found for place in spread(len(records)) if (found := self._written_at(records[place])) is not None]

    def acknowledged(self, written_at: Iterable[float]) -> None:
        """The destination has what was written at these times, and what it came with."""
        now = self._clock()
        for each in written_at:
            self._metrics.observe("logferry_sink_latency_seconds", max(0.0, now - each), self._sink)

    def _written_at(self, record: Message) -> float | None:
        value, topic = record.value() or b"", record.topic() or ""
        if topic == self._raw:
            headers: Any = record.headers()
            return None if replayed_of(headers) else _seconds(self._chunk.decode(value), "observed_timestamp")
        if value[:1] == b"{":  # no Avro value begins like this (schemas.codec)
            return _time_of_document(value)
        return _seconds(self._record.decode(value), "timestamp")


def spread(count: int) -> Sequence[int]:
    """Places of up to SAMPLES among so many, evenly, the first and the last included."""
    if count <= SAMPLES:
        return range(count)
    return [step * (count - 1) // (SAMPLES - 1) for step in range(SAMPLES)]


def _seconds(decoded: Any, field: str) -> float | None:
    """A field in nanoseconds since 1970, of a record that may be unreadable, or of another kind; 0: nobody knows."""
    nanos = decoded.get(field) if isinstance(decoded, dict) else None
    return nanos / 1e9 if isinstance(nanos, int) and nanos > 0 else None


def _time_of_document(value: bytes) -> float | None:
    try:
        told = orjson.loads(value)["@timestamp"]
        found = datetime.fromisoformat(told)
    except (ValueError, KeyError, TypeError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
