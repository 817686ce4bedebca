"""A sink's place in its consumer group: reads records, and commits below the lowest that is not finished."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime.frontier import Frontier
from runtime.kafka import SESSION_SECS, consumer_config
from runtime.kafka_intake import IntakeCheck
from schemas.errors import FatalError
from sinks.core.account import Partition as Partition
from sinks.core.account import Share
from sinks.lag import SinkLag
from sinks.subscription import looking_for_new_ones, subscription

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings
    from sinks.accounts import Accounts

_log = logging.getLogger(__name__)

COMMIT_SECS: Final = 0.5
FENCED: Final = "if another process took its name in the group, give each a LOGFERRY_KAFKA__INSTANCE of its own"
REJOIN_SECS: Final = 3 * SESSION_SECS
"""A member that was put out of its group is back by then, unless librdkafka has lost its thread: then nobody reads, and
the client says no word (once seen; what led to it, a broker without a name, has an end by `runtime.kafka` too)."""


def partition_of(record: Message) -> Partition:
    """Where a record that was read stands; the client's types allow for records that were never sent."""
    return cast("str", record.topic()), cast("int", record.partition())


def offset_of(record: Message) -> int:
    """The offset of a record that was read."""
    return cast("int", record.offset())


class Batch:
    """Records that are finished together."""

    def __init__(self, shares: Mapping[Partition, tuple[Frontier[Share], Share]]) -> None:
        self.shares = shares
        """For each partition its frontier, and what is counted of its records here. The records are not kept."""

    def tell(self, record: Message, outcome: str) -> bool:
        """Account for a record whose outcome is not the usual one; False: it is not of this batch."""
        _, share = self.shares.get(partition_of(record), (None, None))
        if share is None or not share.first <= offset_of(record) < share.end:
            return False
        share.tell(record.key(), outcome)
        return True


