"""A chunk in, records out. The loop over lines is the hot path of the pipeline (docs/benchmarks.md).

Most lines are dropped by severity, so a line is first asked for its severity alone, and a record is built only when
some topic takes it. Everything that is the same for a chunk - resource, tag, rules - is prepared once and kept with it,
since a record may be finished by a later chunk, even one of the next file, and still belongs to the one it began in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from schemas.codec import Codec
from schemas.identity import INCOMPLETE, record_id
from schemas.log_record import RecordWriter
from schemas.topic_names import TopicNames
from streams.core.cri import STREAMS, CriLine, parse_line, timestamp_nanos
from streams.core.enrich import Pods, resource_of, tag_of
from streams.core.join import REMEMBERED_LIVES, CutLine, Entry, Joined, SourceState
from streams.core.parsers import json, text
from streams.core.rules import SEVERITIES, Rules, TagRules

DEFAULT_NAMES: Final = TopicNames()

_read_json, _json_severity, _read_text = (
    json.read,
    json.severity,
    text.read,
)  # bound once: each is called for every line

LONG_LINE_BYTES: Final = 256 * 1024
"""A cut line longer than this is passed on in pieces, so that it is not held as a whole."""


@dataclass(eq=False, slots=True)
class Work:
    """One chunk on its way; it may be acknowledged when nothing is outstanding. Never holds the payload."""

    partition: int
    offset: int
    key: str
    incarnation: bytes
    observed_timestamp: int
    prefix: bytes
    """Header and encoded resource: what every record of the chunk begins with."""
    rules: TagRules
    resolved: bool
    done: Callable[[], None]
    """To be called when nothing is outstanding any more."""
    outstanding: int = 1
    """Values to be delivered, unfinished lines that began here, and one for the processing itself."""

    def release(self) -> None:
        """One thing less to wait for."""
        self.outstanding -= 1
        if not self.outstanding:
            self.done()


Output = tuple[Work, str, bytes]
"""A chunk, and a value for a topic whose delivery it waits for."""
Counts = Counter[tuple[str, ...]]
"""Metric name without ``logferry_stream_``, and its labels -> amount."""


@dataclass(frozen=True)
class JoinLimits:
    """When a record is cut, and when its rest is not waited for any longer."""

    record_max_bytes: int
    timeout_secs: float


@dataclass
class Result:
    """What became of some bytes."""

    outputs: list[Output] = field(default_factory=list)
    counts: Counts = field(default_factory=Counter)


def out_of_bounds(chunk: Mapping[str, Any]) -> str | None:
    """What is wrong with a chunk that could be decoded but whose bytes can have no record ids; None: nothing."""
    begin, end = chunk["offset"], chunk["offset"] + len(chunk["payload"])
    return None if begin >= 0 and end < INCOMPLETE else f"raw_chunk: no file has bytes {begin} to {end}"


class Processor:
    """Turns chunks into records."""

    def __init__(
        self, rules: Rules, limits: JoinLimits, pods: Pods, clock: Callable[[], int], names: TopicNames = DEFAULT_NAMES
    ) -> None:
        self._rules = rules
        self._limits = limits
        self._pods = pods
        self._clock = clock
        """Nanoseconds since 1970, for the time in dead letters."""
        self._names = names
        self._writer = RecordWriter(Codec("log_record"))
        self._dead_letter = Codec("dead_letter")

    def work(self, chunk: dict[str, Any], partition: int, offset: int, done: Callable[[], None]) -> Work:
        """Prepare what all records of a chunk have in common."""
        source = chunk["source"]
        tag = tag_of(source, chunk["path"])
        resource = resource_of(chunk, tag, self._pods)
        kubernetes = resource["kubernetes"]
        return Work(
            partition,
            offset,
            source["id"],
            chunk["incarnation"],
            chunk["observed_timestamp"],
            self._writer.prefix(resource),
            self._rules.of(tag),
            kubernetes is None or kubernetes.get("resolved", False),
            done,
        )

    def process(self, state: SourceState[Work], chunk: dict[str, Any], work: Work, now: float) -> Result:
        """All records of a chunk. ``now`` is a monotonic time in seconds. Never raises on input."""
        builder = self._builder()
        builder.counts["chunks_total",] = 1
        entry, seen = state.enter(chunk)
        if seen:
            builder.counts["repeated_bytes_total",] = seen
        if entry is not Entry.REPEATS:
            if entry is Entry.BREAKS:
                builder.leave(state, chunk["incarnation"], now)
                state.resume(chunk["resumed"])
            payload = chunk["payload"]
            _take(state, builder, work, payload[seen:] if seen else payload, chunk["offset"] + seen, now)
            if chunk["ended"]:
                builder.end_file(state, work, now)
            state.advance(chunk)
        return builder.result()

    def expire(self, state: SourceState[Work], now: float) -> Result:
        """Give up what has waited longer than the time-out for its rest."""
        builder = self._builder()
        for each in (*state.aside.values(), state):
            builder.give_up(each, now, before=now - self._limits.timeout_secs)
        return builder.result()

    def undecodable(self, value: bytes, partition: int, offset: int, reason: str, message: str) -> bytes:
        """The dead letter of a Kafka value that is no RawChunk."""
        return self._builder().letter(partition, offset, reason, message, value)

    def _builder(self) -> RecordBuilder:
        return RecordBuilder(self._limits, self._writer, self._dead_letter, self._clock, self._names)


def _take(
    state: SourceState[Work], builder: RecordBuilder, work: Work, payload: bytes, offset: int, now: float
) -> None:
    """New bytes of a source: the rest of a cut line, whole lines, the beginning of another cut line."""
    if state.skip_line or state.cut is not None or state.long_line is not None:
        used = _finish_line(state, builder, work, payload, offset, now)
        payload, offset = payload[used:], offset + used
    if not payload:
        return
    lines = payload.split(b"\n")
    rest = lines.pop()
    builder.lines(state, work, lines, offset, now)
    if rest:
        state.cut = CutLine(work, offset + len(payload) - len(rest), now, bytearray(rest))
        if len(rest) > LONG_LINE_BYTES:
            builder.long_line(state, state.cut, now)


def _finish_line(
    state: SourceState[Work], builder: RecordBuilder, work: Work, payload: bytes, offset: int, now: float
) -> int:
    """Use up the bytes that belong to a line which began in an earlier chunk; returns how many."""
    piece, newline, _ = payload.partition(b"\n")
    if state.skip_line:
        state.skip_line = not newline
    elif state.long_line is not None:
        header = state.long_line
        state.long_line = None if newline else header
        builder.join(state, offset, header._replace(partial=header.partial or not newline, content=piece), work, now)
    elif state.cut is not None:
        state.cut.content += piece
        state.cut.waiting_since = now
        if newline:
            builder.cut_line(state, state.cut, now)
        elif len(state.cut.content) > LONG_LINE_BYTES:
            builder.long_line(state, state.cut, now)
    return len(piece) + len(newline)


class RecordBuilder:
    """Builds records out of lines and counts what becomes of them."""

    def __init__(
        self, limits: JoinLimits, writer: RecordWriter, dead_letter: Codec, clock: Callable[[], int], names: TopicNames
    ) -> None:
        self._limit = limits.record_max_bytes
        self._timeout = int(limits.timeout_secs * 1_000_000_000)
        self._encode = writer.encode
        self._dead_letter = dead_letter
        self._names = names
        self._clock = clock
        self._outputs: list[Output] = []
        self._dropped = [0] * SEVERITIES
        self._drop_reasons: tuple[str, ...] = ()
        self.counts: Counts = Counter()

    def result(self) -> Result:
        """Everything built so far."""
        for number, amount in enumerate(self._dropped):
            if amount:
                self.counts["dropped_records_total", self._drop_reasons[number]] += amount
        for _, topic, _ in self._outputs:
            if topic != self._names.dead_letter:
                self.counts["records_total", topic] += 1
        return Result(self._outputs, self.counts)

    def lines(self, state: SourceState[Work], work: Work, lines: list[bytes], position: int, now: float) -> None:
        """Whole lines, the first at ``position``."""
        self.counts["lines_total",] += len(lines)
        record, limit = self.record, self._limit
        plain = state.is_plain()
        for line in lines:
            offset = position
            position += len(line) + 1
            fields = line.split(b" ", 3)
            if plain and len(fields) == 4 and fields[2] == b"F" and fields[1] in STREAMS and len(line) <= limit:
                record(work, offset, fields[0], fields[1], fields[3])
            else:
                self._other(state, work, offset, line, now)
                plain = state.is_plain()

    def _other(
        self, state: SourceState[Work], work: Work, offset: int, line: bytes, now: float, flags: tuple[str, ...] = ()
    ) -> None:
        """A line that is partial, long, or may continue a partial one; or one that cannot be read."""
        parsed = parse_line(line)
        if parsed is None:
            self._unreadable(work, offset, line, "not a line as a container runtime writes it")
        elif self.join(state, offset, parsed, work, now, flags):
            self.counts["joined_lines_total",] += 1

    def join(
        self,
        state: SourceState[Work],
        offset: int,
        line: CriLine,
        work: Work,
        now: float,
        flags: tuple[str, ...] = (),
    ) -> bool:
        """Add a line, or a piece of one, to others of its stream. Whether it belongs to a record that began before.

        ``flags`` are for the record that it completes, if it completes one.
        """
        continues = state.continues(line, self._timeout)
        records = state.join(offset, line, work, now, self._limit, self._timeout)
        if flags and records and not line.partial:
            records[-1] = replace(records[-1], flags=records[-1].flags + flags)
        self._joined(records)
        return continues

    def cut_line(self, state: SourceState[Work], cut: CutLine[Work], now: float, flags: tuple[str, ...] = ()) -> None:
        """A line that was cut between chunks and is whole now, or as whole as it will ever be (``flags``)."""
        state.cut = None
        self.counts["lines_total",] += 1
        self._other(state, cut.work, cut.offset, bytes(cut.content), now, flags)

    def long_line(self, state: SourceState[Work], cut: CutLine[Work], now: float) -> None:
        """A line that is too long to be held until its end comes: pass on its beginning."""
        state.cut = None
        parsed = parse_line(bytes(cut.content))
        if parsed is None:
            self._unreadable(cut.work, cut.offset, bytes(cut.content), "a piece of a long line that no runtime wrote")
            return
        self.counts["lines_total",] += 1
        state.long_line = parsed._replace(content=b"")
        if self.join(state, cut.offset, parsed._replace(partial=True), cut.work, now):
            self.counts["joined_lines_total",] += 1

    def end_file(self, state: SourceState[Work], work: Work, now: float) -> None:
        """The file ends here, so its last line is as whole as it will ever be, and no line of the next file's."""
        state.skip_line = False
        header, state.long_line = state.long_line, None
        if state.cut is not None:
            self.cut_line(state, state.cut, now, ("unterminated",))
        elif header is not None and not header.partial and header.stream in state.partials:
            self.join(state, 0, header, work, now, ("unterminated",))

    def leave(self, state: SourceState[Work], life: bytes, now: float) -> None:
        """What comes next does not continue what is unfinished: ``life`` is another file, or bytes are missing."""
        if not state.ended and life != state.life:
            state.put_aside()
            while len(state.aside) > REMEMBERED_LIVES:
                self.give_up(state.aside.pop(next(iter(state.aside))), now)
        self.give_up(state, now)

    def give_up(self, state: SourceState[Work], now: float, before: float = float("inf")) -> None:
        """Pass on as it is what has waited since ``before`` for a rest that did not come."""
        if state.cut is not None and state.cut.waiting_since <= before:
            self.cut_line(state, state.cut, now, ("unterminated", "incomplete"))
        self._joined(state.give_up(before=before))

    def _joined(self, records: Iterable[Joined[Work]]) -> None:
        for each in records:
            self.record(each.work, each.offset, each.timestamp, each.stream, each.content, each.flags)

    def record(
        self, work: Work, offset: int, timestamp: bytes, stream: bytes, content: bytes, flags: tuple[str, ...] = ()
    ) -> None:
        """One log event: drop it, or write it to the topics that take it."""
        parser = json.PARSER
        found: Any = _read_json(content) if content[:1] == b"{" else None
        if found is not None:
            number = _json_severity(found)
        else:
            parser = text.PARSER
            found = _read_text(content)
            number = found[0]
        topics = work.rules.topics[number]
        if not topics:
            self._dropped[number] += 1
            self._drop_reasons = work.rules.drop_reasons
            return
        nanos = timestamp_nanos(timestamp)
        if nanos is None:
            self._unreadable(
                work, offset, b" ".join((timestamp, stream, b"F", content)), "its timestamp is not RFC 3339"
            )
            return
        event = parser.fields(content, found)
        event["id"] = record_id(work.incarnation, offset | INCOMPLETE if "incomplete" in flags else offset)
        event["offset"] = offset
        event["timestamp"] = nanos
        event["observed_timestamp"] = work.observed_timestamp
        event["stream"] = STREAMS[stream]
        event["severity_number"] = number
        if flags:
            event["flags"] += flags
        value = self._encode(work.prefix, event)
        for topic in topics:
            self._outputs.append((work, topic, value))
        if not work.resolved:
            self.counts["unresolved_records_total",] += 1

    def _unreadable(self, work: Work, offset: int, original: bytes, message: str) -> None:
        letter = self.letter(
            work.partition, work.offset, "unreadable_framing", message, original,
            source_id=work.key, incarnation=work.incarnation.hex(), offset=offset,
        )  # fmt: skip
        self._outputs.append((work, self._names.dead_letter, letter))

    def letter(
        self, partition: int, topic_offset: int, reason: str, message: str, original: bytes, **origin: str | int
    ) -> bytes:
        """Bytes that cannot be read, as they are, with the reason."""
        self.counts["dead_letters_total", reason] += 1
        return self._dead_letter.encode(
            {
                "stage": "stream",
                "reason": reason,
                "message": message,
                "topic": self._names.raw,
                "partition": partition,
                "topic_offset": topic_offset,
                "failed_at": self._clock(),
                "original": original,
                **origin,
            }
        )
