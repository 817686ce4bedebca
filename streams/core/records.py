"""Records out of lines. `RecordBuilder.lines` and `RecordBuilder.record` are the hot path (docs/benchmarks.md).

Most lines are dropped by severity, so a line is first asked for its severity alone, and a record is built only when
some topic takes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from schemas.codec import Codec
from schemas.identity import INCOMPLETE, record_id
from schemas.log_record import RecordWriter
from schemas.topic_names import TopicNames
from streams.core.framing import cri
from streams.core.framing.attributes import Attributes, json_text, merged
from streams.core.framing.cri import STREAMS
from streams.core.framing.line import Line, LineFraming
from streams.core.join import REMEMBERED_LIVES, CutLine, Joined, SourceState
from streams.core.parsers import json, text
from streams.core.rfc3339 import timestamp_nanos
from streams.core.rules import SEVERITIES
from streams.core.work import Counts, JoinLimits, Output, Result, Work

_STREAM_NAMES: Final = {**STREAMS, b"": None}

# Bound once: each is called for every line.
_read_json: Final = json.read
_json_severity: Final = json.severity
_read_text: Final = text.read


class RecordBuilder:
    """Builds records out of lines and counts what becomes of them."""

    def __init__(
        self, limits: JoinLimits, writer: RecordWriter, dead_letter: Codec, clock: Callable[[], int], names: TopicNames
    ) -> None:
        self._limit = self.record_max_bytes = limits.record_max_bytes
        self._timeout = int(limits.timeout_secs * 1_000_000_000)
        self._encode = self.encode = writer.encode
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
        if work.framing is not cri.FRAMING:
            self._parsed_lines(state, work, lines, position, now)
            return
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

    def _parsed_lines(
        self, state: SourceState[Work], work: Work, lines: list[bytes], position: int, now: float
    ) -> None:
        """Whole lines of any other framing."""
        framing = _lines_of(work)
        parse, width = framing.parse, len(framing.newline)
        plain = state.is_plain()
        for line in lines:
            offset = position
            position += len(line) + width
            parsed = parse(line)
            if plain and parsed is not None and not parsed.partial and len(parsed.content) <= self._limit:
                self.record(
                    work,
                    offset,
                    parsed.timestamp,
                    parsed.stream,
                    parsed.content,
                    parsed.flags,
                    _attributes(parsed.attributes, work.attributes),
                )
            else:
                self._other(state, work, offset, line, now)
                plain = state.is_plain()

    def _other(
        self, state: SourceState[Work], work: Work, offset: int, line: bytes, now: float, flags: tuple[str, ...] = ()
    ) -> None:
        """A line that is partial, long, or may continue a partial one; or one that cannot be read."""
        framing = _lines_of(work)
        parsed = framing.parse(line)
        if parsed is None:
            begin = framing.resumes_at(line)
            self.reject(work, offset, line[:begin] if begin else line, framing.complaint)
            parsed = framing.parse(line[begin:]) if begin else None
            offset += begin
        if parsed is not None and self.join(state, offset, parsed, work, now, parsed.flags + flags):
            self.counts["joined_lines_total",] += 1

    def join(
        self,
        state: SourceState[Work],
        offset: int,
        line: Line,
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
        begun = _lines_of(cut.work).begin(bytes(cut.content))
        if begun is None:
            self.reject(cut.work, cut.offset, bytes(cut.content), "a piece of a long line that no runtime wrote")
            return
        self.counts["lines_total",] += 1
        line, state.long_line = begun
        if self.join(state, cut.offset, line._replace(partial=True), cut.work, now):
            self.counts["joined_lines_total",] += 1

    def end_file(self, state: SourceState[Work], work: Work, now: float) -> None:
        """The file ends here, so its last line is as whole as it will ever be, and no line of the next file's."""
        state.skip_line = False
        long, state.long_line = state.long_line, None
        tail, state.tail = state.tail, b""
        if state.cut is not None:
            state.cut.content += tail
            self.cut_line(state, state.cut, now, ("unterminated",))
        elif long is not None and not long.header.partial and long.header.stream in state.partials:
            rest = long.header._replace(content=long.pieces.decode(tail, final=True))
            self.join(state, 0, rest, work, now, (*long.pieces.flags, "unterminated"))

    def leave(self, state: SourceState[Work], life: bytes, now: float) -> None:
        """What comes next does not continue what is unfinished: ``life`` is another file, or bytes are missing."""
        if not state.ended and life != state.life:
            state.put_aside()
            while len(state.aside) > REMEMBERED_LIVES:
                self.give_up(state.aside.pop(next(iter(state.aside))), now)
        if state.cut is not None:
            state.cut.content += state.tail
        elif state.long_line is not None and (partial := state.partials.get(state.long_line.header.stream)):
            partial.content += state.long_line.pieces.decode(state.tail, final=True)
        self.give_up(state, now)

    def give_up(self, state: SourceState[Work], now: float, before: float = float("inf")) -> None:
        """Pass on as it is what has waited since ``before`` for a rest that did not come."""
        if state.cut is not None and state.cut.waiting_since <= before:
            self.cut_line(state, state.cut, now, ("unterminated", "incomplete"))
        self._joined(state.give_up(before=before))

    def _joined(self, records: Iterable[Joined[Work]]) -> None:
        for each in records:
            attributes = _attributes(each.attributes, each.work.attributes)
            self.record(each.work, each.offset, each.timestamp, each.stream, each.content, each.flags, attributes)

    def record(
        self,
        work: Work,
        offset: int,
        timestamp: bytes,
        stream: bytes,
        content: bytes,
        flags: tuple[str, ...] = (),
        attributes: Attributes | None = None,
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
            if timestamp or stream:
                line = b" ".join((timestamp, stream, b"F", content))
                self.reject(work, offset, line, "its timestamp is not RFC 3339")
                return
            nanos = work.observed_timestamp  # text without a frame
        event = parser.fields(content, found)
        event["id"] = record_id(work.incarnation, offset | INCOMPLETE if "incomplete" in flags else offset)
        event["offset"] = offset
        event["timestamp"] = nanos
        event["observed_timestamp"] = work.observed_timestamp
        event["stream"] = _STREAM_NAMES[stream]
        event["severity_number"] = number
        if flags:
            event["flags"] += flags
        if attributes:
            event["attributes"] = merged(event["attributes"], attributes)
        event["attributes"] = json_text(event["attributes"]) if event["attributes"] else "{}"
        value = self._encode(work.prefix, event)
        for topic in topics:
            self._outputs.append((work, topic, value))
        if not work.resolved:
            self.counts["unresolved_records_total",] += 1

    def put(self, work: Work, topics: Iterable[str], value: bytes, *, resolved: bool) -> None:
        """A record that is ready."""
        for topic in topics:
            self._outputs.append((work, topic, value))
        if not resolved:
            self.counts["unresolved_records_total",] += 1

    def reject(
        self, work: Work, offset: int, original: bytes, message: str, reason: str = "unreadable_framing"
    ) -> None:
        """Bytes of a chunk that become no record."""
        letter = self.letter(
            work.partition, work.offset, reason, message, original,
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


def _attributes(of_line: Attributes | None, of_chunk: Attributes | None) -> Attributes | None:
    """What stands beside the content of a line."""
    return merged(of_line or {}, of_chunk) if of_chunk else of_line


def _lines_of(work: Work) -> LineFraming:
    """The framing of a chunk of lines."""
    framing = work.framing
    assert isinstance(framing, LineFraming)
    return framing
