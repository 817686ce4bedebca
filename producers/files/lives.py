"""The files of one source that are not read to their ends: found, recognised, put in order, and judged.

Which incarnation a file is of is decided in `recognise`, from what `register` knows.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from dataclasses import replace

from producers.chunk import Loss, Source
from producers.core.files.checkpoint import Mark, Marks, OpenStreams, checksum
from producers.core.files.cut import LOOK_BACK_BYTES, behind_cut_line
from producers.core.files.log_names import LogFileName
from producers.files import recognise
from producers.files.formats import Format
from producers.files.life import Life, last_bytes, put_in_order
from producers.files.log_file import LogFile
from producers.files.recognise import Candidate
from producers.files.register import Found, Look, Register
from schemas.identity import first_line, incarnation

_log = logging.getLogger(__name__)


class Lives:
    """The unfinished files of one source, in the order in which they were written."""

    def __init__(self, source: Source, folder: str, marks: Marks, form: Format) -> None:
        self.source = source
        self.folder = folder
        self.form = form
        self.open: list[Life] = []
        self.losses: list[Loss] = []
        """What was found to be lost, until somebody takes it."""
        self.oldest: bytes | None = None
        """Incarnation of the oldest file that was there at first."""
        self.finished_at = float("-inf")
        """When a file was read to its end last."""
        self.complaints: dict[str, str] = {}
        """Path -> what was said of it last, so that it is said once."""
        self.waiting: set[str] = set()
        """Names of files that are empty, or whose first line is needed and has no end yet."""
        self._register = Register(source["id"], marks)
        self._has_looked = False
        self._latest_restart = 0
        """Highest restart that any file has."""

    # -- looking -------------------------------------------------------------------------------------------------------

    def scan(self, names: Mapping[str, LogFileName], look: Look) -> None:
        """Look at the files that are there."""
        self._latest_restart = max((name.restart for name in names.values()), default=0)
        self.waiting.intersection_update(names)
        self._register.begin_look(names, look)
        self._note_truncated(look.now)  # before their copies are met
        known = len(self.open)
        if not self._has_looked:
            self._has_looked = True
            self._take_up(names, look)
        present = self._look_at_all(names, look)
        put_in_order(self.open, known, present)
        self._judge(present, look.now)
        self._register.end_look()
        if self.oldest is None and self.open:
            self.oldest = self.open[0].incarnation

    def _note_truncated(self, now: float) -> bool:
        """Take note of which files were truncated; whether there are any."""
        found = [life for life in self.open if life.was_truncated()]
        for life in found:
            life.detach(now)
        return bool(found)

    def _take_up(self, names: Mapping[str, LogFileName], look: Look) -> None:
        """Go on with the files that an earlier run was reading before others are met, which may be copies of them."""
        inodes = {mark.inode for mark in self._register.marks.values() if not mark.ended and mark.inode}
        own = {
            entry: name
            for entry, name in names.items()
            if inodes and recognise.inode_at(f"{self.folder}/{entry}") in inodes
        }
        self._look_at_all(own, replace(look, own_only=True))

    def _look_at_all(self, names: Mapping[str, LogFileName], look: Look) -> set[int]:
        """The ids of the lives whose files are there."""
        present = set()
        for entry, name in sorted(names.items(), key=lambda item: item[1]):
            try:
                life = self._look_at(entry, name, look)
            except FileNotFoundError:
                continue  # removed or renamed between the look and the opening
            except OSError as error:
                self.complain(f"{self.folder}/{entry}", error)
                continue
            if life is not None:
                present.add(id(life))
        return present

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

    def _look_at(self, entry: str, name: LogFileName, look: Look) -> Life | None:
        """The unfinished life behind a directory entry; None when there is none."""
        path = f"{self.folder}/{entry}"
        try:
            status = os.stat(path)  # noqa: PTH116 - hot for many files
        except FileNotFoundError:
            return None  # renamed since the folder was listed: found under its new name next time
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is no regular file")
        file = Found(path, name, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
        settled = self._register.settled(file.signature)
        if settled is not None:
            self._register.saw(settled, look)
            return self._renamed(self._life(settled), file)
        life = next((each for each in self.open if each.identity == file.identity and not each.detached), None)
        if life is None:
            return self._meet(entry, file, look)
        life.mark.size = max(life.mark.size, life.position + life.unread())
        self._register.saw(life.incarnation.hex(), look)
        return self._renamed(life, file)

    def _life(self, incarnation: str) -> Life | None:
        return next((each for each in self.open if each.incarnation.hex() == incarnation), None)

    @staticmethod
    def _renamed(life: Life | None, file: Found) -> Life | None:
        """The life, under the name that its file, or a compressed copy of it, has now."""
        if life is not None:
            life.file_name, life.mark.path = file.name, file.path
        return life

    # -- recognising ---------------------------------------------------------------------------------------------------

    def _meet(self, entry: str, file: Found, look: Look) -> Life | None:
        """Identify a file that is not open: new, compressed meanwhile, copied, or left from an earlier run."""
        log = self.form.open(file.path, compressed=file.name.compressed)
        life = None
        try:
            start = recognise.content_start(log)
            most = self.form.first_line_max_bytes
            head = b"" if start is None else log.read(start, most)
            line = first_line(head, complete=self._has_whole_first_line(file.name), most=most)
            if start is None or line is None:
                self.waiting.add(entry)
            else:
                self.waiting.discard(entry)
                life = self._identify(Candidate(log, start, head, file.identity[1], file.name), line, file, look)
        finally:
            if life is None or life.log is not log:
                log.close()
        return life

    def _has_whole_first_line(self, name: LogFileName) -> bool:
        """Whether what is there of a file's first line is all that is needed."""
        over = not name.live or name.restart < self._latest_restart
        return over or not self.form.has_timestamps

    def _identify(self, content: Candidate, line: bytes, file: Found, look: Look) -> Life | None:
        """The life that a file belongs to; None where all of it was read, or where that is not known yet."""
        name = self._incarnation(content, line, file, look)
        if name is None:
            return None
        if self._register.is_on_its_way(name.hex()):
            self._register.saw(name.hex(), look)
            return None
        mark = self._register.marks.get(name.hex())
        if look.own_only and (mark is None or mark.inode != file.identity[1]):
            return None
        if mark is not None:
            self._register.saw(name.hex(), look)
            if (held := self._life(name.hex())) is not None:
                return self._again(held, content.log, file)
            return self._known(name, mark, content, file, look)
        mark = self._new_mark(content, line, file, look)
        self._register.add(name.hex(), mark, look)
        if mark.ended:
            return None
        life = self._begin(name, mark, content.log, file)
        if mark.offset > content.start:
            life.gap = content.start, "start_at_end"
        return life

    def _incarnation(self, content: Candidate, line: bytes, file: Found, look: Look) -> bytes | None:
        """What file it is; None: that is not known yet."""
        if self.form.has_timestamps:
            return incarnation(self.source["id"], file.name.restart, line)
        found = recognise.known_as(content, self._register.known(self.open))
        if found is None and self._note_truncated(look.now):  # since this look began
            found = recognise.known_as(content, self._register.known(self.open))
        if found is not None:
            return bytes.fromhex(found)
        if recognise.may_still_be_copied(content, self._register.known(self.open)):
            return None
        return recognise.new_name(self.source["id"], file.identity, line, look.wall)

    def _known(self, name: bytes, mark: Mark, content: Candidate, file: Found, look: Look) -> Life | None:
        """The life of a file that an earlier run has read, from where its mark stands; None where that was its end."""
        if mark.ended and (file.name.compressed or file.size <= mark.offset):
            self._register.settle(file.signature, name.hex())
            return None
        mark.ended = False  # or somebody has added to a file after it was read to its end
        life = self._begin(name, mark, content.log, file)
        if not self.form.has_timestamps and recognise.holds(content.log, mark.start, mark.offset, mark.tail) is None:
            life.detach(look.now)
            self._ends_before(life, content.log, file)
        return life

    def _ends_before(self, life: Life, log: LogFile, file: Found) -> None:
        """A copy lacks what was written, and read, after it was made: there is nothing in it to be read."""
        life.mark.inode, life.earlier = file.identity[1], (recognise.copied_until(log, life.mark.start, life.earlier),)
        self._register.settle(file.signature, life.incarnation.hex())

    def _again(self, held: Life, log: LogFile, file: Found) -> Life | None:
        """A second file with the content of one that is open: compressed, or copied before it was truncated."""
        if held.detached:
            if not recognise.holds(log, held.mark.start, held.position, checksum(held.before)):
                if not self.form.has_timestamps:
                    self._ends_before(held, log, file)
                return None  # or not all of it is copied yet
            held.log.close()
            held.log, held.identity, held.detached, held.copied = log, file.identity, False, True
            held.mark.inode = file.identity[1]
        elif not file.name.compressed:
            return None  # a copy of a file that will be truncated, or of one that is moved to another disk
        else:
            self._register.settle(file.signature, held.incarnation.hex())  # compressed before it was seen renamed
        return self._renamed(held, file)

    # -- beginning and ending ------------------------------------------------------------------------------------------

    def _new_mark(self, content: Candidate, line: bytes, file: Found, look: Look) -> Mark:
        log, start = content.log, content.start
        position = max(start, log.size() or 0) if look.from_end else start
        before = max((mark.order for mark in self._register.marks.values()), default=0)
        return Mark(
            self.source["id"], file.path, position, position, seen_at=look.wall,
            inode=file.identity[1], start=start, ended=look.from_end and not file.name.live,
            open_streams=self._open_before(log, start, position),
            head_bytes=len(line), head=checksum(line), tail=checksum(last_bytes(log, start, position)),
            begun=position, told=position, order=before + 1,
        )  # fmt: skip

    def _open_before(self, log: LogFile, start: int, position: int) -> OpenStreams:
        """Streams open where reading begins in the middle of a file that nobody has read."""
        begin = max(start, position - LOOK_BACK_BYTES)
        return self.form.opened(behind_cut_line(log.read(begin, position - begin), inside_line=begin > start), {})

    def _begin(self, name: bytes, mark: Mark, log: LogFile, file: Found) -> Life:
        """Begin to read a file, or go on where its mark stands."""
        mark.path, mark.inode = file.path, file.identity[1]
        if not file.name.compressed:
            mark.size = max(mark.size, file.size)
        life = Life(name, file.name, log, file.identity, mark, mark.offset, open_streams=mark.open_streams)
        life.copied = not file.name.live and not file.name.compressed and file.size < mark.size
        life.before = last_bytes(log, mark.start, life.position)
        life.earlier = mark.earlier
        life.inside_line = life.position > mark.start and not self.form.line_end.ends(life.before)
        if mark.offset == mark.start > 0:
            life.gap = 0, "hole"
        log.rest(life.position)
        self.open.append(life)
        return life

    def finish(self, life: Life, now: float) -> None:
        """A life was read to its end."""
        self.finished_at = now
        self.open.remove(life)
        life.log.close()
        self._register.finished(life)

    def complain(self, path: str, error: BaseException) -> None:
        """Say once that something cannot be read."""
        if self.complaints.get(path) != (text := f"{type(error).__name__}: {error}"):
            self.complaints[path] = text
            _log.error("%s cannot be read: %s", path, text)
