"""Reading a compacted topic whole and then following it, without a consumer group.

Rules and pod metadata are read this way by every worker: each sees every key, nobody rebalances, nothing is committed.
A new record is there with the next `poll`: the broker answers a waiting request as soon as it has one.

Kafka's client insists on a group's name and asks who coordinates it. The group is never joined, so the answer does not
matter, a refusal included: no right to any group is needed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime.kafka import client_config
from schemas.errors import TemporaryError

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

_log = logging.getLogger(__name__)

BATCH: Final = 500
WAIT_SECS: Final = 0.05
"""While loading: the client waits so long for a batch to be full, also at the end, where it never will be."""
UNSURE_SECS: Final = 3.0
"""For so long an unknown topic may be one that was made just now, or a broker that has just started."""

_MISSING: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})
_REMEDIES: Final = {
    **dict.fromkeys(_MISSING, "create it with `logferry topics apply`"),
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "give this client's user the rights Read and Describe on the topic",
}
"""Errors that concern the topic as a whole, whatever its records are."""
_NO_MATTER: Final = frozenset({KafkaError._PARTITION_EOF, KafkaError.GROUP_AUTHORIZATION_FAILED})


class CompactedReader:
    """Keys and values of one topic, oldest first within each partition."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._topic = topic
        self.offset = -1
        """Highest offset read so far, of the only partition or of any; -1 before the first record."""
        self.timestamp = 0
        """Milliseconds since 1970 at which the record that came last was written."""
        self._consumer = Consumer(
            {
                **client_config(kafka, "logferry-reader"),
                "group.id": f"logferry-unused-{topic}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "queued.max.messages.kbytes": 4096,
                # A pause where the client has read ahead enough; its own choice is a second.
                "fetch.queue.backoff.ms": 20,
                # A new leader, a lost broker: ask again soon; its own choice is half a second.
                "fetch.error.backoff.ms": 100,
            }
        )

    def load(self, timeout: float) -> Iterator[tuple[str, bytes | None]]:
        """Everything up to what was the end when this was called.

        Raises TemporaryError after ``timeout`` seconds, and at once where the topic cannot be read at all: an
        unreadable topic never looks like an empty one.
        """
        until = time.monotonic() + timeout
        unread = self._assign(timeout)
        while unread:
            if time.monotonic() > until:
                raise self._unreadable(f"not read to its end in {timeout:.0f} s", "look at the brokers")
            for record in self._consumer.consume(BATCH, WAIT_SECS):
                error = record.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    unread.discard(record.partition())
                elif error is not None and error.code() in _REMEDIES:
                    raise self._unreadable(error.str(), _REMEDIES[error.code()])
                yield from self._taken(record)

    def poll(self, timeout: float = 0.0) -> Iterator[tuple[str, bytes | None]]:
        """What has come since, waiting for it up to ``timeout`` seconds; a None value is a tombstone."""
        for record in self._consumer.consume(BATCH, timeout):
            yield from self._taken(record)

    def _taken(self, record: Message) -> Iterator[tuple[str, bytes | None]]:
        key, error = record.key(), record.error()
        if error is not None:
            if error.code() not in _NO_MATTER:
                _log.warning("%s: %s", self._topic, error.str())
            return
        self.offset = max(self.offset, record.offset() or 0)
        self.timestamp = record.timestamp()[1]
        if key is not None:
            yield (key if isinstance(key, bytes) else key.encode()).decode(errors="replace"), record.value()

    def _assign(self, timeout: float) -> set[int | None]:
        """Begin all partitions from the beginning; returns their numbers."""
        partitions = self._partitions(timeout)
        self._consumer.assign([TopicPartition(self._topic, each, OFFSET_BEGINNING) for each in partitions])
        return set(partitions)

    def _partitions(self, timeout: float) -> list[int]:
        began = time.monotonic()
        while True:
            try:
                found = self._consumer.list_topics(self._topic, timeout=timeout).topics[self._topic]
            except KafkaException as error:
                raise self._unreadable(error.args[0].str(), "look at the brokers") from error
            if found.error is None and found.partitions:
                return list(found.partitions)
            code, waited = found.error and found.error.code(), time.monotonic() - began
            if code == KafkaError.TOPIC_AUTHORIZATION_FAILED or waited > min(UNSURE_SECS, timeout):
                problem = found.error.str() if found.error else "it has no partitions"
                raise self._unreadable(problem, _REMEDIES.get(code, "look at the brokers"))
            time.sleep(0.1)

    def _unreadable(self, problem: str, remedy: str) -> TemporaryError:
        return TemporaryError(
            f"{self._topic} cannot be read: {problem}", delay=1.0, where=f"topic {self._topic}", remedy=remedy
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
