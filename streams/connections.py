"""The connections of a stream worker to Kafka, made from the settings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from runtime.kafka import producer_config
from runtime.producer import OrderedProducer
from streams.committed import Committed
from streams.control import ControlTable, NoControl
from streams.core.spans import Skip
from streams.pods import PodTable
from streams.topics import TopicMaker

if TYPE_CHECKING:
    from schemas.settings import Settings
    from streams.feed import Feed


@dataclass
class Connections:
    """Everything a worker talks to."""

    producer: OrderedProducer
    pods: PodTable
    control: ControlTable | NoControl
    committed: Committed
    topics: TopicMaker

    @classmethod
    def of(cls, settings: Settings, feed: Feed) -> Self:
        """Connect, or begin to: nothing is asked of a broker yet."""
        stream, names = settings.stream, settings.topics.names
        return cls(
            OrderedProducer(
                producer_config(
                    settings.kafka,
                    "logferry-stream",
                    compression=stream.compression,
                    linger_ms=stream.linger_ms,
                    buffer_max_bytes=2 * stream.in_flight_max_bytes,
                )
            ),
            PodTable(settings.kafka, names.pods, feed.pods),
            ControlTable(settings) if feed.follows_rules else NoControl(),
            Committed(settings.kafka, feed.group, feed.topic),
            TopicMaker(settings, feed.suffix),
        )

    def skips(self, partition: int) -> Sequence[Skip]:
        """What a reader of a partition that begins at the committed offset must pass over."""
        return self.committed.skips(partition)

    def partitions(self) -> int:
        """Partitions of the topic of chunks."""
        return self.committed.partitions()

    def make_topics(self, names: Collection[str]) -> None:
        """Create the topics that are not there yet."""
        self.topics.make(names)

    def close(self) -> None:
        """Let go of them."""
        self.pods.close()
        self.control.close()
        self.committed.close()
