"""Lines of one source out of its chunks: repeated bytes skipped, cut lines completed, partial lines joined.

What cannot be finished yet holds the chunk in which it began: that chunk is not acknowledged before the record is
delivered, so a restart reads it again and no state need be kept anywhere. Repetitions come from producers that start
again behind what Kafka had already; the position up to which an incarnation was seen tells them apart.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, Generic, TypeVar

from streams.core.framing.line import Line, LongLine
from streams.core.groups import Content, Group
from streams.core.parsers import PARSERS
from streams.core.partial import Partial, finish, is_late, split_off

Work = TypeVar("Work")

TEXT: Final = PARSERS["text"]

REMEMBERED_LIVES: Final = 8
"""So many incarnations of a source are remembered: more than kubelet keeps files of one container."""

_OF_THE_LATEST_LIFE: Final = (
    "life", "restart", "ended", "partials", "groups", "cut", "tail", "long_line", "skip_line", "skip_streams",
)  # fmt: skip
"""Attributes of a SourceState that are put aside together."""


class Entry(Enum):
    """How a chunk stands to what its source's state has seen."""

    CONTINUES = auto()
    """It goes on where the state is, perhaps after bytes that were seen before."""
    REPEATS = auto()
    """All of it belongs to a file that was read to its end before; there is nothing to do."""
    BREAKS = auto()
    """Nothing is known of the bytes just before it; what is unfinished will not be continued by it."""


@dataclass
class CutLine(Generic[Work]):
    """A line whose end is in a later chunk."""

    work: Work
    offset: int
    waiting_since: float
    content: bytearray = field(default_factory=bytearray)


