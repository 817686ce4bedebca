"""Which files of one source there are, of which incarnation each is, and which of them can still grow."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from producers.chunk import Loss, Source
from producers.core.checkpoint import TAIL_BYTES, Mark, Marks, OpenStreams, checksum
from producers.core.cut import LOOK_BACK_BYTES, behind_cut_line
from producers.core.log_names import LogFileName
from producers.files.formats import Format
from producers.files.life import Life
from producers.files.log_file import LogFile, open_log
from producers.files.recognise import Candidate, Known, content_start, holds, known_as, may_still_be_copied, new_name
from schemas.identity import FIRST_LINE_MAX_BYTES, first_line, incarnation

_log = logging.getLogger(__name__)

SEEN_SECS: Final = 300.0
"""So exact is the time at which a file that needs no reading was last there."""

Signature = tuple[int, int, int, int]
"""Device, inode, size and modification time (nanoseconds) of a file."""


@dataclass(frozen=True, slots=True)
class Look:
    """When and how the files of a source are looked at."""

    now: float
    """Monotonic seconds."""
    wall: float
    """Seconds since 1970."""
    from_end: bool = False
    """What is there already is skipped."""


class Lives:
    """The unfinished files of one source, in the order in which they were written."""

    def __init__(self, source: Source, folder: str, marks: Marks, form: Format) -> None:
        self.source = source
        self.folder = folder
        self.form = form
        self.marks = marks
        self.open: list[Life] = []
        self.losses: list[Loss] = []
        """What was found to be lost, until somebody takes it."""
        self.oldest: bytes | None = None
        """Incarnation of the oldest file that was there at first."""
        self.finished_at = float("-inf")
        """When a file was read to its end last."""
        self.complaints: dict[str, str] = {}
        """Path -> what was said of it last, so that it is said once."""
        self._read_out: dict[bytes, tuple[int, int]] = {}
        """Incarnations read to their ends whose last chunks are not acknowledged yet -> position and tail there."""
        self._settled: dict[Signature, str] = {}
        """Signature -> incarnation of files that need no second look, whatever their names by now."""
        self.waiting: set[str] = set()
        """Names of files that are empty, or whose first line is needed and has no end yet."""
        self._last_look = float("-inf")
        self._latest_restart = 0
        """Highest restart that any file has."""

    # -- looking -------------------------------------------------------------------------------------------------------

    def scan(self, names: Mapping[str, LogFileName], look: Look) -> None:
        """Look at the files that are there."""
        self._prepare(names, look)
        known = len(self.open)
        present: set[int] = set()
        for entry, name in sorted(names.items(), key=lambda item: item[1]):
            try:
                life = self._look_at(entry, name, look)
            except OSError as error:
                self.complain(f"{self.folder}/{entry}", error)
                continue
            if life is not None:
                present.add(id(life))
        self._put_in_order(known, present)
        self._judge(present, look.now)
        self._note_gone(look)
        if self.oldest is None and self.open:
            self.oldest = self.open[0].incarnation

    def _prepare(self, names: Mapping[str, LogFileName], look: Look) -> None:
        """Forget what is no longer so, and find out which open files were truncated before their copies are met."""
        self._latest_restart = max((name.restart for name in names.values()), default=0)
        self.waiting.intersection_update(names)
        for read_out in [name for name in self._read_out if self._is_kept(name)]:
            del self._read_out[read_out]
        if len(self._settled) > 2 * len(names) + 8:
            fresh = self._last_look
            self._settled = {each: name for each, name in self._settled.items() if self.marks.saw_at(name) >= fresh}
        self._last_look = look.now
        for life in self.open:
            if life.was_truncated():
                self.truncated(life, look.now)

    def _put_in_order(self, known: int, present: set[int]) -> None:
        """Put the lives begun in this scan where their names say, relative to the files that are there.

        The others stay in their order: names of files that are gone say nothing any more, since numbers are shifted.
        """
        begun = self.open[known:]
        del self.open[known:]
        for life in begun:
            later = (n for n, each in enumerate(self.open) if id(each) in present and each.file_name > life.file_name)
            self.open.insert(next(later, len(self.open)), life)

    def _is_kept(self, name: bytes) -> bool:
        """Whether Kafka has all of an incarnation that was read to its end."""
        mark = self.marks.get(name.hex())
        return mark is None or mark.ended

    def _judge(self, present: set[int], now: float) -> None:
        """Which files get no more bytes: compressed, followed by a newer one, gone, or truncated."""
        newest = max((life.file_name for life in self.open if id(life) in present or life.detached), default=None)
        for life in self.open:
            if life.detached:
                life.looks += 1
                continue
            reason = None
            if id(life) not in present:
                reason = "deleted" if newest is None else "rotated"
            elif newest is not None and (life.file_name.compressed or life.file_name < newest):
                reason = "restarted" if life.file_name.restart < newest.restart else "rotated"
            if reason is None:
                life.final_since = None
            elif life.final_since is None:
                life.final_since, life.end_reason = now, reason

    def _note_gone(self, look: Look) -> None:
        """The inodes of files that are gone may be used again."""
        for name, mark in self._marks().items():
            if mark.ended and mark.inode and self.marks.saw_at(name) < look.now:
                mark.inode = 0
                self.marks.touch(name)

    def _look_at(self, entry: str, name: LogFileName, look: Look) -> Life | None:
        """The unfinished life behind a directory entry; None when there is none."""
        path = f"{self.folder}/{entry}"
        try:
            status = os.stat(path)  # noqa: PTH116 - hot for many files
        except FileNotFoundError:
            return None  # renamed since the folder was listed: found under its new name next time
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is no regular file")
        signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if self._is_settled(signature, look):
            return self._renamed(self._settled[signature], name, path)
        life = next((each for each in self.open if each.identity == signature[:2] and not each.detached), None)
        if life is None:
            return self._meet(entry, name, signature, look)
        life.file_name = name
        life.mark.path, life.mark.size = path, max(life.mark.size, status.st_size)
        self._seen(life.incarnation.hex(), life.mark, look)
        return life

    def _renamed(self, incarnation: str, name: LogFileName, path: str) -> Life | None:
        """The open life of a settled file, if it has one: a compressed copy of what is still being read."""
        life = next((each for each in self.open if each.incarnation.hex() == incarnation), None)
        if life is not None:
            life.file_name, life.mark.path = name, path
        return life

    def _is_settled(self, signature: Signature, look: Look) -> bool:
        name = self._settled.get(signature)
        mark = None if name is None else self.marks.get(name)
        if name is None or mark is None:
            return False
        self._seen(name, mark, look)
        return True

    def _seen(self, name: str, mark: Mark, look: Look) -> None:
        self.marks.saw(name, look.now)
        if abs(look.wall - mark.seen_at) >= SEEN_SECS:
            mark.seen_at = look.wall
            self.marks.touch(name)

    # -- recognising ---------------------------------------------------------------------------------------------------

    def _meet(self, entry: str, name: LogFileName, signature: Signature, look: Look) -> Life | None:
        """Identify a file that is not open: new, compressed meanwhile, copied, or left from an earlier run."""
        known = next((key for key, mark in self._marks().items() if mark.settled == signature), None)
        if known is not None:
            self._settled[signature] = known
            self._seen(known, self._marks()[known], look)
            return None
        log = open_log(f"{self.folder}/{entry}", compressed=name.compressed)
        life = None
        try:
            complete = not name.live or name.restart < self._latest_restart or not self.form.has_timestamps
            life = self._identify(log, entry, name, signature, look, complete=complete)
        finally:
            if life is None or life.log is not log:
                log.close()
        return life

    def _identify(
        self, log: LogFile, entry: str, name: LogFileName, signature: Signature, look: Look, *, complete: bool
    ) -> Life | None:
        """The life that a file belongs to; None where its first line is still being written or all of it was read."""
        start = content_start(log)
        head = b"" if start is None else log.read(start, FIRST_LINE_MAX_BYTES)
        line = first_line(head, complete=complete)
        if start is None or line is None:
            self.waiting.add(entry)
            return None
        self.waiting.discard(entry)
        life = self._incarnation(log, start, head, line, name, signature, look)
        if life is None:
            return None
        if life in self._read_out:
            return None  # its last chunks are on their way
        held = next((each for each in self.open if each.incarnation == life), None)
        if held is not None:
            return self._again(held, log, entry, name, signature)
        return self._known_or_new(life, log, entry, name, signature, start, line, look)

    def _known_or_new(
        self, life: bytes, log: LogFile, entry: str, name: LogFileName, signature: Signature, start: int, line: bytes,
        look: Look,
    ) -> Life | None:  # fmt: skip
        """The life of a file that is not open, from where its mark stands; None where all of it was read."""
        mark = self.marks.get(life.hex())
        is_new = mark is None
        if mark is None:
            mark = self._new_mark(life, log, entry, name, signature[1], start, line, look)
        self._seen(life.hex(), mark, look)
        if mark.ended and (name.compressed or signature[2] <= mark.offset):
            self._settle(signature, life.hex(), mark)
            return None
        mark.ended = False  # or somebody has added to a file after it was read to its end
        begun = Life(life, name, log, signature[:2], mark, mark.offset)
        if is_new and mark.offset > start:
            begun.gap = start, "start_at_end"
        elif mark.offset == start > 0:
            begun.gap = 0, "hole"
        return self._begin(begun, entry, signature[2])

    def _incarnation(
        self, log: LogFile, start: int, head: bytes, line: bytes, name: LogFileName, signature: Signature, look: Look
    ) -> bytes | None:
        """What file it is; None: that is not known yet."""
        if self.form.has_timestamps:
            return incarnation(self.source["id"], name.restart, line)
        file = Candidate(log, start, head, signature[1], name.live, name.compressed)
        known = list(self._known())
        found = known_as(file, known)
        if found is not None:
            return bytes.fromhex(found)
        if may_still_be_copied(file, known):
            return None
        return new_name(self.source["id"], signature[:2], line, look.wall)

    def _known(self) -> Iterator[Known]:
        """Everything that a file of this source may be."""
        reading = {life.incarnation.hex(): life for life in self.open}
        for name, mark in self._marks().items():
            life = reading.get(name)
            if life is not None:
                position, tail = life.position, checksum(life.before)
                if life.log.size() is not None:  # nobody copies compressed files; by its inode one is known already
                    yield Known(name, mark, position, tail, None if life.detached else life.log, life.detached)
            else:
                yield Known(name, mark, *self._read_out.get(bytes.fromhex(name), (mark.offset, mark.tail)))

    def _marks(self) -> Mapping[str, Mark]:
        return self.marks.of_source(self.source["id"])

    def _settle(self, signature: Signature, name: str, mark: Mark) -> None:
        self._settled[signature] = name
        if mark.ended and mark.settled != signature:
            mark.settled = signature
            self.marks.touch(name)

    def _again(self, held: Life, log: LogFile, entry: str, name: LogFileName, signature: Signature) -> Life | None:
        """A second file with the content of one that is open: compressed, or copied before it was truncated."""
        if held.detached:
            if self.form.has_timestamps and not holds(log, held.mark.start, held.position, checksum(held.before)):
                return None  # not all of it is copied yet
            held.log.close()
            held.log, held.identity, held.detached = log, signature[:2], False
            held.mark.inode = signature[1]
        elif not name.compressed:
            return None  # a copy of a file that will be truncated, or of one that is moved to another disk
        else:
            self._settled[signature] = held.incarnation.hex()  # compressed before it was seen renamed
        held.file_name, held.mark.path = name, f"{self.folder}/{entry}"
        return held

    # -- beginning and ending ------------------------------------------------------------------------------------------

    def _new_mark(
        self, life: bytes, log: LogFile, entry: str, name: LogFileName, inode: int, start: int, line: bytes, look: Look
    ) -> Mark:
        position = max(start, log.size() or 0) if look.from_end else start
        mark = Mark(
            self.source["id"], f"{self.folder}/{entry}", position, position, seen_at=look.wall,
            inode=inode, start=start, ended=look.from_end and not name.live,
            open_streams=self._open_before(log, start, position),
            head_bytes=len(line), head=checksum(line), tail=checksum(self._before(log, start, position)),
        )  # fmt: skip
        self.marks.add(life.hex(), mark, look.now)
        return mark

    def _open_before(self, log: LogFile, start: int, position: int) -> OpenStreams:
        """Streams open where reading begins in the middle of a file that nobody has read."""
        begin = max(start, position - LOOK_BACK_BYTES)
        return self.form.opened(behind_cut_line(log.read(begin, position - begin), inside_line=begin > start), {})

    @staticmethod
    def _before(log: LogFile, start: int, position: int) -> bytes:
        begin = max(start, position - TAIL_BYTES)
        return log.read(begin, position - begin)

    def _begin(self, life: Life, entry: str, size: int) -> Life:
        """Begin to read a file, or go on where its mark stands."""
        mark = life.mark
        mark.path = f"{self.folder}/{entry}"
        if not life.file_name.compressed:
            mark.size = max(mark.size, size)
        life.open_streams = mark.open_streams
        life.before = self._before(life.log, mark.start, life.position)
        life.inside_line = life.position > mark.start and not self.form.line_end.ends(life.before)
        life.log.rest(life.position)
        self.open.append(life)
        return life

    def truncated(self, life: Life, now: float) -> None:
        """The file of a life no longer holds what comes next; a copy of it may."""
        life.detached, life.final_since, life.end_reason = True, now, "truncated"
        life.identity = (-1, -1)

    def finish(self, life: Life, now: float) -> None:
        """A life was read to its end."""
        self.finished_at = now
        self.open.remove(life)
        life.log.close()
        self._read_out[life.incarnation] = (life.position, checksum(life.before))

    def complain(self, path: str, error: BaseException) -> None:
        """Say once that something cannot be read."""
        text = f"{type(error).__name__}: {error}"
        if self.complaints.get(path) != text:
            self.complaints[path] = text
            _log.error("%s cannot be read: %s", path, text)
