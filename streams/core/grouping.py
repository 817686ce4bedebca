"""Contents of lines on their way to records: grouped where several lines are one record, read, and kept or dropped."""

from __future__ import annotations

from typing import Any, Final

from schemas.severity import SEVERITY_BY_BYTES
from streams.core import careful
from streams.core.framing.attributes import merged
from streams.core.groups import Content, Group
from streams.core.join import SourceState
from streams.core.multiline import exception_of
from streams.core.parsers import PARSERS, text
from streams.core.parsers.parsed import Parser
from streams.core.partial import is_late
from streams.core.records import RecordBuilder
from streams.core.treatment import Treatment
from streams.core.work import JoinLimits, Span, Work

SPLIT: Final = "split"
MULTILINE: Final = "multiline"
RECORDS_MAX: Final = 16
"""So many records follow one that was too long; then the next line begins anew. Each keeps the chunk of the one before,
so that whoever reads one of them again reads them all."""
UNCAUGHT: Final = 17
"""ERROR: a stack trace that no logger wrote, so that nothing in it says its level."""

_TEXT: Final = PARSERS["text"]


class Grouping:
    """Takes the contents of one source's lines; ``now`` as for `streams.core.lines.Lines`."""

    def __init__(self, builder: RecordBuilder, limits: JoinLimits, state: SourceState[Work], now: float) -> None:
        self._builder = builder
        self._limit = limits.record_max_bytes
        self._state = state
        self._now = now

    def close_all(self) -> None:
        """Nothing more comes."""
        groups = self._state.groups
        while groups:  # lines that are given back may begin others
            self._close(groups.pop(next(iter(groups))))

    def expire(self) -> None:
        """Nothing more comes to what has waited as long as it may."""
        groups, now = self._state.groups, self._now
        for stream in list(groups):
            while (group := groups.get(stream)) is not None and group.is_late(now):
                self._now = group.waiting_since  # lines that are given back have waited as long
                self._close(groups.pop(stream))
        self._now = now

    def text(self, work: Work, offset: int, timestamp: bytes, stream: bytes, content: bytes) -> None:
        """What `content` does for a whole line that no group waits for and no rule looks into; most are dropped."""
        treatment = work.origin.treatment
        parser, found, number = self._parsed(treatment, content)
        begun = None
        if treatment.multiline is not None and parser.name != "json":
            begun = treatment.multiline.begin(content, number, parser.name)
        if begun is None and not treatment.topics[number]:
            work.dropped[number] += 1
            return
        line: Content[Work] = Content(work, offset, timestamp, stream, content)
        if begun is None:
            self._record(line, parser, found, number)
        else:
            self._state.groups[stream] = Group(line, parser, found, number, begun, self._now, len(content))

    def content(self, line: Content[Work]) -> None:
        """The content of a line: more of a group, the beginning of one, or a record by itself."""
        groups = self._state.groups
        group = groups.get(line.stream) if groups else None
        if group is not None:
            if self._is_dropped_early(line) or self._goes_on(group, line):
                return
            del groups[line.stream]
            self._close(group)
            self.content(line)  # lines that were given back may have begun another group, which it belongs to or ends
            return
        self._begin(line)

    def _is_dropped_early(self, line: Content[Work]) -> bool:
        """Drop a line that `streams.core.early` would have dropped: where it is not asked, groups must not notice."""
        work = line.work
        treatment = work.origin.treatment
        if not treatment.reads_json or work.attributes or line.head is not None or line.text[:1] != b"{":
            return False
        number = SEVERITY_BY_BYTES.get(text.level_at_top(line.text) or b"", 0)
        if not number or treatment.topics[number]:
            return False
        self._builder.touch(work)
        work.dropped[number] += 1
        return True

    def _goes_on(self, group: Group[Work], line: Content[Work]) -> bool:
        """Take a line into a group, if it is one of it."""
        treatment = group.first.work.origin.treatment
        if treatment.multiline is None or line.head is not None:
            return False
        step = treatment.multiline.go_on(group.state, line.text)
        if step is None or is_late(group.latest.timestamp, line.timestamp, treatment.multiline_timeout):
            return False
        state, sure = step
        if group.size + len(line.text) < self._limit:
            for each in group.add(line, state, self._now, sure=sure):
                self._builder.join_to(each.work)
            return True
        if group.unsure or not sure or group.earlier >= RECORDS_MAX:
            return False
        self._split(group, line, state)
        return True

    def _split(self, group: Group[Work], line: Content[Work], state: Any) -> None:
        """A record of several lines that is longer than the limit goes on in another one."""
        group.first = group.first._replace(flags=(*group.first.flags, SPLIT))
        self._close(group)
        redactor = group.first.work.origin.treatment.redactor
        content = line.text if redactor is None else redactor.content(line.text)
        rest = line._replace(text=content, flags=(*line.flags, SPLIT))
        line.work.keep(group.first.work)
        self._state.groups[line.stream] = Group(
            rest, _TEXT, text.NOTHING, group.number, state, self._now, len(content), earlier=group.earlier + 1
        )  # fmt: skip

    def _begin(self, line: Content[Work]) -> None:
        """The first line of a group, or the only one of a record."""
        treatment = line.work.origin.treatment
        if treatment.redactor is not None:
            line = line._replace(text=treatment.redactor.content(line.text))
        parser, found, number = self._read(line)
        if treatment.multiline is not None and line.head is None and parser.name != "json":
            state = treatment.multiline.begin(line.text, number, parser.name)
            if state is not None:
                self._state.groups[line.stream] = Group(line, parser, found, number, state, self._now, len(line.text))
                return
        self._record(line, parser, found, number)

    def _read(self, line: Content[Work]) -> tuple[Parser, Any, int]:
        """Parser, what it read, and severity."""
        head = line.head
        if head is not None and line.part:
            return _TEXT, text.NOTHING, head.number  # the first part decided for all
        parser, found, number = self._parsed(line.work.origin.treatment, line.text)
        if head is not None:
            head.number = number
        return parser, found, number

    def _parsed(self, treatment: Treatment, content: bytes) -> tuple[Parser, Any, int]:
        """The same for a whole line."""
        parser, found = treatment.read(content, self._state.parser)
        self._state.parser = parser
        if treatment.chosen is not None and parser.name != treatment.chosen:
            self._builder.counts["parse_failures_total", treatment.chosen] += 1
        return parser, found, parser.severity(found)

    def _close(self, group: Group[Work]) -> None:
        """No more lines belong to it."""
        if not group.sure:
            self._record(group.first, group.parser, group.found, group.number)
        else:
            self._joined(group)
        for line in group.unsure:
            self.content(line)

    def _joined(self, group: Group[Work]) -> None:
        """One record of several lines."""
        first, end = group.first, group.sure[-1]
        redactor = first.work.origin.treatment.redactor
        whole = group.text() if redactor is None else redactor.content(group.text())
        exception = exception_of(whole)
        line = first._replace(
            text=whole,
            flags=(*first.flags, MULTILINE),
            attributes=merged(first.attributes or {}, exception) or None,
            last=end.last or end.work,
            end=end.end if end.last else end.offset,
        )
        if group.earlier:
            self._record(line, _TEXT, text.NOTHING, group.number)
            return
        parser, found = first.work.origin.treatment.read(line.text, group.parser)
        number = parser.severity(found) or group.number or (UNCAUGHT if exception else 0)
        self._record(line, parser, found, number)

    def _record(self, line: Content[Work], parser: Parser, found: Any, number: int) -> None:
        """A record, unless nobody wants it."""
        work, builder = line.work, self._builder
        if line.last is not None and line.last is not work:
            builder.spans.append(Span(work.offset, line.last.offset, line.stream, line.last.incarnation, line.end + 1))
        treatment = work.origin.treatment
        if treatment.is_careful:
            careful.record(builder, line, parser, found, number)
            return
        topics = treatment.topics[number]
        if topics:
            nanos = builder.nanos_of(line)
            if nanos is not None:
                builder.keep(line, parser, found, number, topics, nanos)
        elif not line.part:
            builder.touch(work)
            work.dropped[number] += 1