class GroupConsumer:
    """One member of a sink's consumer group."""

    def __init__(
        self,
        kafka: KafkaSettings,
        group: str,
        topics: Sequence[str],
        on_revoke: Callable[[set[Partition]], None] | None = None,
        settle: Callable[[], None] | None = None,
        stall_secs: float = 60.0,
        accounts: Accounts | None = None,
    ) -> None:
        """``topics`` may be patterns with stars (``logs.ns.*``), which also mean topics that are made later.

        Before partitions go ``settle`` may finish what is under way, which is then committed; behind it ``on_revoke``
        hears which they are. With ``accounts`` only what the ledger has been told of is committed.
        """
        told = {"on_commit": self._heard_of_commit}
        self._config = consumer_config(kafka, group, group) | looking_for_new_ones(topics) | told
        self._consumer = Consumer(self._config)
        self.lag = SinkLag(kafka, group, self._consumer)
        """How far this member is behind; for metrics."""
        self.intake = IntakeCheck(stall_secs, self.lag.ends, "records")
        """Whether what comes is taken in; for liveness."""
        self.failed: Callable[[str], object] = lambda _kind: None
        """Hears of failures, by kind, to count them."""
        self._frontiers: defaultdict[Partition, Frontier[Share]] = defaultdict(Frontier)
        self._positions: dict[Partition, int] = {}
        """Partition -> offset to commit."""
        self._on_revoke = on_revoke
        self._settle = settle
        self._accounts = accounts
        self._next_commit = 0.0
        self._paused = False
        self._topics = topics
        self._joined = False
        self._is_member = False
        """The group has told us which partitions are ours, be it none."""
        self._apart_since: float | None = None
        """When the group took away what it had given."""

    def _join(self) -> None:
        """Become a member, not before the first record is wanted.

        One whose destination is not ready would keep partitions that nobody reads then.
        """
        self._joined = True
        self._consumer.subscribe(
            [subscription(topic) for topic in self._topics],
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._lost,
        )

    def _join_anew(self) -> None:
        """As a new client, since the old one does not come back into the group."""
        _log.warning("not back in the group for %.0f s: a new client takes the place of this one", REJOIN_SECS)
        self.failed("kafka")
        old, self._consumer = self._consumer, Consumer(self._config)
        threading.Thread(target=old.close, name="old client", daemon=True).start()  # which may wait for ever
        self.lag.read_by(self._consumer)
        self._apart_since = time.monotonic()
        self._join()

    def check(self, _now: float) -> str | None:
        """For `runtime.health.Health.ready_if`: whether this is no member of its group."""
        return None if self._is_member else "it has not joined its consumer group yet"

    def read(self, most: int, timeout: float) -> list[Message]:
        """Up to ``most`` records within ``timeout`` seconds. Raises FatalError when the topics cannot be read."""
        if not self._joined:
            self._join()
        elif self._apart_since is not None and time.monotonic() - self._apart_since > REJOIN_SECS:
            self._join_anew()
        try:
            records = self._consumer.consume(most, timeout)
        except KafkaException as error:
            raise FatalError(f"the topics cannot be read: {error.args[0].str()}") from error
        if records or self._paused:
            self.intake.moved()
        if not self._paused:
            self.lag.fetching()
        return [record for record in records if record.error() is None or not self._failed(record)]

    def _failed(self, record: Message) -> bool:
        if not _failed(record):
            return False
        if not _means_no_topic_yet(record):
            self.failed("kafka")
        return True

    def begin(self, records: list[Message]) -> Batch:
        """Work on records begins; they must come in the order in which they were read."""
        by_partition: defaultdict[Partition, list[Any]] = defaultdict(list)
        for record in cast("list[Any]", records):  # asked once for each record, so without the functions above
            by_partition[record.topic(), record.partition()].append(record)
        return Batch({partition: self._begin(partition, own) for partition, own in by_partition.items()})

    def begin_of(self, partition: Partition, records: list[Message]) -> Batch:
        """The same for records that are all of one partition."""
        return Batch({partition: self._begin(partition, records)})

    def _begin(self, partition: Partition, records: list[Any]) -> tuple[Frontier[Share], Share]:
        frontier, share = self._frontiers[partition], self._share(records)
        frontier.begin(share.first, share)
        self.lag.begun(partition, share.first, share.end, records[0].timestamp()[1] / 1000)
        return frontier, share

    def _share(self, records: list[Any]) -> Share:
        """Of records of one partition."""
        first, last = records[0].offset(), records[-1].offset()
        whole = last - first + 1 == len(records)
        offsets = range(first, last + 1) if whole else [each.offset() for each in records]
        if self._accounts is None:
            return Share(offsets, (), 0)
        return Share(offsets, [each.key() for each in records], sum(map(len, records)))

    def finish(self, batch: Batch) -> None:
        """All records of a batch are where they belong."""
        for partition, (frontier, share) in batch.shares.items():
            for free in frontier.finish(share.first):
                if self._frontiers.get(partition) is frontier:
                    self._finished(partition, free)

    def _finished(self, partition: Partition, share: Share) -> None:
        self.lag.finished(partition, share.end)
        if self._accounts is not None and self._accounts.covers(partition[0]):
            self._accounts.add(partition, share)
        else:
            self._positions[partition] = share.end

    def commit(self, *, now: bool = False) -> None:
        """Commit what is finished, and told to the ledger, now or when it is time."""
        if self._accounts is not None:
            self._positions.update(self._accounts.tell(self._consumer, now=now))
        if not self._positions or (not now and time.monotonic() < self._next_commit):
            return
        self._next_commit = time.monotonic() + COMMIT_SECS
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in self._positions.items()]
        self._positions.clear()
        try:
            if now:
                self._heard_of_commit(None, self._consumer.commit(offsets=offsets, asynchronous=False))
            else:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self._heard_of_commit(error.args[0], offsets)

    def _heard_of_commit(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        """Of Kafka's answer: it may refuse all, or single partitions."""
        refused = next((why for why in (error, *(each.error for each in offsets)) if why is not None), None)
        if refused is not None:
            self.failed("commit")
            _log.warning("offsets could not be committed; their records are read again: %s", refused.str())

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
        if consumer is not self._consumer:
            return
        _log.info("assigned: %s", _names(partitions))
        self._is_member = True
        self._apart_since = None
        self.intake.moved()
        self.lag.assigned(partitions)
        consumer.assign(partitions)
        (consumer.pause if self._paused else consumer.resume)(partitions)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if consumer is not self._consumer:
            return
        if self._settle is not None:
            self._settle()
        self.commit(now=True)
        self._lost(consumer, partitions)

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if consumer is not self._consumer:
            return
        _log.info("revoked: %s", _names(partitions))
        self._is_member = False
        self._apart_since = time.monotonic()
        gone = {(each.topic, each.partition) for each in partitions}
        for partition in gone:
            self._frontiers.pop(partition, None)
            self._positions.pop(partition, None)
        self.lag.revoked(gone)
        if self._accounts is not None:
            self._accounts.forget(gone)
        if self._on_revoke is not None:
            self._on_revoke(gone)

    def close(self) -> None:
        """Commit and leave the group."""
        self.commit(now=True)
        self.lag.close()
        self._consumer.close()


def _names(partitions: Iterable[TopicPartition]) -> str:
    return ", ".join(f"{each.topic}[{each.partition}]" for each in partitions) or "none"


def _means_no_topic_yet(record: Message) -> bool:
    """Whether an error is about a pattern."""
    return (record.topic() or "").startswith("^")


def _failed(record: Message) -> bool:
    error = record.error()
    if error is None:
        return False
    if _means_no_topic_yet(record):
        return True
    if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise FatalError(
            f"there is no such topic: {error.str()}", remedy="create the topics with `logferry topics apply`"
        )
    if error.fatal() or error.code() == KafkaError._FATAL:
        raise FatalError(f"the topics cannot be read any more: {error.str()}", remedy=FENCED)
    _log.warning("Kafka: %s", error.str())
    return True
