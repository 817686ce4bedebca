"""The ledger, as it is when reading begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from deploy.dead_letters.reading import TopicReader
from runtime.registry import prepare_codecs
from schemas.codec import Codec, Undecodable

if TYPE_CHECKING:
    from schemas.settings import Settings


class Read(NamedTuple):
    """An entry and where it stands."""

    partition: int
    offset: int
    entry: dict[str, Any]


class Ledger:
    """Reads logs.ledger, as often as is wanted; use it in a ``with`` block."""

    def __init__(self, settings: Settings, since: int | None) -> None:
        """``since``: nanoseconds since 1970. Raises TemporaryError or SettingsError."""
        prepare_codecs(settings)
        self._since = since
        self._codec = Codec("ledger_entry")
        self._reader = TopicReader(settings.kafka, settings.topics.names.ledger)
        self.unreadable: Counter[str] = Counter()
        """What is wrong with entries that cannot be read."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def entries(self) -> Iterator[Read]:
        """All entries. Raises TemporaryError."""
        self.unreadable.clear()
        for partition in self._reader.partitions():
            for record in self._reader.read(partition, *self._span(partition)):
                entry = self._codec.decode(record.value() or b"")
                if isinstance(entry, Undecodable):
                    self.unreadable[entry.message] += 1
                else:
                    yield Read(partition, record.offset() or 0, entry)

    def again(self, keys: Collection[str]) -> Iterator[dict[str, Any]]:
        """The entries of some keys, up to the same end; others are passed over unread."""
        wanted = frozenset(each.encode() for each in keys)
        for partition in self._reader.partitions():
            for record in self._reader.read(partition, *self._span(partition)):
                if record.key() in wanted:
                    entry = self._codec.decode(record.value() or b"")
                    if not isinstance(entry, Undecodable):
                        yield entry

    def _span(self, partition: int) -> tuple[int, int]:
        start, end = self._reader.bounds(partition)
        return (start if self._since is None else self._reader.at_time(partition, self._since)), end
