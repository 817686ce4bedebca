"""The way out of a redrive: values into their topics, entries into the ledger, marks into the dead-letter topic."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaError, Message, Producer

from deploy.dead_letters.again import Made
from deploy.dead_letters.core.letter import Letter, mark_of
from runtime.kafka import producer_config, undeliverable
from runtime.producer import enqueue
from schemas.codec import Codec
from schemas.errors import FatalError, TemporaryError

if TYPE_CHECKING:
    from schemas.settings import Settings

CONFIRM_SECS: Final = 60.0


class Sending:
    """A producer that is asked, batch by batch, whether everything has arrived."""

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.topics.names.dead_letter
        self._ledger = settings.topics.names.ledger
        self._producer = Producer(producer_config(settings.kafka, "logferry-redrive"))
        self._codec, self._entries = Codec("dead_letter"), Codec("ledger_entry")
        self._failures: list[FatalError] = []

    def send(self, made: Made) -> None:
        """One value."""
        self._enqueue(made.topic, made.value, made.key, headers=made.headers)

    def tell(self, entries: Iterable[dict[str, Any]]) -> None:
        """Write into the ledger what became of letters, and wait until that is written."""
        for each in entries:
            self._enqueue(self._ledger, self._entries.encode(each), each["incarnation"])
        self.settle()

    def mark(self, letters: list[Letter]) -> None:
        """Say in the topic that letters were sent again, and wait until that is written."""
        offsets: defaultdict[int, list[int]] = defaultdict(list)
        for letter in letters:
            offsets[letter.partition].append(letter.offset)
        for partition, each in offsets.items():
            value = self._codec.encode(mark_of(self._topic, partition, each, time.time_ns()))
            self._enqueue(self._topic, value, "redrive", partition=partition)
        self.settle()

    def _enqueue(self, topic: str, value: bytes, key: str, **options: Any) -> None:
        enqueue(self._producer, topic, value, key, on_delivery=self._delivered, **options)

    def _delivered(self, error: KafkaError | None, record: Message) -> None:
        if error is not None:
            self._failures.append(undeliverable(error, record))

    def settle(self) -> None:
        """Wait until Kafka has everything. Raises FatalError for what it refuses, TemporaryError without an answer."""
        unsent = self._producer.flush(CONFIRM_SECS)
        if self._failures:
            raise self._failures[0]
        if unsent:
            raise TemporaryError(
                f"Kafka did not confirm {unsent} records in {CONFIRM_SECS:.0f} s",
                delay=5.0,
                where="redrive",
                remedy="look at the brokers, then start again: it goes on where it was, and nothing is doubled",
            )
