"""Chunks through the stream stage of today: its own code, in this process, with the rules that are in force now.

Quotas do not hold here: they were spent when the lines came, and whoever sends letters again wants them to arrive.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from deploy.dead_letters.core.ways import PART, Want
from runtime.kafka import read_file
from schemas.codec import Codec, Undecodable
from schemas.document import ID_HEADER
from schemas.identity import INCOMPLETE, parse_record_id
from streams.control import ControlTable
from streams.core.account import UNREADABLE_CHUNK
from streams.core.join import SourceState
from streams.core.process import Processor, out_of_bounds
from streams.core.rules import Rules
from streams.core.treatment import Tools, Treatments
from streams.core.work import Document, JoinLimits, Result, Work
from streams.pods import PodTable
from streams.topics import TopicMaker

if TYPE_CHECKING:
    from schemas.settings import Settings

LOAD_SECS: Final = 30.0
FOLLOWING_MAX: Final = 20
"""So many chunks of the source behind the one that is wanted are read for the rest of a record."""


class Made(NamedTuple):
    """A value that came of a letter."""

    topic: str
    key: str
    value: bytes
    headers: list[tuple[str, bytes]]
    position: int = -1
    """Of the record, in its incarnation."""
    reason: str = ""
    """Of a letter; empty: it is a record."""


class Worked(NamedTuple):
    """What came of one letter."""

    want: Want
    made: list[Made]
    work: Work
    """The chunk, worked on to its end."""


class Named(NamedTuple):
    """What a value is about."""

    life: bytes
    position: int
    reason: str = ""


class Sorted:
    """What came of the wanted records, each with its want."""

    def __init__(self, wants: Sequence[Want]) -> None:
        self._wants = wants
        self.made: list[list[Made]] = [[] for _ in wants]
        """For each want."""
        order = sorted(range(len(wants)), key=lambda number: wants[number].first)
        self._numbered = any(want.numbered for want in wants)
        self._by_first = [(wants[number].first, number) for number in order]

    def take(self, named: tuple[bytes, int], made: Made) -> None:
        """A value that is about a record with this incarnation and position."""
        life, position = named
        at = position % PART if self._numbered else position
        last = bisect_right(self._by_first, (at, len(self._wants)))
        nearest = self._by_first[last - 1][0] if last else None
        for first, number in reversed(self._by_first[:last]):
            if self._wants[number].takes(life, position):
                self.made[number].append(made)
            elif first != nearest:
                break  # wants of one chunk do not overlap

    def is_complete(self) -> bool:
        """Something came of everything that is wanted."""
        return all(self.made)


class StreamStage:
    """The stream stage as it is configured now."""

    def __init__(self, settings: Settings) -> None:
        """Read live rules and pods. Raises TemporaryError or SettingsError."""
        names = settings.topics.names
        self._pods = PodTable(settings.kafka, names.pods)
        self._control = ControlTable(settings)
        self._dead_letter = names.dead_letter
        self._records, self._letters, self._chunks = Codec("log_record"), Codec("dead_letter"), Codec("raw_chunk")
        try:
            self._pods.load(LOAD_SECS)
            self._control.load(LOAD_SECS)
            self._processor = self._processor_of(settings)
        except BaseException:
            self.close()
            raise

    def _processor_of(self, settings: Settings) -> Processor:
        stream = settings.stream
        tools = Tools(settings, time.time_ns, lambda secret: secret.resolve(os.environ, read_file))
        unlimited = settings.model_copy(update={"quotas": ()})
        live = [each for each in self._control.rules if each.kind != "quota"]
        treatments = Treatments(Rules.of(unlimited, live), tools, TopicMaker(settings).make)
        limits = JoinLimits(stream.record_max_bytes, stream.join_timeout_secs)
        return Processor(treatments, limits, self._pods.pods, time.time_ns, settings.topics.names)

    def work(self, partition: int, chunks: Iterable[tuple[int, dict[str, Any]]], wants: Sequence[Want]) -> list[Worked]:
        """What comes of the wanted records of the first chunk; those behind it, of the same source, give their rests.

        ``chunks``: Kafka offset and RawChunk. Never raises on input.
        """
        found = Sorted(wants)
        state: SourceState[Work] = SourceState()
        first: Work | None = None
        for number, (offset, chunk) in enumerate(chunks):
            work = self._processor.work(chunk, partition, offset, lambda _: None)
            first = first or work
            now = chunk["observed_timestamp"] / 1e9
            self._sort(self._processor.process(state, chunk, work, now), work.key, found)
            waiting = any(True for _ in state.held()) and not found.is_complete()
            if not waiting or number >= FOLLOWING_MAX:
                break
        if state.lives and not found.is_complete():
            self._sort(self._processor.expire(state, float("inf")), work.key, found)
        if first is None:
            return []
        return [Worked(want, made, first) for want, made in zip(wants, found.made, strict=True)]

    def unreadable(self, value: bytes, partition: int, offset: int) -> Made | dict[str, Any]:
        """A value of logs.raw as a chunk, or the letter that it becomes once more."""
        chunk = self._chunks.decode(value)
        problem = chunk.message if isinstance(chunk, Undecodable) else out_of_bounds(chunk)
        if not isinstance(chunk, Undecodable) and not problem:
            return chunk
        decoded = None if isinstance(chunk, Undecodable) else chunk
        letter = self._processor.undecodable(value, partition, offset, problem or "", decoded)
        return Made(self._dead_letter, "", letter, [], reason=UNREADABLE_CHUNK)

    def _sort(self, result: Result, key: str, found: Sorted) -> None:
        """Give every want what is its own; what nobody wants was delivered when it came the first time."""
        for topic, batch in result.batches.items():
            for value in batch.values:
                named = self._named(topic, value)
                if named is None:
                    continue
                content, headers = (value.value, value.headers) if isinstance(value, Document) else (value, [])
                made = Made(topic, key, content, headers, named.position, named.reason)
                found.take((named.life, named.position), made)

    def _named(self, topic: str, value: bytes | Document) -> Named | None:
        """What a value is about; None: it does not say."""
        if isinstance(value, Document):
            return _without_bit(dict(value.headers)[ID_HEADER].decode())
        fields = (self._letters if topic == self._dead_letter else self._records).decode(value)
        assert isinstance(fields, dict)
        if topic == self._dead_letter:
            life = fields["incarnation"]
            return Named(bytes.fromhex(life), fields["offset"], fields["reason"]) if life else None
        return _without_bit(fields["id"])

    def close(self) -> None:
        """Let go of the connections."""
        self._pods.close()
        self._control.close()


def _without_bit(record_id: str) -> Named | None:
    named = parse_record_id(record_id)
    return Named(named[0], named[1] & ~INCOMPLETE) if named else None
