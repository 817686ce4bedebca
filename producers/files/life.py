"""One incarnation that is being read, and how far its chunks have come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from producers.core.files.checkpoint import TAIL_BYTES, Mark, OpenStreams, checksum
from producers.core.files.log_names import LogFileName
from producers.files.log_file import LogFile
from runtime.frontier import Frontier

KEPT_POSITIONS: Final = 8
"""So many chunks may be read between the end of a copy and the truncation that follows."""


@dataclass(frozen=True)
class ReadLimits:
    """How much is read at once, and when an unfinished line is sent all the same."""

    chunk_max_bytes: int
    line_max_bytes: int
    unterminated_line_secs: float
    unknown_bytes: int = 0
    """So many bytes behind what was acknowledged an earlier run may have sent, which did not end in order."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where a file stands behind one chunk."""

    end: int
    ended: bool
    open_streams: OpenStreams
    tail: int
    """As in Mark."""
    earlier: tuple[tuple[int, ...], ...]
    """As in Mark."""


@dataclass(slots=True)
class Life:
    """One incarnation that is being read, or waits for its turn."""

    incarnation: bytes
    file_name: LogFileName
    log: LogFile
    identity: tuple[int, int]
    """Device and inode: stable while the file is open."""
    mark: Mark
    position: int
    """Everything before it was read."""
    final_since: float | None = None
    """Since when nothing can be added any more."""
    end_reason: str = "rotated"
    """Why nothing can be added any more, where that is so."""
    detached: bool = False
    """The bytes behind the position are no longer in the file: it was truncated. A copy may have them."""
    looks: int = 0
    """How often a copy was looked for since then."""
    copied: bool = False
    """It is read from a copy, which lacks what was written between the copying and the truncation."""
    ended: bool = False
    sent_until: int = 0
    """Bytes before it may have been sent by an earlier run, and then have that run's day."""
    first: bool = True
    """The next chunk is the first of this run."""
    gap: tuple[int, str] | None = None
    """First byte that was passed over just before the position, and why."""
    inside_line: bool = False
    """The read position is in the middle of a line."""
    open_streams: OpenStreams = field(default_factory=dict)
    """Streams whose last line before the read position is partial."""
    before: bytes = b""
    """The last bytes before the read position."""
    earlier: tuple[tuple[int, ...], ...] = ()
    """Read positions before this one, and the checksums of the bytes before them."""
    rest: tuple[int, float] = (0, 0.0)
    """Length of the line without end at the end of the file, and since when it has that length."""
    frontier: Frontier[Step] = field(default_factory=Frontier)
    """Chunks in flight by offset."""

    def acknowledge(self, start: int) -> bool:
        """The chunk that begins at ``start`` is in Kafka; whether Kafka has all of the file with it."""
        mark, ended = self.mark, False
        for step in self.frontier.finish(start):
            mark.offset, mark.ended, mark.open_streams, mark.tail = step.end, step.ended, step.open_streams, step.tail
            mark.earlier = step.earlier
            ended = step.ended
        return ended

    def was_truncated(self) -> bool:
        """Whether the file does not hold any more what it is known to have held. One that cannot be read may do so."""
        try:
            size = self.log.size()
            if self.detached or size is None:
                return False
            if size < max(self.position, 0 if self.copied else self.mark.size):
                return True
            return not self._holds_what_was_read()
        except OSError:
            return False  # whoever reads on is told

    def _holds_what_was_read(self) -> bool:
        """Whether the file says what it said. A hole makes it as long at once; of one that waits nothing was read.

        Lines that end alike are common, so its beginning is compared as well.
        """
        if self.log.read(self.position - len(self.before), len(self.before)) != self.before:
            return False
        mark = self.mark
        return checksum(self.log.read(mark.start, mark.head_bytes)) == mark.head

    def detach(self, now: float) -> None:
        """Its file was truncated and does not hold what comes next; a copy of it may."""
        self.detached, self.final_since, self.end_reason = True, now, "truncated"
        self.identity, self.mark.inode = (-1, -1), 0

    def unread(self) -> int:
        """Bytes behind the read position, as far as that is known without reading; 0: the file holds others now."""
        try:
            size = None if self.detached else self.log.size()
        except OSError:
            size = None
        return 0 if size is None or self.was_truncated() else max(0, size - self.position)

    def step_over(self, payload: bytes) -> None:
        """Go on behind ``payload``."""
        if payload and self.position > self.mark.start:
            self.earlier = (*self.earlier[1 - KEPT_POSITIONS :], (self.position, checksum(self.before)))
        self.position += len(payload)
        self.mark.size = max(self.mark.size, self.position)
        self.before = (payload if len(payload) >= TAIL_BYTES else self.before + payload)[-TAIL_BYTES:]

    def step(self, *, ended: bool) -> Step:
        """Where the file stands now."""
        earlier = self.earlier[-1:] if self.detached or not ended else ()
        return Step(self.position, ended, self.open_streams, checksum(self.before), earlier)


def last_bytes(log: LogFile, start: int, position: int) -> bytes:
    """Of a file whose content begins at ``start``: what lies just before a position."""
    begin = max(start, position - TAIL_BYTES)
    return log.read(begin, position - begin)


def put_in_order(lives: list[Life], known: int, present: set[int]) -> None:
    """Put lives begun, those from index ``known`` on, where their names say, relative to those whose ids are present.

    The others stay in their order: names of files that are gone say nothing any more, since numbers are shifted.
    """
    begun = lives[known:]
    del lives[known:]
    for life in begun:
        later = (n for n, each in enumerate(lives) if id(each) in present and each.file_name > life.file_name)
        lives.insert(next(later, len(lives)), life)
