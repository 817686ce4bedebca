"""What a sink cannot deliver, verbatim into logs.dead-letter."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, Message, Producer

from runtime.kafka import producer_config, undeliverable
from runtime.kafka_contact import KafkaContact
from runtime.producer import enqueue
from schemas.codec import Codec
from schemas.errors import FatalError

if TYPE_CHECKING:
    from runtime.health import Health
    from schemas.settings import KafkaSettings

FLUSH_SECS: Final = 1.0
HEADERS_MAX_BYTES: Final = 64 * 1024
"""Headers beyond this are left out, so that they never make a letter longer than its topic takes."""


class DeadLetters:
    """The way out for records that a destination will never take."""

    def __init__(self, kafka: KafkaSettings, topic: str, sink: str, health: Health) -> None:
        self._topic = topic
        self._producer = Producer(producer_config(kafka, f"logferry-sink-{sink}", buffer_max_bytes=8 * 1024 * 1024))
        self._codec = Codec("dead_letter")
        self._stage = f"sink/{sink}"
        self._failure: FatalError | None = None
        self._waiting = health.waiting
        health.ready_if(KafkaContact(self._producer, topic).check)

    def send(self, record: Message, reason: str, message: str) -> bool:
        """Keep a record with the reason why it was not delivered; `flush` makes sure that it is kept.

        False: it is a dead letter itself, which stays where it is; a letter of a letter would be read again, for ever.
        """
        if record.topic() == self._topic:
            return False
        letter = {
            "stage": self._stage,
            "reason": reason,
            "message": message,
            "topic": record.topic(),
            "partition": record.partition(),
            "topic_offset": record.offset(),
            "topic_timestamp": _timestamp(record),
            "headers": headers_of(record.headers()),
            "failed_at": time.time_ns(),
            "original": record.value() or b"",
        }
        value = self._codec.encode(letter)
        enqueue(self._producer, self._topic, value, record.key(), self._waiting, on_delivery=self._delivered)
        return True

    def _delivered(self, error: KafkaError | None, record: Message) -> None:
        if error is not None:
            self._failure = undeliverable(error, record)

    def flush(self) -> None:
        """Wait until everything sent is kept. Raises FatalError when Kafka refuses it."""
        while self._producer.flush(FLUSH_SECS):
            self._waiting()
        if self._failure is not None:
            raise self._failure


def headers_of(headers: Any) -> dict[str, bytes]:
    """Headers as a letter keeps them; of several with one name the last, as their reader takes them."""
    kept: dict[str, bytes] = {}
    left = HEADERS_MAX_BYTES
    for name, value in headers or ():
        content = value if isinstance(value, bytes) else str(value or "").encode()
        left -= len(name) + len(content)
        if left >= 0:
            kept[name] = content
    return kept


def _timestamp(record: Message) -> int | None:
    """Kafka's time of a record in nanoseconds since 1970."""
    kind, millis = record.timestamp()
    return None if kind == TIMESTAMP_NOT_AVAILABLE else millis * 1_000_000
