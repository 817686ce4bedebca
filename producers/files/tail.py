"""One source: the files of one log, oldest first, read to their ends one after another.

A file is known by its incarnation, not by its name, so renaming, compressing and a lost checkpoint change nothing.
Reading a file ends when nothing can be added to it any more: it was rotated and its successor exists, its container was
restarted, it was truncated, or it is gone. Between that moment and the last read lies a grace, because its writer may
not know yet. Only then does the next file begin, so the order of a source is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from producers.chunk import Chunk, Loss, Source
from producers.core.files.checkpoint import Mark, Marks, OpenStreams, checksum
from producers.core.files.cut import behind_cut_line, cut_length
from producers.core.files.days import extended, observed, pruned
from producers.core.files.log_names import LogFileName
from producers.files.formats import Format
from producers.files.life import Life, ReadLimits
from producers.files.lives import Lives
from producers.files.register import Look
from schemas.identity import FIRST_LINE_MAX_BYTES

COPY_SECS: Final = 2.0
"""How long after a truncation the copy of what was there is looked for."""

COPY_LOOKS: Final = 3
"""How often at least, however long this process was stopped in between."""

LATE_SECS: Final = 15.0
"""So long after a file was read to its end it is looked at for bytes that a slow writer has added."""


class Reading(NamedTuple):
    """A chunk, and the life whose mark advances when Kafka has it."""

    life: Life
    chunk: Chunk
    dated: bool
    """The checkpoint must be on disk before it is sent: it is the first chunk of a day."""


class SourceTail:
    """The files of one log."""

    def __init__(self, source: Source, folder: str, marks: Marks, limits: ReadLimits, form: Format) -> None:
        self.source = source
        self.files = Lives(source, folder, marks, form)
        self._marks = marks
        self._limits = limits
        self._form = form
        self.container_ids: dict[int, str] = {}
        """Restart -> container id, as links name it."""
        self._open_at_end: tuple[int, OpenStreams] | None = None
        """Restart of the file that ended last, and its streams left open."""
        self.wants_scan = False
        """Something was found that only a look at the folder explains."""
        self.heard: set[str] = set()
        """Names of files without a first line of whose first change one will hear."""
        self.unheard = False
        """There are files without a first line which one might not hear of."""
        self.failures = 0
        """How often in a row it could not be read on."""
        self.read_at = float("-inf")
        """When something was read last, monotonic seconds."""
        self.taken = 0
        """Bytes read so far, of all its files."""

    @property
    def namespace(self) -> str:
        """Kubernetes namespace; empty outside."""
        container = self.source["container"]
        return "" if container is None else str(container["namespace"])

    def scan(self, names: Mapping[str, LogFileName], now: float, wall: float, *, from_end: bool = False) -> None:
        """Take note of which files there are. ``now`` is monotonic, ``wall`` seconds since 1970.

        ``from_end`` skips what is there already.
        """
        self.wants_scan = False
        self.files.scan(names, Look(now, wall, from_end))

    def next_chunk(self, now: float, nanos: int) -> Reading | None:
        """What can be read now, at most one chunk; None: nothing yet. ``nanos``: nanoseconds since 1970.

        Raises OSError when the file that is read cannot be read on; then `abandon` it or try again.
        """
        while self.files.open and self.files.open[0].ended:
            self.files.finish(self.files.open[0], now)
        if not self.files.open:
            return None
        life = self.files.open[0]
        if life.detached:
            return self._without_copy(life, now, nanos)
        block, full = self._block(life)
        if life.was_truncated():
            life.detach(now)
            self.wants_scan = True
            return None
        final = life.final_since is not None and now - life.final_since >= self._form.grace_secs and not full
        return self._cut(life, block, now, nanos, full=full, final=final)

    def _cut(self, life: Life, block: bytes, now: float, nanos: int, *, full: bool, final: bool) -> Reading | None:
        oversized = full and len(block) >= self._limits.line_max_bytes
        length = cut_length(block, self._form.line_end, life.position, full=oversized, final=final)
        if not length and not final and not self._is_stalled(life, block, now):
            return None
        return self._take(life, block[: length or len(block)], nanos, ended=final)

    def _block(self, life: Life) -> tuple[bytes, bool]:
        """A block from the read position, longer only where one line needs it; and whether it is a full one."""
        size = self._limits.chunk_max_bytes
        block = life.log.read(life.position, size)
        if len(block) == size and not self._form.line_end.last(block, life.position):
            size = max(size, self._limits.line_max_bytes)
            block = life.log.read(life.position, size)
        return block, len(block) == size

    def _is_stalled(self, life: Life, rest: bytes, now: float) -> bool:
        """Whether a line without end has waited long enough, if the format lets it be cut at all."""
        if len(rest) != life.rest[0]:
            life.rest = (len(rest), now)
        waited = now - life.rest[1] >= self._limits.unterminated_line_secs
        return waited and rest != b"" and (life.inside_line or self._form.can_be_cut(rest))

    def _take(self, life: Life, payload: bytes, nanos: int, *, ended: bool) -> Reading:
        offset, resumed = life.position, self._resumed(life)
        dated, seen = False, None
        if not self._form.has_timestamps and payload:
            length = len(payload)
            payload, seen, dated = self._dated(life, payload, nanos)
            ended = ended and len(payload) == length
        gap = None if life.gap is None else {"start": life.gap[0], "reason": life.gap[1]}
        self._step(life, payload)
        life.frontier.begin(offset, life.step(ended=ended))
        if ended:
            self._open_at_end = (life.file_name.restart, life.open_streams)
            life.ended = True
            if life.copied and life.mark.size > life.position:
                self._lose(life, "truncated", "the copy of what the file held ends before")
        chunk = Chunk(
            self._source(life), life.mark.path, life.incarnation, offset, payload, self._form.line_end.count(payload),
            life.file_name.restart, ended, life.end_reason if ended else None, gap, resumed, seen,
        )  # fmt: skip
        return Reading(life, chunk, dated)

    def _resumed(self, life: Life) -> dict[str, Any] | None:
        """What is unfinished before the read position, where a reader must be told."""
        if life.position == life.mark.start:
            restart, streams = self._open_at_end or self._open_before(life)
            life.open_streams = streams if restart == life.file_name.restart else {}
        if life.first or life.inside_line or life.open_streams:
            return {"inside_line": life.inside_line, "open_streams": life.open_streams}
        return None

    def _dated(self, life: Life, payload: bytes, nanos: int) -> tuple[bytes, int, bool]:
        """The part of the payload that is of one day, when it counts as observed, and whether it begins a new day."""
        mark = life.mark
        is_new = life.position == mark.start and self._lengthen_head(mark, payload)
        days = extended(pruned(mark.days, mark.offset), self._unsent(life), nanos)
        is_new = is_new or days[-1:] != mark.days[-1:]
        if is_new or days != mark.days:
            mark.days = days
            self._marks.touch(life.incarnation.hex())
        seen, until = observed(days, life.position, nanos)
        return payload if until is None else payload[: until - life.position], seen, is_new

    def _unsent(self, life: Life) -> int:
        """The first byte that surely was never sent."""
        if life.first and life.mark.days:
            life.sent_until = life.position + self._limits.unknown_bytes
        return max(life.position, life.sent_until)

    @staticmethod
    def _lengthen_head(mark: Mark, payload: bytes) -> bool:
        """Recognise the file by more than its first line, before any of it is sent; whether that changes its mark."""
        head = payload[:FIRST_LINE_MAX_BYTES]
        if len(head) <= mark.head_bytes:
            return False
        mark.head_bytes, mark.head = len(head), checksum(head)
        return True

    def _step(self, life: Life, payload: bytes) -> None:
        """Go on behind ``payload``, remembering what it leaves unfinished."""
        life.open_streams = self._form.opened(behind_cut_line(payload, inside_line=life.inside_line), life.open_streams)
        if payload:
            life.inside_line = not self._form.line_end.ends(payload)
        life.step_over(payload)
        life.log.rest(life.position)
        life.first, life.gap = False, None

    def _source(self, life: Life) -> Source:
        container = self.source["container"]
        identity = self.container_ids.get(life.file_name.restart)
        if container is None or identity is None:
            return self.source
        return {**self.source, "container": {**container, "id": identity}}

    def _open_before(self, life: Life) -> tuple[int, OpenStreams]:
        """What the checkpoint says of the file before this one; nothing is open when it says nothing."""
        earlier: list[tuple[LogFileName, Mark]] = []
        for mark in self._marks.of_source(self.source["id"]).values():
            name = self._form.name(mark.path.rsplit("/", 1)[1])
            if mark.ended and name is not None:
                earlier.append((name, mark))
        if not earlier:
            return life.file_name.restart, {}
        name, mark = max(earlier, key=lambda pair: pair[0])
        return name.restart, mark.open_streams

    # -- what cannot be read -------------------------------------------------------------------------------------------

    def _without_copy(self, life: Life, now: float, nanos: int) -> Reading | None:
        """A truncated file whose content nobody copied ends where it was read to; what is known to follow is lost."""
        if life.final_since is None or now - life.final_since < COPY_SECS or life.looks < COPY_LOOKS:
            self.wants_scan = True
            return None
        if life.mark.size > life.position:
            self._lose(life, "truncated", "no copy of what the file held was found")
        return self._take(life, b"", nanos, ended=True)

    def abandon(self, error: BaseException) -> None:
        """The file being read cannot be read on: give it up."""
        life = self.files.open[0]
        self.files.complain(life.mark.path, error)
        self._lose(life, "unreadable", f"{type(error).__name__}: {error}")
        status = os.fstat(life.log.descriptor())  # it is tried again when the file changes
        life.mark.settled = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        life.ended = True

    def _lose(self, life: Life, reason: str, detail: str) -> None:
        end = max(life.mark.size, life.position)
        following = self.files.open[1].incarnation if len(self.files.open) > 1 else None
        loss = Loss(self._source(life), life.mark.path, life.incarnation, life.position, end, reason, following, detail)
        self.files.losses.append(loss)

    # -- what others ask -----------------------------------------------------------------------------------------------

    def due(self, now: float) -> float | None:
        """When it should be looked at again though nothing was written; None: when something is."""
        if not self.files.open:
            return None
        life = self.files.open[0]
        if life.ended:
            return now
        times = []
        if life.final_since is not None:
            times.append(life.final_since + (COPY_SECS if life.detached else self._form.grace_secs))
        if life.rest[0]:
            times.append(life.rest[1] + self._limits.unterminated_line_secs)
        return min((time for time in times if time > now), default=now + 1.0 if times else None)

    def growing(self) -> int | None:
        """Descriptor of the file that more may be written to; None: there is none."""
        if not self.files.open or self.files.open[0].detached or self.files.open[0].log.size() is None:
            return None
        return self.files.open[0].log.descriptor()

    def has_changed(self) -> bool:
        """Whether the file that is read is longer or shorter than when it was read last, or cannot be looked at."""
        life = self.files.open[0]
        try:
            return life.log.size() != life.position + life.rest[0]
        except OSError:
            return True

    def is_unsettled(self, now: float) -> bool:
        """Whether its folder must be looked at again soon though nothing is heard of it."""
        final = any(life.final_since is not None for life in self.files.open)
        late = now - self.files.finished_at < LATE_SECS
        return self.wants_scan or self.unheard or final or late

    def is_done(self) -> bool:
        """Everything that was there has been read."""
        return not self.files.open

    def close(self) -> None:
        """Let go of all files."""
        for life in self.files.open:
            life.log.close()
        self.files.open.clear()

    def known(self) -> Iterator[str]:
        """Incarnations that are being read or wait for their turn, as the checkpoint names them."""
        for life in self.files.open:
            yield life.incarnation.hex()

    def backlog(self) -> int:
        """Unread bytes of open files, as far as that is known without reading."""
        return sum(life.unread() for life in self.files.open)
