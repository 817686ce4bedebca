"""How far one member of a sink's consumer group is behind (`runtime.kafka_lag`)."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaException, TopicPartition

from runtime.kafka_lag import ASKED_SECS, Behind, Ends, Partition, Place, by_topic

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from confluent_kafka import Consumer

    from schemas.settings import KafkaSettings

LOOK_SECS: Final = 1.0
"""How often the client is asked where partitions end, as of its last fetch."""
PARTITIONS_A_SECOND: Final = 500
"""With more of them it is asked less often."""


class SinkLag:
    """The reading thread tells; `by_topic` and `ends` are asked by others."""

    def __init__(self, kafka: KafkaSettings, group: str, consumer: Consumer) -> None:
        self._consumer = consumer
        self._group = group
        self._ends = Ends(kafka, group)
        self._ask_starts_at = 0.0
        self._places: dict[Partition, Place] = {}
        self._starts: dict[Partition, int] = {}
        """Where partitions were begun of which nothing was read yet."""
        self._marks: dict[Partition, tuple[int, int]] = {}
        """Where partitions began and ended at the last fetch. A consumer answers only the thread that reads with it:
        others would wait for as long as that goes on reading."""
        self._next_look = 0.0
        self._fresh_until = 0.0

    # -- told by the thread that reads ---------------------------------------------------------------------------------

    def read_by(self, consumer: Consumer) -> None:
        """Another client reads from now on."""
        self._consumer = consumer

    def fetching(self) -> None:
        """Records were asked for, and are fetched on."""
        now = time.monotonic()
        if now >= self._next_look:
            pause = max(LOOK_SECS, len(self._places) / PARTITIONS_A_SECOND)
            self._next_look, self._fresh_until = now + pause, now + 2 * pause
            self._marks = {each: self._cached(each) for each in list(self._places)}

    def begun(self, partition: Partition, first: int, read_to: int, came_at: float) -> None:
        """As `Place.begun`."""
        place = self._places.get(partition)
        if place is not None:
            place.begun(first, read_to, came_at)

    def finished(self, partition: Partition, position: int) -> None:
        """As `Place.finished`."""
        place = self._places.get(partition)
        if place is not None:
            place.finished(position)

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Partitions are ours now."""
        for each in partitions:
            self._places[each.topic, each.partition] = Place()

    def revoked(self, partitions: Iterable[Partition]) -> None:
        """They are not any more."""
        for each in partitions:
            self._places.pop(each, None)
            self._starts.pop(each, None)

    def close(self) -> None:
        """The consumer is about to be closed; nobody is asked any more."""
        self._places.clear()

    # -- asked by others -----------------------------------------------------------------------------------------------

    def by_topic(self) -> dict[str, Behind]:
        """How far behind each topic is, in the partitions that are ours; those that nobody knows of are left out."""
        places = dict(list(self._places.items()))
        self._learn_starts([each for each, place in places.items() if place.read_to is None])
        ends = self._known_ends(places)
        now = time.time()
        return by_topic(
            {
                each: place.behind(ends[each], now, self._starts.get(each, 0))
                for each, place in places.items()
                if each in ends and (place.read_to is not None or each in self._starts)
            }
        )

    def ends(self) -> int:
        """Where all partitions that are ours end, added up. Raises KafkaException when Kafka does not answer."""
        return sum(self._ends.of(list(self._places)).values())

    def _known_ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """From the client, while it fetches; else from Kafka, which a partition never read is asked for too."""
        marks = self._marks
        known = {each: marks[each][1] for each in partitions if each in marks and marks[each][1] >= 0}
        if time.monotonic() <= self._fresh_until and len(known) == len(partitions):
            return known
        return {**known, **self._ends.recent(partitions)}

    def _cached(self, partition: Partition) -> tuple[int, int]:
        """Where it begins and ends, below 0: nobody knows; asked by the thread that reads."""
        found = self._consumer.get_watermark_offsets(TopicPartition(*partition), cached=True)
        return (int(found[0]), int(found[1])) if found else (-1, -1)

    def _learn_starts(self, partitions: Collection[Partition]) -> None:
        """Where reading began, of partitions of which nothing has come yet: where the group has committed.

        Asked of another client, as the consumer answers only the thread that reads with it.
        """
        missing = [each for each in partitions if each not in self._starts]
        for partition in missing:
            low, end = self._marks.get(partition, (-1, -1))
            if low >= 0 and low == end:
                self._starts[partition] = end  # empty
        missing = [each for each in missing if each not in self._starts]
        if missing and time.monotonic() >= self._ask_starts_at:
            self._ask_starts_at = time.monotonic() + ASKED_SECS
            with suppress(KafkaException):
                for partition, offset in self._ends.committed(self._group, missing).items():
                    self._starts[partition] = offset if offset >= 0 else max(0, self._marks.get(partition, (0, 0))[0])
