"""A sink's place in its consumer group: reads records, and commits below the lowest that is not finished."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime.frontier import Frontier
from runtime.kafka import consumer_config
from schemas.errors import FatalError
from schemas.topic_templates import topic_regex

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

_log = logging.getLogger(__name__)

Partition = tuple[str, int]
"""Topic and partition."""

COMMIT_SECS: Final = 0.5
NEW_TOPICS_SECS: Final = 5.0
"""How soon a topic that was made meanwhile is read, when a pattern means it. librdkafka's five minutes are for
clusters with thousands of topics and clients."""


def partition_of(record: Message) -> Partition:
    """Where a record that was read stands; the client's types allow for records that were never sent."""
    return cast("str", record.topic()), cast("int", record.partition())


def offset_of(record: Message) -> int:
    """The offset of a record that was read."""
    return cast("int", record.offset())


class Batch:
    """Records that are finished together."""

    def __init__(self, frontiers: Mapping[Partition, tuple[Frontier[int], int]]) -> None:
        self.frontiers = frontiers
        """For each partition its frontier, and the offset of its first record here. The records are not kept."""


class GroupConsumer:
    """One member of a sink's consumer group."""

    def __init__(
        self,
        kafka: KafkaSettings,
        group: str,
        topics: Sequence[str],
        on_revoke: Callable[[set[Partition]], None] | None = None,
        settle: Callable[[], None] | None = None,
    ) -> None:
        """``topics`` may be patterns with stars (``logs.ns.*``), which also mean topics that are made later.

        Before partitions go ``settle`` may finish what is under way, which is then committed; behind it ``on_revoke``
        hears which they are.
        """
        self._consumer = Consumer(consumer_config(kafka, group, group) | _looking_for_new_ones(topics))
        self._frontiers: defaultdict[Partition, Frontier[int]] = defaultdict(Frontier)
        self._positions: dict[Partition, int] = {}
        """Partition -> offset to commit."""
        self._on_revoke = on_revoke
        self._settle = settle
        self._next_commit = 0.0
        self._paused = False
        self._topics = topics
        self._joined = False
        self._is_member = False
        """The group has told us which partitions are ours, be it none."""

    def _join(self) -> None:
        """Become a member, not before the first record is wanted.

        One whose destination is not ready would keep partitions that nobody reads then.
        """
        self._joined = True
        self._consumer.subscribe(
            [_subscription(topic) for topic in self._topics],
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._lost,
        )

    def check(self, _now: float) -> str | None:
        """For `runtime.health.Health.ready_if`: whether this is no member of its group."""
        return None if self._is_member else "it has not joined its consumer group yet"

    def read(self, most: int, timeout: float) -> list[Message]:
        """Up to ``most`` records within ``timeout`` seconds. Raises FatalError when the topics cannot be read."""
        if not self._joined:
            self._join()
        try:
            records = self._consumer.consume(most, timeout)
        except KafkaException as error:
            raise FatalError(f"the topics cannot be read: {error.args[0].str()}") from error
        return [record for record in records if record.error() is None or not _failed(record)]

    def begin(self, records: list[Message]) -> Batch:
        """Work on records begins; they must come in the order in which they were read."""
        frontiers: dict[Partition, tuple[Frontier[int], int]] = {}
        last: dict[Partition, int] = {}
        for record in cast("list[Any]", records):  # asked once for each record, so without the functions above
            partition, offset = (record.topic(), record.partition()), record.offset()
            if partition not in frontiers:
                frontiers[partition] = (self._frontiers[partition], offset)
            last[partition] = offset
        for partition, (frontier, first) in frontiers.items():
            frontier.begin(first, last[partition] + 1)
        return Batch(frontiers)

    def finish(self, batch: Batch) -> None:
        """All records of a batch are where they belong."""
        for partition, (frontier, first) in batch.frontiers.items():
            for position in frontier.finish(first):
                if self._frontiers.get(partition) is frontier:
                    self._positions[partition] = position

    def commit(self, *, now: bool = False) -> None:
        """Commit what is finished, now or when it is time."""
        if not self._positions or (not now and time.monotonic() < self._next_commit):
            return
        self._next_commit = time.monotonic() + COMMIT_SECS
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in self._positions.items()]
        self._positions.clear()
        try:
            if now:
                self._consumer.commit(offsets=offsets, asynchronous=False)
            else:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            _log.warning("offsets could not be committed; their records are read again: %s", error.args[0].str())

    def pause(self) -> None:
        """Take no more records for now, but stay in the group: `read` must go on being called."""
        if not self._paused:
            self._paused = True
            self._consumer.pause(self._consumer.assignment())

    def resume(self) -> None:
        """Take records again."""
        if self._paused:
            self._paused = False
            self._consumer.resume(self._consumer.assignment())

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Take partitions, paused or not: librdkafka remembers of one that comes back that it was paused."""
        _log.info("assigned: %s", _names(partitions))
        self._is_member = True
        consumer.assign(partitions)
        (consumer.pause if self._paused else consumer.resume)(partitions)

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._settle is not None:
            self._settle()
        self.commit(now=True)
        self._lost(_consumer, partitions)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        _log.info("revoked: %s", _names(partitions))
        self._is_member = False
        gone = {(each.topic, each.partition) for each in partitions}
        for partition in gone:
            self._frontiers.pop(partition, None)
            self._positions.pop(partition, None)
        if self._on_revoke is not None:
            self._on_revoke(gone)

    def close(self) -> None:
        """Commit and leave the group."""
        self.commit(now=True)
        self._consumer.close()


def _subscription(topic: str) -> str:
    """What librdkafka is asked for: a name, or behind ``^`` a regular expression over all names."""
    return f"^{topic_regex(topic)}$" if "*" in topic else topic


def _looking_for_new_ones(topics: Sequence[str]) -> dict[str, int]:
    """Without a pattern nothing that is made later can be meant."""
    patterns = any("*" in topic for topic in topics)
    return {"topic.metadata.refresh.interval.ms": int(NEW_TOPICS_SECS * 1000)} if patterns else {}


def _names(partitions: Iterable[TopicPartition]) -> str:
    return ", ".join(f"{each.topic}[{each.partition}]" for each in partitions) or "none"


def _failed(record: Message) -> bool:
    error = record.error()
    if error is None:
        return False
    if (record.topic() or "").startswith("^"):
        return True  # a pattern that means no topic yet
    if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise FatalError(
            f"there is no such topic: {error.str()}", remedy="create the topics with `logferry topics apply`"
        )
    _log.warning("Kafka: %s", error.str())
    return True
