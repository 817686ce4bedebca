"""Chunks in logs.raw: by their coordinates, by the record that they hold, and by their source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aiokafka.partitioner import murmur2

from deploy.dead_letters.core.letter import Letter
from deploy.dead_letters.core.origin import Origin
from deploy.dead_letters.core.ways import NUMBERED, holds
from deploy.dead_letters.letters import SLACK_NANOS
from deploy.dead_letters.reading import TopicReader
from schemas.codec import Codec

if TYPE_CHECKING:
    from schemas.settings import Settings

FOLLOWING_RECORDS: Final = 2000
"""So many records of a partition are looked through for the chunks of a source that follow one."""
SIBLING_RECORDS: Final = 5000
"""So many of the newest records of a partition are looked through for any chunk of a source."""

UNOBSERVED_NANOS: Final = 6 * 3600 * 1_000_000_000
"""So long before a record its chunk is looked for, where the record does not say when it was read."""


class Place(NamedTuple):
    """Where a chunk stands."""

    topic: str
    partition: int
    offset: int


class RawTopics:
    """Reads logs.raw, and any other topic that letters name as theirs."""

    def __init__(self, settings: Settings) -> None:
        self._kafka = settings.kafka
        self._raw = settings.topics.names.raw
        self._codec = Codec("raw_chunk")
        self._readers: dict[str, TopicReader] = {}
        self._partitions: dict[str, list[int]] = {}
        self._siblings: dict[str, dict[str, Any] | None] = {}

    def value(self, place: Place) -> bytes | None:
        """The value at a place; None: it is not there any more."""
        if place.partition not in self._known(place.topic):
            return None
        reader = self._readers[place.topic]
        low, high = reader.bounds(place.partition)
        if low <= place.offset < high:
            for record in reader.read(place.partition, place.offset, place.offset + 1):
                return record.value() or b""
        return None

    def following(self, place: Place, source_id: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Offsets and chunks of a source behind a place."""
        reader = self._readers[place.topic]
        end = min(reader.bounds(place.partition)[1], place.offset + 1 + FOLLOWING_RECORDS)
        for record in reader.read(place.partition, place.offset + 1, end):
            chunk = self._codec.decode(record.value() or b"") if _key(record.key()) == source_id else None
            if isinstance(chunk, dict):
                yield record.offset() or 0, chunk

    def locate(self, letters: Iterable[tuple[Letter, Origin]]) -> dict[str, Place]:
        """Place of a letter -> place of the chunk in logs.raw where its record begins; those not found are left out."""
        by_partition: defaultdict[int, list[tuple[Letter, Origin]]] = defaultdict(list)
        count = len(self._known(self._raw))
        for letter, origin in letters:
            if count and origin.source_id and origin.incarnation is not None and origin.position is not None:
                partition = (murmur2(origin.source_id.encode()) & 0x7FFFFFFF) % count  # as producers choose it
                by_partition[partition].append((letter, origin))
        found: dict[str, Place] = {}
        for partition, wanted in by_partition.items():
            self._look_through(partition, wanted, found)
        return found

    def _look_through(self, partition: int, wanted: list[tuple[Letter, Origin]], found: dict[str, Place]) -> None:
        reader = self._readers[self._raw]
        begin = reader.at_time(partition, min(_earliest(*each) for each in wanted) - SLACK_NANOS)
        latest = max(_latest(letter) for letter, _ in wanted)
        by_life: defaultdict[bytes, list[tuple[Letter, Origin]]] = defaultdict(list)
        for letter, origin in wanted:
            by_life[origin.incarnation or b""].append((letter, origin))
        sources = {origin.source_id for _, origin in wanted}
        for record in reader.read(partition, begin, reader.at_time(partition, latest + SLACK_NANOS)):
            chunk = self._codec.decode(record.value() or b"") if _key(record.key()) in sources else None
            if isinstance(chunk, dict) and chunk["incarnation"] in by_life:
                place = Place(self._raw, partition, record.offset() or 0)
                left = [each for each in by_life[chunk["incarnation"]] if not self._take(each, chunk, place, found)]
                by_life[chunk["incarnation"]] = left
                if not any(by_life.values()):
                    return

    @staticmethod
    def _take(wanted: tuple[Letter, Origin], chunk: dict[str, Any], place: Place, found: dict[str, Place]) -> bool:
        """Whether a chunk is the one, so that no other need be looked at."""
        letter, origin = wanted
        if not holds(chunk, origin):
            return False
        found[letter.place] = place
        return chunk["source"]["framing"] not in NUMBERED  # of those a later chunk may begin nearer to it

    def sibling(self, source_id: str | None, partition: int) -> dict[str, Any] | None:
        """Any chunk of a source, the newest that is found; None: nobody knows the source any more."""
        if not source_id or partition not in self._known(self._raw):
            return None
        if source_id not in self._siblings:
            reader = self._readers[self._raw]
            end = reader.bounds(partition)[1]
            self._siblings[source_id] = None
            for record in reader.read(partition, end - SIBLING_RECORDS, end):
                chunk = self._codec.decode(record.value() or b"") if _key(record.key()) == source_id else None
                if isinstance(chunk, dict):
                    self._siblings[source_id] = {**chunk, "payload": b""}
        return self._siblings[source_id]

    def _known(self, topic: str) -> list[int]:
        if topic not in self._partitions:
            reader = self._readers[topic] = TopicReader(self._kafka, topic)
            self._partitions[topic] = reader.partitions()
        return self._partitions[topic]

    def close(self) -> None:
        """Let go of the connections."""
        for reader in self._readers.values():
            reader.close()


def _latest(letter: Letter) -> int:
    """When the chunk of a record was in logs.raw for sure: its record was in the routed topic."""
    return int(letter.fields["topic_timestamp"] or letter.fields["failed_at"])


def _earliest(letter: Letter, origin: Origin) -> int:
    """When the chunk of a record can have come: not before its producer had read it."""
    return _latest(letter) - UNOBSERVED_NANOS if origin.observed is None else origin.observed


def _key(key: str | bytes | None) -> str:
    return key.decode(errors="replace") if isinstance(key, bytes) else key or ""
