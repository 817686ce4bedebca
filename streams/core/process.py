"""A chunk in, records out.

Everything that is the same for a chunk - framing, resource, tag, rules - is prepared once and kept with it, since a
record may be finished by a later chunk, even one of the next file, and still belongs to the one it began in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from schemas.codec import Codec
from schemas.document import DocumentWriter
from schemas.identity import INCOMPLETE
from schemas.log_record import RecordWriter
from schemas.topic_names import TopicNames
from streams.core.account import UNREADABLE_CHUNK
from streams.core.enrich import Pods, attributes_of
from streams.core.entries import take_entries
from streams.core.framing import framing_of
from streams.core.framing.event import Container
from streams.core.framing.line import LineFraming
from streams.core.join import CutLine, Entry, SourceState
from streams.core.lines import Lines, lines_of
from streams.core.origins import Origins
from streams.core.records import RecordBuilder
from streams.core.treatment import Treatments
from streams.core.work import JoinLimits, Origin, Result, Work

NUMBERED: Final = frozenset(("journald", "otlp", "otlp_json"))
"""Framings whose entries have numbers for positions; their ranges in the ledger are of numbers."""

DEFAULT_NAMES: Final = TopicNames()

LONG_LINE_BYTES: Final = 256 * 1024
"""A cut line longer than this is passed on in pieces, so that it is not held as a whole."""


def out_of_bounds(chunk: Mapping[str, Any]) -> str | None:
    """What is wrong with a chunk that could be decoded but whose bytes can have no record ids; None: nothing."""
    begin, end = chunk["offset"], chunk["offset"] + len(chunk["payload"])
    return None if begin >= 0 and end < INCOMPLETE else f"raw_chunk: no file has bytes {begin} to {end}"


class Processor:
    """Turns chunks into records."""

    def __init__(
        self,
        treatments: Treatments,
        limits: JoinLimits,
        pods: Pods,
        clock: Callable[[], int],
        names: TopicNames = DEFAULT_NAMES,
        topic: str = "",
    ) -> None:
        """``topic``: where the chunks come from, for dead letters; logs.raw, if nothing is said."""
        self.treatments = treatments
        """What happens to the records of each source; changed when rules change."""
        self._limits = limits
        self._origins = Origins(pods)
        self._clock = clock
        """Nanoseconds since 1970, for the time in dead letters."""
        self._names = names
        self._topic = topic or names.raw
        self._writer = RecordWriter(Codec("log_record"))
        self._documents = DocumentWriter()
        self._dead_letter = Codec("dead_letter")

    def work(self, chunk: dict[str, Any], partition: int, offset: int, done: Callable[[Work], None]) -> Work:
        """Prepare what all records of a chunk have in common."""
        source = chunk["source"]
        return Work(
            partition,
            offset,
            source["id"],
            source,
            chunk["path"],
            chunk["incarnation"],
            chunk["observed_timestamp"],
            self._origins.of(chunk, self.treatments),
            framing_of(chunk),
            attributes_of(source),
            done,
            start=chunk["offset"],
            end=chunk["offset"] + len(chunk["payload"]),
            ended=chunk["ended"],
        )

    def process(self, state: SourceState[Work], chunk: dict[str, Any], work: Work, now: float) -> Result:
        """All records of a chunk. ``now`` is the time of its partition in seconds. Never raises on input."""
        builder = self._builder()
        builder.counts["chunks_total",] = 1
        framing = work.framing
        if isinstance(framing, LineFraming):
            self._lines(builder, state, chunk, work, now)
        elif framing is None:
            work.lines = builder.counts["lines_total",] = 1
            builder.reject(work, chunk["offset"], chunk["payload"], _why_not(chunk["source"]), "unsupported_framing")
        else:
            take_entries(builder, work, framing(chunk), partial(self._origin_of, chunk))
            if chunk["source"]["framing"] in NUMBERED:
                work.end = work.start + work.lines
        self._count_redactions(builder)
        return builder.result()

    def _count_redactions(self, builder: RecordBuilder) -> None:
        for redactor in self.treatments.redactors:
            for detector, amount in redactor.hits.items():
                builder.counts["redactions_total", detector] += amount
            redactor.hits.clear()

    def _origin_of(self, chunk: Mapping[str, Any], container: Container) -> Origin:
        """That of a container which an entry names."""
        return self._origins.make(_chunk_of(chunk, container), self.treatments)

    def _lines(
        self, builder: RecordBuilder, state: SourceState[Work], chunk: dict[str, Any], work: Work, now: float
    ) -> None:
        lines = Lines(builder, self._limits, state, now, work)
        entry, seen = state.enter(chunk)
        while state.left:
            builder.join_to(state.left.pop())
        if seen:
            builder.counts["repeated_bytes_total",] = seen
            work.start += seen
        if entry is Entry.REPEATS:
            return
        if entry is Entry.BREAKS:
            lines.leave(chunk["incarnation"])
            state.resume(chunk["resumed"])
        payload = chunk["payload"]
        _take(state, lines, work, payload[seen:] if seen else payload, chunk["offset"] + seen, now)
        if chunk["ended"]:
            lines.end_file()
        state.advance(chunk)
        state.has_passed(work.offset)

    def expire(self, state: SourceState[Work], now: float) -> Result:
        """Give up what has waited longer than the time-out for its rest."""
        builder = self._builder()
        for each in (*state.aside.values(), state):
            Lines(builder, self._limits, each, now).expire()
        return builder.result()

    def undecodable(
        self, value: bytes, partition: int, offset: int, message: str, chunk: Mapping[str, Any] | None = None
    ) -> bytes:
        """The dead letter of a Kafka value that cannot be used. ``chunk``: what could be decoded of it all the same."""
        redactor = None if chunk is None else self._origins.of(chunk, self.treatments).treatment.redactor
        original = value if redactor is None else redactor.content(value)
        return self._builder().letter(
            partition, offset, UNREADABLE_CHUNK, message, original, redacted=redactor is not None
        )

    def _builder(self) -> RecordBuilder:
        limited = self.treatments.limits
        return RecordBuilder(
            self._limits,
            self._writer,
            self._documents,
            limited,
            self._dead_letter,
            self._clock,
            self._topic,
            self._names.dead_letter,
        )


def _why_not(source: Mapping[str, Any]) -> str:
    return f"nobody can take it apart: framing {source['framing']}, encoding {source.get('encoding') or 'utf-8'}"


def _chunk_of(chunk: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """A chunk as if all of it came from one container."""
    source = {**chunk["source"], "container": {"id": None, **container}}
    return {**chunk, "source": source, "restart": container.get("restart", 0)}


def _take(state: SourceState[Work], lines: Lines, work: Work, payload: bytes, offset: int, now: float) -> None:
    """New bytes of a source: the rest of a cut line, whole lines, the beginning of another cut line."""
    framing = lines_of(work)
    if len(framing.newline) > 1:
        payload, offset = _whole_characters(state, payload, offset, len(framing.newline))
    if state.skip_line or state.cut is not None or state.long_line is not None:
        used = _finish_line(state, lines, work, payload, offset, now)
        payload, offset = payload[used:], offset + used
    if not payload and not (state.tail and state.is_at_line_start()):
        return
    whole = framing.split(payload)
    rest = whole.pop()
    lines.whole(work, whole, offset)
    if rest or state.tail:
        state.cut = CutLine(work, offset + len(payload) - len(rest), now, bytearray(rest))
        if len(rest) > _line_max_bytes(framing):
            lines.long_line(state.cut)


def _line_max_bytes(framing: LineFraming) -> int:
    return framing.line_max_bytes or LONG_LINE_BYTES


def _whole_characters(state: SourceState[Work], payload: bytes, offset: int, width: int) -> tuple[bytes, int]:
    """Bytes that begin and end between units of ``width`` bytes, with what of one was left over before."""
    payload, offset = state.tail + payload, offset - len(state.tail)
    torn = -offset % width  # the end of one whose beginning nobody has
    end = len(payload) - (len(payload) - torn) % width if len(payload) > torn else len(payload)
    state.tail = payload[end:]
    return payload[torn:end], offset + torn


def _finish_line(state: SourceState[Work], lines: Lines, work: Work, payload: bytes, offset: int, now: float) -> int:
    """Use up the bytes that belong to a line which began in an earlier chunk; returns how many."""
    framing = lines_of(work)
    end = framing.line_end(payload)
    ended, piece = end >= 0, payload[:end] if end >= 0 else payload
    if state.skip_line:
        state.skip_line = not ended
    elif state.long_line is not None:
        long = state.long_line
        state.long_line = None if ended else long
        content = long.pieces.decode(piece, final=ended)
        if not state.goes_on(long.header.stream):  # its beginning was given up
            lines.count_line(work)
        line = long.header._replace(partial=long.header.partial or not ended, content=content)
        lines.join(offset, line, work, long.pieces.flags if ended else ())
    elif state.cut is not None:
        state.cut.content += piece
        state.cut.waiting_since = now
        if ended:
            lines.cut_line(state.cut)
        elif len(state.cut.content) > _line_max_bytes(framing):
            lines.long_line(state.cut)
    return len(piece) + len(framing.newline) if ended else len(piece)
