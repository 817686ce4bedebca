"""Records of a topic by their offsets, without a consumer group; no more than a few MiB of them are held."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime.kafka import client_config, of_topic
from schemas.errors import TemporaryError

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

ASK_SECS: Final = 10.0
SILENCE_SECS: Final = 30.0
BATCH: Final = 500
WAIT_SECS: Final = 0.05
NEAR: Final = 50
"""A record so few offsets ahead is reached by reading on; for one further away the reader begins anew."""


class TopicReader:
    """Reads one partition at a time, from any offset."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self.topic = topic
        self._bounds: dict[int, tuple[int, int]] = {}
        self._read: deque[Message] = deque()
        self._ended = False
        """The client has told that the partition has no more."""
        self._at: tuple[int, int] = (-1, -1)
        """Partition, and the offset behind what was handed out last."""
        self._consumer = Consumer(
            {
                **client_config(kafka, "logferry-dead-letters"),
                "group.id": f"logferry-unused-{topic}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "queued.max.messages.kbytes": 16384,
                "fetch.queue.backoff.ms": 20,
                "fetch.error.backoff.ms": 100,
            }
        )

    def partitions(self) -> list[int]:
        """All of the topic; none where there is no such topic. Raises TemporaryError."""
        try:
            found = self._consumer.list_topics(self.topic, timeout=ASK_SECS).topics[self.topic]
        except KafkaException as error:
            raise self._unreadable(error.args[0].str()) from error
        if found.error is not None and found.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise self._unreadable(found.error.str())
        return [] if found.error is not None else sorted(found.partitions)

    def bounds(self, partition: int) -> tuple[int, int]:
        """First offset, and the end as it was when this was asked first. Raises TemporaryError."""
        if partition not in self._bounds:
            try:
                self._bounds[partition] = self._consumer.get_watermark_offsets(
                    TopicPartition(self.topic, partition), timeout=ASK_SECS
                )
            except KafkaException as error:
                raise self._unreadable(error.args[0].str()) from error
        return self._bounds[partition]

    def at_time(self, partition: int, nanos: int) -> int:
        """Offset of the first record of that time (nanoseconds since 1970) or later; else the end."""
        asked = TopicPartition(self.topic, partition, max(0, nanos // 1_000_000))
        try:
            offset = self._consumer.offsets_for_times([asked], timeout=ASK_SECS)[0].offset
        except KafkaException as error:
            raise self._unreadable(error.args[0].str()) from error
        low, high = self.bounds(partition)
        return high if offset < 0 else max(low, offset)

    def read(self, partition: int, begin: int, end: int) -> Iterator[Message]:
        """The records from ``begin`` up to before ``end``, which must not be behind the end of the partition.

        Raises TemporaryError when Kafka does not answer any more.
        """
        begin = max(begin, self.bounds(partition)[0])
        if begin >= end:
            return
        self._go_to(partition, begin)
        while self._at[1] < end:
            if not self._read and not self._fetch(partition):
                return
            record = self._read.popleft()
            offset = record.offset() or 0
            self._at = (partition, offset + 1)
            if offset >= end:
                return
            if offset >= begin:
                yield record

    def _go_to(self, partition: int, begin: int) -> None:
        at, offset = self._at
        if at != partition or not offset <= begin <= offset + NEAR:
            self._read.clear()
            self._ended = False
            self._consumer.assign([TopicPartition(self.topic, partition, begin)])
            self._at = (partition, begin)

    def _fetch(self, partition: int) -> bool:
        """Wait for records; False: the partition has no more."""
        since = time.monotonic()
        while not self._read and not self._ended:
            if time.monotonic() - since > SILENCE_SECS:
                raise self._unreadable(f"nothing came for {SILENCE_SECS:.0f} s")
            for record in of_topic(self._consumer.consume(BATCH, WAIT_SECS)):
                self._take(record, partition)
        return bool(self._read)

    def _take(self, record: Message, partition: int) -> None:
        error = record.error()
        if record.partition() not in (partition, None):
            return  # of an assignment before this one
        if error is None:
            self._read.append(record)
        elif error.code() == KafkaError._PARTITION_EOF:
            self._ended = True
        else:
            raise self._unreadable(error.str())

    def _unreadable(self, problem: str) -> TemporaryError:
        return TemporaryError(
            f"{self.topic} cannot be read: {problem}",
            delay=5.0,
            where=f"topic {self.topic}",
            remedy="create the topics with `logferry topics apply`; this client's user needs Read and Describe on it",
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
