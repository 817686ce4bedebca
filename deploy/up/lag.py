"""How far consumer groups are behind their topics, and how much topics hold: a few questions to Kafka."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from runtime.kafka import client_config
from schemas.topics import RAW

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings, Settings

Partition = tuple[str, int]

TIMEOUT_SECS: Final = 5.0


class KafkaQuestions:
    """Asks one Kafka cluster. Every method raises one of UNANSWERED when it does not answer."""

    def __init__(self, kafka: KafkaSettings, timeout_secs: float = TIMEOUT_SECS) -> None:
        self._timeout = timeout_secs
        self._admin = AdminClient(client_config(kafka, "logferry-status"))

    def partitions(self, topics: Iterable[str]) -> list[Partition]:
        """All partitions of those of the topics that there are."""
        known = self._admin.list_topics(timeout=self._timeout).topics
        return [(name, number) for name in topics if name in known for number in known[name].partitions]

    def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The offset that the next record of each partition will have."""
        return self._offsets(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def starts(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The offset of the oldest record that each partition still has."""
        return self._offsets(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def _offsets(self, partitions: Iterable[Partition], which: OffsetSpec) -> dict[Partition, int]:
        asked = {TopicPartition(*each): which for each in partitions}
        if not asked:
            return {}
        answers = self._admin.list_offsets(asked, request_timeout=self._timeout)
        return {(each.topic, each.partition): _result(future).offset for each, future in answers.items()}

    def committed(self, group: str, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The offsets that a group has committed, for the partitions where it has."""
        asked = [TopicPartition(*each) for each in partitions]
        if not asked:
            return {}
        answer = self._admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group, asked)], request_timeout=self._timeout
        )
        found = _result(answer[group]).topic_partitions
        return {(each.topic, each.partition): each.offset for each in found if each.offset >= 0 and each.error is None}

    def record_counts(self, topics: Iterable[str]) -> dict[str, int]:
        """Records in each topic by its offsets, which for a compacted one is an upper bound."""
        partitions = self.partitions(topics)
        ends, starts = self.ends(partitions), self.starts(partitions)
        counts = dict.fromkeys((topic for topic, _ in partitions), 0)
        for each in partitions:
            counts[each[0]] += ends[each] - starts[each]
        return counts

    def lags(self, groups: Mapping[str, tuple[str, tuple[str, ...]]]) -> dict[str, int]:
        """Stage -> records that its group has not finished; ``groups`` names each stage's group and topics."""
        partitions = self.partitions({topic for _, topics in groups.values() for topic in topics})
        ends, starts = self.ends(partitions), self.starts(partitions)
        lags = {}
        for stage, (group, topics) in groups.items():
            own = [each for each in partitions if each[0] in topics]
            lags[stage] = lag(own, ends, starts, self.committed(group, own))
        return lags


def lag(
    partitions: Iterable[Partition],
    ends: Mapping[Partition, int],
    starts: Mapping[Partition, int],
    committed: Mapping[Partition, int],
) -> int:
    """Records between what is committed (where nothing is, or it has been deleted: the start) and the end."""
    return sum(max(0, ends[each] - max(committed.get(each, 0), starts[each])) for each in partitions)


def groups_of(settings: Settings) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Stage -> its consumer group and topics."""
    groups: dict[str, tuple[str, tuple[str, ...]]] = {"stream": (settings.stream.group, (RAW,))}
    for name, sink in settings.sinks.items():
        groups[f"sink {name}"] = (settings.sink_group(name), sink.topics)
    return groups


def _result(future: Future[Any]) -> Any:
    return future.result(timeout=2 * TIMEOUT_SECS)


UNANSWERED: Final = (KafkaException, TimeoutError)
"""What the questions raise when Kafka does not answer."""