class SourceState(Generic[Work]):
    """What is known of one source between its chunks."""

    def __init__(self) -> None:
        self.lives: OrderedDict[bytes, int] = OrderedDict()
        """Incarnation -> position up to which it was seen; the latest last."""
        self.life = b""
        self.restart = 0
        self.ended = True
        """The latest incarnation was seen to its end, so the next one continues it."""
        self.parser = TEXT
        """Parser of the line before."""
        self.partials: dict[bytes, Partial[Work]] = {}
        """Stream -> what of it is unfinished."""
        self.groups: dict[bytes, Group[Work]] = {}
        """Stream -> lines that may become one record."""
        self.cut: CutLine[Work] | None = None
        self.tail = b""
        """Bytes of a character that goes on in the next chunk, in encodings whose characters have several."""
        self.long_line: LongLine | None = None
        """A line so long that its beginning was passed on already."""
        self.skip_line = False
        """The rest of the current line belongs to a record that was finished before."""
        self.skip_streams: dict[bytes, bytes] = {}
        """Streams whose lines up to the next full one belong to records that were finished before, each with the
        timestamp of its last line."""
        self.skip_until: dict[bytes, tuple[bytes, int, int | None]] = {}
        """Streams whose lines belong to records that were finished before, up to a position in an incarnation, which is
        in the chunk with a Kafka offset (None: it came before). Told by the commit that this reader began at."""
        self.aside: dict[bytes, SourceState[Work]] = {}
        """Incarnation -> how it stood with it when an earlier file was told again before it had ended."""
        self.left: list[Work] = []
        """Chunks with a line that is not waited with any longer: its record was finished elsewhere. Whoever calls
        `enter` accounts for them."""

    def is_idle(self) -> bool:
        """Nothing is unfinished, so that forgetting this state loses nothing."""
        unfinished = self.partials or self.groups or self.cut or self.long_line or self.skip_line or self.skip_streams
        return not (unfinished or self.skip_until) and all(other.is_idle() for other in self.aside.values())

    def is_at_line_start(self) -> bool:
        """What comes next begins a line."""
        return not (self.skip_line or self.cut or self.long_line)

    def is_plain(self) -> bool:
        """Full lines may be taken as they are."""
        return not (self.partials or self.skip_streams or self.skip_until)

    def goes_on(self, stream: bytes) -> bool:
        """Whether a stream has the beginning of a record, or passes over its rest."""
        return stream in self.partials or stream in self.skip_streams

    def held(self) -> Iterator[Work]:
        """Chunks that must not be acknowledged yet."""
        for partial in self.partials.values():
            yield partial.work
        for group in self.groups.values():
            yield from group.held()
        if self.cut is not None:
            yield self.cut.work
        for other in self.aside.values():
            yield from other.held()

    def unaccounted(self) -> Iterator[Work]:
        """Chunks of the latest life, once for each line of which nothing has become yet."""
        yield from (partial.work for partial in self.partials.values() if not partial.parts)
        for group in self.groups.values():
            yield from group.held()

    def put_aside(self) -> None:
        """Keep what is unfinished of the latest life until its producer, which went back to earlier files, returns."""
        other: SourceState[Work] = SourceState()
        self._swap(other)
        self.aside[other.life] = other

    def _take_up(self, life: bytes) -> None:
        """Go on with a life that was put aside. What an ended one left open was finished in this one already."""
        other = self.aside.pop(life)
        if not self.ended:
            self.put_aside()
        self._swap(other)
        self.left += other.unaccounted()

    def _swap(self, other: SourceState[Work]) -> None:
        for name in _OF_THE_LATEST_LIFE:
            mine = getattr(self, name)
            setattr(self, name, getattr(other, name))
            setattr(other, name, mine)

    def enter(self, chunk: Mapping[str, Any]) -> tuple[Entry, int]:
        """How a chunk stands to what was seen, and how many of its leading bytes were seen before."""
        life, offset, size = chunk["incarnation"], chunk["offset"], len(chunk["payload"])
        seen = self.lives.get(life)
        if seen is not None and offset <= seen:
            if life in self.aside and (offset + size > seen or chunk["ended"]):
                self._take_up(life)
            if life == self.life:
                return Entry.CONTINUES, min(size, seen - offset)
            if offset + size <= seen:
                return Entry.REPEATS, size
        follows = self.ended and offset == 0 and seen is None and chunk["restart"] == self.restart
        follows = follows and life not in self.aside
        return (Entry.CONTINUES if follows and self.life else Entry.BREAKS), 0

    def resume(self, resumed: Mapping[str, Any] | None) -> None:
        """Begin where nothing is known of the bytes before: the producer says what was unfinished there.

        It was finished by whoever read those bytes, or their chunk would not have been acknowledged.
        """
        self.cut = self.long_line = None
        self.tail = b""
        self.partials.clear()
        self.groups.clear()
        self.skip_line, self.skip_streams = False, {}
        if resumed is not None:
            self.skip_line = resumed["inside_line"]
            self.skip_streams = {
                stream.encode(): timestamp.encode()
                for stream, timestamp in resumed["open_streams"].items()
                if stream.encode() not in self.skip_until  # which says it more exactly
            }

    def passes_over(self, stream: bytes, life: bytes, offset: int, chunk: int) -> bool:
        """Whether a line of a chunk, named by its Kafka offset, belongs to a record that was finished before."""
        until = self.skip_until.get(stream)
        if until is None:
            return False
        incarnation, end, last = until
        is_ahead = last is not None and chunk <= last and incarnation not in self.lives
        if offset < end if life == incarnation else is_ahead:
            return True
        del self.skip_until[stream]
        return False

    def has_passed(self, chunk: int) -> None:
        """All of a chunk, named by its Kafka offset, was seen: what was to be passed over up to there is behind us."""
        if self.skip_until:
            ahead = {key: until for key, until in self.skip_until.items() if until[2] is not None and until[2] > chunk}
            self.skip_until = ahead

    def advance(self, chunk: Mapping[str, Any]) -> None:
        """The whole chunk was seen."""
        life, end = chunk["incarnation"], chunk["offset"] + len(chunk["payload"])
        seen = self.lives.get(life, 0)
        chunk_ended = chunk["ended"] or (self.ended and life == self.life and end <= seen)
        self.lives[life] = max(end, seen)
        self.lives.move_to_end(life)
        while len(self.lives) > REMEMBERED_LIVES:
            self.lives.popitem(last=False)
        self.life, self.restart, self.ended = life, chunk["restart"], chunk_ended

    def continues(self, line: Line, timeout: int) -> bool:
        """Whether a line belongs to a record that began in an earlier one. ``timeout`` as for `join`."""
        partial = self.partials.get(line.stream)
        latest = self.skip_streams.get(line.stream) if partial is None else partial.latest
        return latest is not None and not is_late(latest, line.timestamp, timeout)

    def join(
        self, offset: int, line: Line, work: Work, last: Work, now: float, limit: int, timeout: int
    ) -> list[Content[Work]]:
        """Take one line, which began in ``work`` and ended in ``last``; returns the contents it finishes.

        ``timeout`` is in nanoseconds, by the lines' own time.
        """
        continues = self.continues(line, timeout)
        if self.skip_streams.pop(line.stream, None) is not None and continues:
            if line.partial:
                self.skip_streams[line.stream] = line.timestamp
            return []
        partial = self.partials.pop(line.stream, None)
        done: list[Content[Work]] = []
        if partial is not None and not continues:
            done.append(finish(partial, line.stream, incomplete=True))
            partial = None
        if partial is None:
            partial = Partial(work, offset, line.timestamp, now, line.timestamp, line.attributes)
        partial.waiting_since, partial.latest = now, line.timestamp
        partial.last, partial.end = last, offset
        partial.content += line.content
        while len(partial.content) > limit:
            done.append(split_off(partial, line.stream, limit))
        if line.partial:
            self.partials[line.stream] = partial
        else:
            done.append(finish(partial, line.stream))
        return done

    def give_up(self, *, before: float = float("inf")) -> list[Content[Work]]:
        """Finish what has waited since ``before`` as it is, marked incomplete."""
        late = [stream for stream, partial in self.partials.items() if partial.waiting_since <= before]
        return [finish(self.partials.pop(stream), stream, incomplete=True) for stream in late]
