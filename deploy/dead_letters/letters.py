"""The dead-letter topic: its letters in the order of each partition, and what was sent again of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Self

from confluent_kafka import Message

from deploy.dead_letters.core.letter import Found, Letter, Mark, read_found
from deploy.dead_letters.core.wanted import Wanted
from deploy.dead_letters.reading import TopicReader
from runtime.kafka import check_reachable
from runtime.registry import prepare_codecs
from schemas.codec import Codec
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from schemas.settings import Settings

SLACK_NANOS: Final = 60_000_000_000
"""Between the moment at which something failed and Kafka's time of its letter; clocks of machines differ."""


class LetterTopic:
    """One reading of the topic, as it is when it begins; use it in a ``with`` block."""

    def __init__(self, settings: Settings) -> None:
        """Raise TemporaryError when no broker answers."""
        prepare_codecs(settings)
        check_reachable(settings.kafka)
        self._codec = Codec("dead_letter")
        self._reader = TopicReader(settings.kafka, settings.topics.names.dead_letter)
        self.partitions = self._reader.partitions()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def size(self, wanted: Wanted) -> int:
        """Records that `found` would go through."""
        return sum(end - self._begin(each, wanted) for each in self.partitions for end in [self._end(each)])

    def found(self, wanted: Wanted) -> Iterator[Found]:
        """Letters and marks since the time that is wanted, partition by partition; other conditions are not looked at.

        Those that are too late come all the same, since marks behind them may be about earlier ones.
        """
        for partition in self.partitions:
            for record in self._reader.read(partition, self._begin(partition, wanted), self._end(partition)):
                yield self._found(record)

    def marked(self, wanted: Wanted) -> dict[int, set[int]]:
        """Partition -> offsets of letters that were sent again."""
        offsets: defaultdict[int, set[int]] = defaultdict(set)
        for each in self.found(wanted):
            if isinstance(each, Mark):
                offsets[each.partition] |= each.offsets
        return offsets

    def letter(self, partition: int, offset: int) -> Letter:
        """The letter at a place. Raises SettingsError where there is none."""
        if partition in self.partitions:
            for record in self._reader.read(partition, offset, min(offset + 1, self._end(partition))):
                found = self._found(record)
                if record.offset() == offset and isinstance(found, Letter):
                    return found
        raise SettingsError(
            f"there is no letter {partition}:{offset}",
            where=f"topic {self._reader.topic}",
            remedy="`logferry dead-letters list --each` shows what there is",
        )

    def _begin(self, partition: int, wanted: Wanted) -> int:
        if wanted.since is None:
            return self._reader.bounds(partition)[0]
        return self._reader.at_time(partition, wanted.since - SLACK_NANOS)

    def _end(self, partition: int) -> int:
        return self._reader.bounds(partition)[1]

    def _found(self, record: Message) -> Found:
        key = record.key() or b""
        return read_found(
            self._codec,
            record.partition() or 0,
            record.offset() or 0,
            record.timestamp()[1] * 1_000_000,
            key if isinstance(key, bytes) else key.encode(),
            record.value() or b"",
        )
