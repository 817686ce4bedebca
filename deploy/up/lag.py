"""How far consumer groups are behind their topics, and how much topics hold: a few questions to Kafka.

Asked with plain consumers that never join their group. The administration client has the questions too, but its answer
about a group crashed the whole process when the group's coordinator was not there yet (librdkafka 2.16, a fresh or
killed broker), and it never recovers from a broker that was killed.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from runtime.kafka import client_config
from schemas.topic_templates import topic_regex
from schemas.topics import RAW

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings, Settings

Partition = tuple[str, int]

TIMEOUT_SECS: Final = 5.0
UNANSWERED: Final = KafkaException
"""What the questions raise when Kafka does not answer."""
NO_GROUP: Final = "logferry-status"


class KafkaQuestions:
    """Asks one Kafka cluster. Every method raises UNANSWERED when it does not answer. `close` it."""

    def __init__(self, kafka: KafkaSettings, timeout_secs: float = TIMEOUT_SECS) -> None:
        self._kafka = kafka
        self._timeout = timeout_secs
        self._consumers: dict[str, Consumer] = {}
        """By group; a consumer can be asked about the positions of its own group only."""

    def _consumer(self, group: str) -> Consumer:
        if group not in self._consumers:
            config = {**client_config(self._kafka, "logferry-status"), "group.id": group, "enable.auto.commit": False}
            self._consumers[group] = Consumer(config)
        return self._consumers[group]

    def partitions(self, topics: Iterable[str]) -> list[Partition]:
        """All partitions of those of the topics that there are; names may be patterns with stars."""
        known = self._consumer(NO_GROUP).list_topics(timeout=self._timeout).topics
        return [(name, number) for name in meant(topics, known) for number in known[name].partitions]

    def bounds(self, partitions: Iterable[Partition]) -> dict[Partition, tuple[int, int]]:
        """For each partition the offset of its oldest record, and the one that its next record will have."""
        consumer = self._consumer(NO_GROUP)
        found = {}
        for each in partitions:
            found[each] = consumer.get_watermark_offsets(TopicPartition(*each), timeout=self._timeout)
        return found

    def committed(self, group: str, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The offsets that a group has committed, for the partitions where it has."""
        asked = [TopicPartition(*each) for each in partitions]
        found = self._consumer(group).committed(asked, timeout=self._timeout) if asked else []
        return {(each.topic, each.partition): each.offset for each in found if each.offset >= 0 and each.error is None}

    def record_counts(self, topics: Iterable[str]) -> dict[str, int]:
        """Records in each topic by its offsets, which for a compacted one is an upper bound."""
        bounds = self.bounds(self.partitions(topics))
        counts = dict.fromkeys((topic for topic, _ in bounds), 0)
        for (topic, _), (start, end) in bounds.items():
            counts[topic] += end - start
        return counts

    def lags(self, groups: Mapping[str, tuple[str, tuple[str, ...]]]) -> dict[str, int]:
        """Stage -> records that its group has not finished; ``groups`` names each stage's group and topics."""
        bounds = self.bounds(self.partitions({topic for _, topics in groups.values() for topic in topics}))
        lags = {}
        for stage, (group, topics) in groups.items():
            names = set(meant(topics, {topic for topic, _ in bounds}))
            own = {each: bound for each, bound in bounds.items() if each[0] in names}
            lags[stage] = lag(own, self.committed(group, own))
        return lags

    def close(self) -> None:
        """Let go of the connections."""
        for consumer in self._consumers.values():
            with contextlib.suppress(RuntimeError):
                consumer.close()
        self._consumers.clear()


def meant(topics: Iterable[str], known: Collection[str]) -> list[str]:
    """Those of the known topics that are named, in full or by patterns with stars; each once."""
    found: dict[str, None] = {}
    for topic in topics:
        if "*" not in topic:
            found.update(dict.fromkeys([topic] if topic in known else []))
            continue
        fits = re.compile(topic_regex(topic)).fullmatch
        found.update(dict.fromkeys(sorted(name for name in known if fits(name))))
    return list(found)


def lag(bounds: Mapping[Partition, tuple[int, int]], committed: Mapping[Partition, int]) -> int:
    """Records between what is committed (where nothing is, or it has been deleted: the start) and the end."""
    return sum(max(0, end - max(committed.get(each, 0), start)) for each, (start, end) in bounds.items())


def groups_of(settings: Settings) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Stage -> its consumer group and topics."""
    groups: dict[str, tuple[str, tuple[str, ...]]] = {"stream": (settings.stream.group, (RAW,))}
    for name, sink in settings.sinks.items():
        groups[f"sink {name}"] = (settings.sink_group(name), sink.topics)
    return groups
