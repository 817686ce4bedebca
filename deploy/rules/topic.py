"""Reading and writing logs.control: everything it still holds, and new versions, acknowledged by all replicas."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

from confluent_kafka import KafkaError, Message, Producer

from deploy.rules.versions import Version
from runtime.compacted import CompactedReader
from runtime.kafka import check_reachable, producer_config, undeliverable
from runtime.producer import enqueue
from runtime.registry import prepare_codecs
from schemas.codec import Codec, Undecodable
from schemas.errors import FatalError, TemporaryError

if TYPE_CHECKING:
    from schemas.settings import Settings

READ_SECS: Final = 30.0
WRITE_SECS: Final = 30.0

AT_ONCE: Final = {"enable.idempotence": False, "max.in.flight.requests.per.connection": 1}
"""A new idempotent producer has no id for its first half second. Order is kept so too; a version twice does no harm."""

Change = tuple[str, Mapping[str, Any] | None]
"""A rule's id, and the Rule or None for a tombstone."""


class ControlTopic:
    """One reading of the topic; use it in a ``with`` block."""

    def __init__(self, settings: Settings) -> None:
        """Raise TemporaryError when no broker answers."""
        prepare_codecs(settings)
        check_reachable(settings.kafka)
        self._kafka = settings.kafka
        self.name = settings.topics.names.control
        self._codec = Codec("rule")
        self._reader = CompactedReader(settings.kafka, self.name)
        self.versions: list[Version] = []
        """All that `read` has found, oldest first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def read(self) -> list[Version]:
        """Everything there is now. Raises TemporaryError."""
        self._take(self._reader.load(READ_SECS))
        return self.versions

    def write(self, changes: list[Change]) -> list[int]:
        """Write versions and tombstones in order; returns their offsets once they are acknowledged.

        Raises TemporaryError when that takes too long, FatalError when Kafka refuses one.
        """
        offsets: list[int] = []
        failures: list[FatalError] = []

        def report(error: KafkaError | None, record: Message) -> None:
            if error is not None:
                failures.append(undeliverable(error, record))
            else:
                offsets.append(record.offset() or 0)

        producer = Producer(producer_config(self._kafka, "logferry-control", linger_ms=0) | AT_ONCE)
        for key, value in changes:
            encoded = None if value is None else self._codec.encode(value)
            enqueue(producer, self.name, encoded, key, on_delivery=report)
        unsent = producer.flush(WRITE_SECS)
        if failures:
            raise failures[0]
        if unsent:
            raise TemporaryError(
                f"Kafka did not confirm the change in {WRITE_SECS:.0f} s; it may still hold",
                delay=5.0,
                where=f"topic {self.name}",
                remedy="look at the brokers, then at what `history` shows, and do it again",
            )
        return offsets

    def since(self, known: int, until: int) -> list[Version]:
        """What came behind the offset ``known`` and before ``until``, by others."""
        give_up = time.monotonic() + READ_SECS
        while self._reader.offset < until and time.monotonic() < give_up:
            self._take(self._reader.poll(0.05))
        return [each for each in self.versions if known < each.offset < until]

    def _take(self, changes: Iterable[tuple[str, bytes | None]]) -> None:
        for key, value in changes:
            decoded = None if value is None else self._codec.decode(value)
            problem = decoded.message if isinstance(decoded, Undecodable) else ""
            rule = None if isinstance(decoded, Undecodable) else decoded
            written_at = self._reader.timestamp * 1_000_000
            self.versions.append(Version(self._reader.offset, written_at, key, rule, problem))
