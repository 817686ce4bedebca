"""A sink's entries in logs.ledger: what became of which offsets, which objects were written, what retention deleted.

Entries of one partition have one key (``sink/search/logs.app/3``), so they come in the order in which they were
written, and the report for one speaks for those before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaError, Message, Producer

from runtime.kafka import producer_config, undeliverable
from runtime.producer import enqueue
from schemas.codec import Codec
from schemas.errors import FatalError, TemporaryError
from sinks.core.account import ARCHIVED, BYTES, DELETED, whole

if TYPE_CHECKING:
    from schemas.settings import Settings
    from sinks.core.manifest import Entry

BUFFER_BYTES: Final = 8 * 1024 * 1024
LINGER_MS: Final = 5
POLL_SECS: Final = 0.1
KEPT_SECS: Final = 10.0
"""How long retention waits for Kafka before it deletes; else it comes back an hour later."""


class Ledger:
    """The way of one sink's entries. Threads may share it."""

    def __init__(self, settings: Settings, sink: str, waiting: Callable[[], object] | None = None) -> None:
        """``waiting`` is called again and again while the client's queue is full."""
        self.topic = settings.topics.names.ledger
        self.stage = f"sink/{sink}"
        self._producer = Producer(
            producer_config(
                settings.kafka, f"logferry-sink-{sink}-ledger",
                compression="zstd", linger_ms=LINGER_MS, buffer_max_bytes=BUFFER_BYTES,
            )
        )  # fmt: skip
        self._codec = Codec("ledger_entry")
        self._waiting = waiting
        self._lock = threading.Lock()
        self._pending = 0
        self._failure: FatalError | None = None

    def write(self, entry: Mapping[str, Any], delivered: Callable[[], None] = lambda: None) -> None:
        """Hand an entry over; ``delivered`` is called, by whoever polls, when Kafka has it and all before it."""

        def report(error: KafkaError | None, record: Message) -> None:
            with self._lock:
                self._pending -= 1
            if error is None:
                delivered()
            else:
                self._failure = undeliverable(error, record)

        with self._lock:
            self._pending += 1
        key = f"{self.stage}/{entry.get('topic', '')}/{entry.get('partition', '')}"
        enqueue(self._producer, self.topic, self._codec.encode(dict(entry)), key, self._waiting, on_delivery=report)

    def write_object(self, topic: str, partition: int, written: Entry) -> None:
        """An object stands in the archive; said again of one that is there already, it changes nothing."""
        outcomes = {ARCHIVED: written.records, BYTES: written.bytes}
        self._write_object(topic, partition, written.name, outcomes, *_ends(written), written.records)

    def write_deleted(
        self, topic: str, partition: int, name: str, size: int, known: Entry | None, first_offset: int
    ) -> None:
        """An object is about to be deleted by retention; ``known``: what its manifest says of it."""
        records = 0 if known is None else known.records
        start, end = (first_offset, first_offset) if known is None else _ends(known)
        self._write_object(topic, partition, name, {DELETED: records, BYTES: size}, start, end, records)

    def _write_object(
        self, topic: str, partition: int, name: str, outcomes: dict[str, int], start: int, end: int, lines: int
    ) -> None:
        place = {"topic": topic, "partition": partition, "start": start, "end": end, "lines": lines}
        self.write(whole(self.stage, name, outcomes, time.time_ns(), **place))

    def write_deleted_index(self, name: str, documents: int) -> None:
        """An index is about to be deleted by retention."""
        self.write(whole(self.stage, name, {DELETED: documents}, time.time_ns(), lines=documents))

    def poll(self, timeout: float = 0.0) -> None:
        """Hear reports. Raises FatalError when Kafka refused an entry."""
        self._producer.poll(timeout)
        if self._failure is not None:
            raise self._failure

    def flush(self, limit_secs: float) -> bool:
        """Wait until Kafka has all entries, at most for so long; whether it has. Raises FatalError as `poll` does."""
        until = time.monotonic() + limit_secs
        self.poll()
        while self._pending and time.monotonic() < until:
            self.poll(POLL_SECS)
        return not self._pending

    def keep(self) -> None:
        """Make sure of what was written before something is deleted. Raises TemporaryError, FatalError."""
        if not self.flush(KEPT_SECS):
            raise TemporaryError(
                f"Kafka did not take within {KEPT_SECS:g} s what is to be deleted, so it stays",
                delay=KEPT_SECS,
                where=f"topic {self.topic}",
                remedy="nothing, if Kafka is away: retention comes back",
            )


def _ends(of: Entry) -> tuple[int, int]:
    return of.first_offset, of.last_offset + 1
