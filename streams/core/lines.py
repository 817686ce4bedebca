"""Lines of a chunk: told apart, joined where they are partial, and handed on (`streams.core.grouping`).

`Lines.whole` is the hot loop (docs/benchmarks.md): a full line of a container that is a JSON object goes through it
without a call of ours but those that read and keep it.
"""

from __future__ import annotations

from typing import Final

import orjson

from schemas.severity import SEVERITY_BY_TEXT
from streams.core.early import undecided, with_positions
from streams.core.framing import cri
from streams.core.framing.cri import STREAMS
from streams.core.framing.line import Line, LineFraming
from streams.core.grouping import Grouping
from streams.core.groups import Content
from streams.core.join import REMEMBERED_LIVES, CutLine, SourceState
from streams.core.parsers import json
from streams.core.records import RecordBuilder
from streams.core.work import JoinLimits, Span, Work

NANOS: Final = 1_000_000_000

_loads: Final = orjson.loads
_json_severity: Final = json.severity
_LEVELS: Final = dict(SEVERITY_BY_TEXT)
"""Looked into for every line; a plain dictionary answers faster than a read-only view of one."""


class Lines:
    """Takes the lines of one chunk after another; ``now`` is what its caller calls it, in seconds."""

    def __init__(
        self,
        builder: RecordBuilder,
        limits: JoinLimits,
        state: SourceState[Work],
        now: float,
        current: Work | None = None,
    ) -> None:
        """``current`` is the chunk that is being taken, if one is."""
        self._builder = builder
        self._limits = limits
        self._limit = limits.record_max_bytes
        self._timeout = int(limits.timeout_secs * NANOS)
        self._state = state
        self._now = now
        self._current = current
        self._grouping = Grouping(builder, limits, state, now)

    def whole(self, work: Work, lines: list[bytes], position: int) -> None:
        """Whole lines, the first at ``position``."""
        self._builder.touch(work)
        self._builder.counts["lines_total",] += len(lines)
        work.lines += len(lines)
        if work.framing is cri.FRAMING:
            self._whole_cri(work, lines, position)
        else:
            self._whole_parsed(work, lines, position)

    def _whole_cri(self, work: Work, lines: list[bytes], position: int) -> None:
        state, groups, limit, builder = self._state, self._state.groups, self._limit, self._builder
        treatment = work.origin.treatment
        topics_of, dropped = treatment.topics, work.dropped
        reads_json = treatment.reads_json and not work.attributes
        is_simple = not treatment.is_careful
        plain, keep = state.is_plain(), builder.keep_json
        loads, levels = _loads, _LEVELS
        take, text_of = self._grouping.content, self._grouping.text
        for offset, line in self._undecided(work, lines, position, is_plain=reads_json and plain):
            fields = line.split(b" ", 3)
            if plain and len(fields) == 4 and fields[2] == b"F" and fields[1] in STREAMS and len(line) <= limit:
                content = fields[3]
                if reads_json and content[:1] == b"{" and (not groups or fields[1] not in groups):
                    # What json.read and json.severity do for nearly all lines: two calls less for each.
                    try:
                        found = loads(content)
                    except ValueError:
                        found = None
                    if found is not None:
                        level = found.get("level")
                        number = (levels.get(level) if type(level) is str else 0) or _json_severity(found)
                        topics = topics_of[number]
                        if topics:
                            keep(work, offset, fields[0], fields[1], content, found, number, topics)
                        else:
                            dropped[number] += 1
                        continue
                if is_simple and (not groups or fields[1] not in groups):
                    text_of(work, offset, fields[0], fields[1], content)
                else:
                    take(Content(work, offset, fields[0], fields[1], content))
            else:
                self._other(work, offset, line)
                plain = state.is_plain()

    def _undecided(self, work: Work, lines: list[bytes], position: int, *, is_plain: bool) -> list[tuple[int, bytes]]:
        """Lines that have to be looked at, each with its position."""
        treatment = work.origin.treatment
        if is_plain and not all(treatment.topics):
            return undecided(lines, position, treatment.topics, work.dropped)
        return with_positions(lines, position)

    def _whole_parsed(self, work: Work, lines: list[bytes], position: int) -> None:
        """Whole lines of any other framing."""
        framing = lines_of(work)
        parse, width = framing.parse, len(framing.newline)
        plain = self._state.is_plain()
        for line in lines:
            offset = position
            position += len(line) + width
            parsed = parse(line)
            if plain and parsed is not None and not parsed.partial and len(parsed.content) <= self._limit:
                self._grouping.content(
                    Content(
                        work,
                        offset,
                        parsed.timestamp,
                        parsed.stream,
                        parsed.content,
                        parsed.flags,
                        parsed.attributes,
                    )
                )
            else:
                self._other(work, offset, line)
                plain = self._state.is_plain()

    # -- joining -------------------------------------------------------------------------------------------------------

    def _other(self, work: Work, offset: int, line: bytes, flags: tuple[str, ...] = ()) -> None:
        """A line that is partial, long, or may continue a partial one; or one that cannot be read."""
        framing = lines_of(work)
        parsed = framing.parse(line)
        if parsed is None:
            begin = framing.resumes_at(line)
            self._builder.reject(work, offset, line[:begin] if begin else line, framing.complaint)
            parsed = framing.parse(line[begin:]) if begin else None
            offset += begin
            if begin:
                self.count_line(work)
        if parsed is None:
            return
        is_done = self._state.passes_over(parsed.stream, work.incarnation, offset, work.offset)
        if is_done or self.join(offset, parsed, work, parsed.flags + flags):
            self._builder.join_to(work)

    def join(self, offset: int, line: Line, work: Work, flags: tuple[str, ...] = ()) -> bool:
        """Add a line, or a piece of one, to others of its stream. Whether it belongs to a record that began before.

        ``flags`` are for the record that it completes, if it completes one.
        """
        state = self._state
        continues = state.continues(line, self._timeout)
        records = state.join(offset, line, work, self._current or work, self._now, self._limit, self._timeout)
        if flags and records and not line.partial:
            records[-1] = records[-1]._replace(flags=records[-1].flags + flags)
        for each in records:
            self._grouping.content(each)
        return continues

    def cut_line(self, cut: CutLine[Work], flags: tuple[str, ...] = ()) -> None:
        """A line that was cut between chunks and is whole now, or as whole as it will ever be (``flags``)."""
        self._state.cut = None
        self.count_line(cut.work)
        self._other(cut.work, cut.offset, bytes(cut.content), flags)

    def count_line(self, work: Work) -> None:
        """A line begins in a chunk."""
        self._builder.counts["lines_total",] += 1
        work.lines += 1

    def long_line(self, cut: CutLine[Work]) -> None:
        """A line that is too long to be held until its end comes: pass on its beginning."""
        self._state.cut = None
        self.count_line(cut.work)
        begun = lines_of(cut.work).begin(bytes(cut.content))
        if begun is None:
            message = "a piece of a long line that no runtime wrote"
            self._builder.reject(cut.work, cut.offset, bytes(cut.content), message)
            return
        line, self._state.long_line = begun
        if self.join(cut.offset, line._replace(partial=True), cut.work):
            self._builder.join_to(cut.work)

    def end_file(self) -> None:
        """The file ends here, so its last line is as whole as it will ever be, and no line of the next file's."""
        state = self._state
        state.skip_line = False
        long, state.long_line = state.long_line, None
        tail, state.tail = state.tail, b""
        if state.cut is not None:
            state.cut.content += tail
            self.cut_line(state.cut, ("unterminated",))
        elif long is not None and not long.header.partial and long.header.stream in state.partials:
            rest = long.header._replace(content=long.pieces.decode(tail, final=True))
            work = state.partials[long.header.stream].work
            self.join(0, rest, work, (*long.pieces.flags, "unterminated"))

    def leave(self, life: bytes) -> None:
        """What comes next does not continue what is unfinished: ``life`` is another file, or bytes are missing."""
        state = self._state
        stale = state.aside.pop(life, None)  # bytes behind it are missing
        if stale is not None:
            Lines(self._builder, self._limits, stale, self._now, self._current).give_up()
        if not state.ended and life != state.life:
            state.put_aside()
            while len(state.aside) > REMEMBERED_LIVES:
                other = state.aside.pop(next(iter(state.aside)))
                Lines(self._builder, self._limits, other, self._now, self._current).give_up()
        if state.cut is not None:
            state.cut.content += state.tail
        elif state.long_line is not None and (partial := state.partials.get(state.long_line.header.stream)):
            partial.content += state.long_line.pieces.decode(state.tail, final=True)
        self.give_up()

    def give_up(self, before: float = float("inf")) -> None:
        """Pass on as it is what has waited since ``before`` for a rest that did not come."""
        state = self._state
        if state.cut is not None and state.cut.waiting_since <= before:
            self.cut_line(state.cut, ("unterminated", "incomplete"))
        for each in state.give_up(before=before):
            if self._current is None:  # its rest may come yet; whoever reads that, reads it as lines of their own
                position = state.lives.get(state.life, 0)
                self._builder.spans.append(
                    Span(each.work.offset, None, each.stream, state.life, position, given_up=True)
                )
            self._grouping.content(each)
        self._grouping.close_all()

    def expire(self) -> None:
        """The same for what has waited longer than it may."""
        state, now = self._state, self._now
        before = now - self._timeout / NANOS
        if any(each.waiting_since <= before for each in (state.cut, *state.partials.values()) if each is not None):
            groups, state.groups = state.groups, {}
            self.give_up(before)
            state.groups = groups | state.groups
        self._grouping.expire()


def lines_of(work: Work) -> LineFraming:
    """The framing of a chunk of lines."""
    framing = work.framing
    assert isinstance(framing, LineFraming)
    return framing
