"""Offsets of consumer groups, read and written without joining them, and groups removed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from runtime.kafka import client_config
from schemas.errors import TemporaryError
from schemas.topic_templates import topic_regex

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

TIMEOUT_SECS: Final = 15.0


class Group:
    """A group's place in one topic; use it in a ``with`` block. Methods raise TemporaryError without an answer."""

    def __init__(self, kafka: KafkaSettings, group: str, topic: str) -> None:
        self.name = group
        self._topic = topic
        self._consumer = Consumer(
            {**client_config(kafka, "logferry-replay"), "group.id": group, "enable.auto.commit": False}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def committed(self) -> dict[int, int]:
        """Partition -> offset that it reads next; partitions without a commit are left out."""
        try:
            asked = [TopicPartition(self._topic, each) for each in self._partitions()]
            found = self._consumer.committed(asked, TIMEOUT_SECS)
        except KafkaException as error:
            raise self._silent(error) from error
        return {each.partition: each.offset for each in found if each.offset >= 0}

    def marks(self) -> dict[int, tuple[int, int]]:
        """Partition -> first offset that is there, and the one behind the last."""
        try:
            return {
                each: self._consumer.get_watermark_offsets(TopicPartition(self._topic, each), timeout=TIMEOUT_SECS)
                for each in self._partitions()
            }
        except KafkaException as error:
            raise self._silent(error) from error

    def begin_at_the_end(self) -> None:
        """From now on it reads what comes, and nothing of what is there."""
        places = [TopicPartition(self._topic, each, high) for each, (_, high) in self.marks().items()]
        try:
            self._consumer.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            raise self._silent(error) from error

    def has_lost(self) -> bool:
        """Whether what it reads next is past its retention, or it never had a place."""
        committed = self.committed()
        return any(committed.get(each, -1) < low for each, (low, _) in self.marks().items())

    def _partitions(self) -> list[int]:
        found = self._consumer.list_topics(self._topic, timeout=TIMEOUT_SECS).topics[self._topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def _silent(self, error: KafkaException) -> TemporaryError:
        return TemporaryError(
            f"no answer about {self._topic}: {error.args[0].str()}",
            delay=5.0,
            where=f"group {self.name}",
            remedy="look at the brokers; create topics with `logferry topics apply`",
        )


class Backlog:
    """What a sink's group has not finished; use it in a ``with`` block."""

    def __init__(self, kafka: KafkaSettings, group: str, topics: Iterable[str]) -> None:
        """``topics`` may be patterns with stars, as a sink has them."""
        self._wanted = re.compile("|".join(f"(?:{topic_regex(topic)})" for topic in topics))
        self._group = group
        self._consumer = Consumer(
            {**client_config(kafka, "logferry-replay"), "group.id": group, "enable.auto.commit": False}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def records(self) -> int:
        """How many. Raises TemporaryError."""
        try:
            topics = self._consumer.list_topics(timeout=TIMEOUT_SECS).topics
            places = [
                TopicPartition(name, partition)
                for name, each in topics.items()
                if self._wanted.fullmatch(name)
                for partition in each.partitions
            ]
            found = self._consumer.committed(places, TIMEOUT_SECS) if places else []
            return sum(self._behind(each) for each in found)
        except KafkaException as error:
            raise TemporaryError(
                f"no answer about group {self._group}: {error.args[0].str()}", delay=5.0, remedy="look at the brokers"
            ) from error

    def _behind(self, place: TopicPartition) -> int:
        low, high = self._consumer.get_watermark_offsets(place, timeout=TIMEOUT_SECS)
        return max(0, high - max(low, place.offset))


def is_through(committed: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    """Whether a group has finished everything up to these offsets and the records at them."""
    return all(committed.get(partition, 0) > end for partition, end in ends.items())


def remove_groups(kafka: KafkaSettings, names: Iterable[str]) -> list[str]:
    """Remove groups; returns those that were there. What cannot be removed Kafka forgets by itself, in time."""
    wanted = list(names)
    if not wanted:
        return []
    admin = AdminClient(client_config(kafka, "logferry-replay"))
    removed = []
    for name, future in admin.delete_consumer_groups(wanted, request_timeout=TIMEOUT_SECS).items():
        try:
            future.result(TIMEOUT_SECS)
            removed.append(name)
        except KafkaException as error:
            if error.args[0].code() not in (KafkaError.GROUP_ID_NOT_FOUND, KafkaError.NON_EMPTY_GROUP):
                continue
    return removed


def free(kafka: KafkaSettings, group: str, topic: str, committed: Mapping[int, int]) -> None:
    """Delete from logs.replay what its only group is through with: weeks out of an archive must not lie there as well.

    Where others replay too, or the right to do it is missing, its retention does it.
    """
    places = [TopicPartition(topic, partition, offset) for partition, offset in committed.items() if offset > 0]
    beginning = group.rpartition("-")[0]
    if not places or [each for each in groups_like(kafka, f"{beginning}-") if each != group]:
        return
    admin = AdminClient(client_config(kafka, "logferry-replay"))
    for future in admin.delete_records(places, request_timeout=TIMEOUT_SECS).values():
        with suppress(KafkaException):
            future.result(TIMEOUT_SECS)


def groups_like(kafka: KafkaSettings, beginning: str) -> list[str]:
    """Names of the groups that begin so. Raises TemporaryError."""
    admin = AdminClient(client_config(kafka, "logferry-replay"))
    try:
        listed = admin.list_consumer_groups(request_timeout=TIMEOUT_SECS).result(TIMEOUT_SECS)
    except KafkaException as error:
        raise TemporaryError(
            f"the groups cannot be listed: {error.args[0].str()}", delay=5.0, remedy="look at the brokers"
        ) from error
    return sorted(each.group_id for each in listed.valid if each.group_id.startswith(beginning))
