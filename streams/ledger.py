"""The way of a worker's accounts into logs.ledger: behind all that came of a value, before it is acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from schemas.codec import Codec
from streams.core.account import Place, entry_of_chunk, entry_of_mark, entry_of_unreadable

if TYPE_CHECKING:
    from runtime.producer import OrderedProducer
    from streams.core.work import Work
    from streams.feed import Feed


class Ledger:
    """Writes one entry for each value that was read. With a suffix of the feed nothing is told: it is only tried."""

    def __init__(self, producer: OrderedProducer, topic: str, feed: Feed) -> None:
        self._producer = producer
        self._topic: Final = topic
        self._feed = feed
        self._codec = Codec("ledger_entry")

    def chunk(self, work: Work, done: Callable[[], None]) -> None:
        """Everything that came of a chunk is delivered; ``done`` is called when that is told.

        What is context alone is told of in logs.raw only, where every offset has an entry.
        """
        if self._feed.suffix or (work.is_context and self._feed.run):
            done()
            return
        self._send(entry_of_chunk(work, self._feed.topic, time.time_ns()), done)

    def unreadable(
        self, chunk: Mapping[str, Any] | None, partition: int, offset: int, run: str, done: Callable[[], None]
    ) -> None:
        """The letter of a value that cannot be used is delivered."""
        if self._feed.suffix:
            done()
            return
        place = Place(self._feed.topic, partition, offset)
        self._send(entry_of_unreadable(chunk, place, time.time_ns(), run or None), done)

    def mark(self, run: str, partition: int, offset: int, done: Callable[[], None]) -> None:
        """A mark of a replay was heard."""
        if self._feed.suffix or self._feed.run:
            done()
            return
        self._send(entry_of_mark(run, Place(self._feed.topic, partition, offset), time.time_ns()), done)

    def _send(self, entry: dict[str, Any], done: Callable[[], None]) -> None:
        self._producer.send(self._topic, entry["incarnation"], [self._codec.encode(entry)], done)
