"""The topic `logs.pods`, read and written by one watcher during one term.

Records of one pod have one key, so they stay in order (one partition, idempotent producer). What is not acknowledged
when the term ends is given up: the next writer compares with the topic and writes it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, Message, Producer

from runtime.compacted import CompactedReader
from runtime.kafka import log_error, producer_config, undeliverable
from runtime.producer import enqueue
from schemas.errors import FatalError

if TYPE_CHECKING:
    from producers.core.pods.known_pods import Write
    from schemas.settings import Settings

BUFFER_FACTOR: Final = 4
"""Room of Kafka's client over what may be in flight, so that its queue is never what we wait for."""


class PodTopic:
    """Use it in one thread, and close it."""

    def __init__(self, settings: Settings) -> None:
        self.name = settings.topics.names.pods
        self._most = settings.pods.in_flight_max_bytes
        buffer = BUFFER_FACTOR * self._most
        config = producer_config(settings.kafka, "logferry-pods", linger_ms=5, buffer_max_bytes=buffer)
        self._producer = Producer({**config, "error_cb": self._error})
        self._reader = CompactedReader(settings.kafka, self.name)
        self._failure: FatalError | None = None
        self.pending_bytes = 0
        """Keys and values handed over and not yet acknowledged."""

    def load(self, timeout: float) -> Iterator[tuple[str, bytes | None]]:
        """Everything that is there now. Raises TemporaryError."""
        return self._reader.load(timeout)

    def follow(self) -> Iterator[tuple[str, bytes | None]]:
        """What has come since, also what we wrote."""
        return self._reader.poll()

    def has_room(self) -> bool:
        """Whether another value may be sent."""
        return self.pending_bytes < self._most

    def send(self, write: Write) -> None:
        """Hand a record to Kafka's client. Raises FatalError when it does not take it."""
        size = len(write.uid) + len(write.value or b"")

        def delivered(error: KafkaError | None, record: Message) -> None:
            self.pending_bytes -= size
            if error is not None and error.code() != KafkaError._PURGE_QUEUE:
                self._failure = undeliverable(error, record)

        try:
            enqueue(self._producer, self.name, write.value, write.uid, on_delivery=delivered)
        except FatalError as error:
            raise FatalError(
                error.problem,
                where=f"topic {self.name}, pod uid {write.uid}",
                remedy="keep fewer annotations (pods.annotations)",
            ) from error
        self.pending_bytes += size

    def poll(self, timeout: float = 0.0) -> None:
        """Hear reports, waiting for one up to `timeout` seconds. Raises FatalError when Kafka refused a record."""
        self._producer.poll(timeout)
        if self._failure is not None:
            raise self._failure

    def drain(self, timeout: float) -> bool:
        """Wait until all is acknowledged; whether it is."""
        return self._producer.flush(timeout) == 0

    def close(self) -> None:
        """Give up what has not been sent yet, and let go of the connections."""
        self._producer.purge(in_queue=True, in_flight=False, blocking=True)
        self._producer.poll(0)
        self._reader.close()

    def _error(self, error: KafkaError) -> None:
        log_error(error)
        if error.fatal():
            self._failure = FatalError(f"Kafka's client gave up: {error.str()}", remedy="look at the broker's log")
