"""How far a reader of Kafka is behind: in records, and in seconds.

Records: what a partition has behind the last one that is finished, so what is under way counts. Seconds: for how long
the oldest of them has been in Kafka, by Kafka's own time of it. Everything is found out when somebody asks, in the
endpoint's thread; whoever reads only remembers when what it has in flight came.

Where a partition ends, Kafka's client knows from its last fetch, which is fresh while it fetches. Of a reader that is
held up it is not; then Kafka is asked, by a client of its own that is made when it is first needed.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from runtime.kafka import client_config
from runtime.kafka_contact import ANSWER_SECS

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

Partition: TypeAlias = tuple[str, int]
"""Topic and partition."""

ASKED_SECS: Final = 5.0
"""How long Kafka's answer holds, or that there was none."""


class Behind(NamedTuple):
    """How far a reader is behind in a partition, or in several."""

    records: int
    seconds: float


class Place:
    """Where a reader is in one partition: one thread tells, another one asks."""

    def __init__(self) -> None:
        self._begun: deque[tuple[int, float]] = deque()
        """Offsets in flight, the lowest first, and when they came into Kafka, in seconds since 1970."""
        self.read_to: int | None = None
        """The offset behind the last one that was read; None: nothing was read yet."""
        self._last = 0.0
        """When the latest record that was read came into Kafka."""
        self._at_end = 0.0
        """When the reader was last seen at the partition's end."""

    def begun(self, first: int, read_to: int, came_at: float) -> None:
        """Work begins on records from ``first`` on, up to ``read_to``; ``came_at``: when the first came into Kafka."""
        self._begun.append((first, came_at))
        self.read_to, self._last = read_to, came_at

    def finished(self, position: int) -> None:
        """Everything before ``position`` is finished."""
        while self._begun and self._begun[0][0] < position:
            self._begun.popleft()

    def behind(self, end: int, now: float, start: int = 0) -> Behind:
        """How far it is behind a partition that ends at ``end``; ``start``: where it begins to read.

        The time of what was not read yet is not known: it is later than that of what was, and than the last moment at
        which there was nothing more to read.
        """
        read_to = start if self.read_to is None else self.read_to
        try:
            first, came_at = self._begun[0]
        except IndexError:
            if end <= read_to:
                self._at_end = now
                return Behind(0, 0.0)
            known = max(self._last, self._at_end)
            return Behind(end - read_to, max(0.0, now - known) if known else 0.0)
        return Behind(max(end, read_to) - first, max(0.0, now - came_at))


def together(several: Collection[Behind]) -> Behind:
    """Of partitions as a whole: all records, and the age of the oldest."""
    return Behind(sum(each.records for each in several), max((each.seconds for each in several), default=0.0))


def by_topic(behind: Mapping[Partition, Behind]) -> dict[str, Behind]:
    """Partitions of a topic together."""
    topics: dict[str, list[Behind]] = {}
    for (topic, _), each in behind.items():
        topics.setdefault(topic, []).append(each)
    return {topic: together(several) for topic, several in topics.items()}


class Ends:
    """Where partitions end, asked of Kafka. Any thread may ask; one at a time does."""

    def __init__(self, kafka: KafkaSettings, client_id: str) -> None:
        self._kafka = kafka
        self._client_id = client_id
        self._client: AdminClient | None = None
        self._lock = threading.Lock()
        self._holds_until = float("-inf")
        self._asked: frozenset[Partition] = frozenset()
        self._answer: dict[Partition, int] = {}

    def of(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The ends of what readers are given (no open transactions). Raises KafkaException when Kafka is silent."""
        if not partitions:
            return {}
        latest: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(*each): latest for each in partitions}
        answers = self._connected().list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=ANSWER_SECS
        )
        return {(each.topic, each.partition): found.result().offset for each, found in answers.items()}

    def committed(self, group: str, partitions: Collection[Partition]) -> dict[Partition, int]:
        """What a group has committed, below 0 for nothing. Raises KafkaException when Kafka does not answer."""
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(*each) for each in partitions])
        (answer,) = self._connected().list_consumer_group_offsets([asked], request_timeout=ANSWER_SECS).values()
        return {
            (each.topic, each.partition): each.offset for each in answer.result().topic_partitions if not each.error
        }

    def _connected(self) -> AdminClient:
        if self._client is None:
            self._client = AdminClient(client_config(self._kafka, self._client_id))
        return self._client

    def recent(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The same, not asked again for a few seconds; what Kafka does not answer is left out."""
        with self._lock:
            wanted, now = frozenset(partitions), time.monotonic()
            if now >= self._holds_until or wanted != self._asked:
                try:
                    self._answer = self.of(wanted)
                except KafkaException:
                    self._answer = {}
                self._asked, self._holds_until = wanted, time.monotonic() + ASKED_SECS
            return self._answer
