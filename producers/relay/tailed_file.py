"""One path that is followed, whatever happens to it: late appearance, rotation, truncation, deletion, a new file.

A file is held open until it was read to its end and has been quiet for a while, so that what a writer adds to it after
its renaming comes out before the first line of its successor.

Truncation (logrotate's copytruncate) shows in that the last bytes read do not stand where they stood, which also finds
a file that has grown beyond the old position since. A writer that does not append goes on at its old position and
leaves a hole of zero bytes behind; that hole is passed over. What was written between the last look and the truncation
is gone, as for everybody who reads such files; `producers.files` accounts for it, here it is a warning.
"""

from __future__ import annotations

import logging
import os
import stat
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from producers.core.relay.lines import HoldLimits, WholeLines

_log = logging.getLogger(__name__)

REMEMBERED_BYTES: Final = 64
"""So many bytes before the position must be there unchanged at the next look."""


@dataclass(frozen=True)
class FollowLimits:
    """How files are followed."""

    block_bytes: int = 64 * 1024
    """Most that is read of one file before the next has its turn."""
    rotated_quiet_secs: float = 0.5
    """A renamed or deleted file whose successor is there is let go when it has not grown for so long. A writer that is
    told to open its log anew still finishes what it was writing."""
    deleted_quiet_secs: float = 60.0
    """The same for a deleted file without successor: its writer may never notice. Its disk space is held as long."""
    waiting_files: int = 16
    """Most rotated files of one path that are open at once, each waiting for its turn."""
    hold: HoldLimits = field(default_factory=HoldLimits)


@dataclass(frozen=True)
class Lines:
    """What came of one look at a file."""

    data: bytes = b""
    """Whole lines; or an overdue or very long piece of one."""
    ends: bool = False
    """The file ends here: whatever comes next begins a line."""
    moved: bool = False
    """There was something to read, so another look is worth while at once."""


NOTHING: Final = Lines()


@dataclass
class _Life:
    """One open file."""

    descriptor: int
    identity: tuple[int, int]
    """Device and inode; nobody else gets them while the file is open."""
    position: int
    grown_at: float
    last_bytes: bytes = b""
    """What stands just before the position."""
    in_hole: bool = False
    """Only zero bytes were found since the file was truncated."""


class TailedFile:
    """Follows one path. Not thread-safe."""

    def __init__(self, path: str, limits: FollowLimits, *, from_end: bool = False) -> None:
        self.path = path
        self._limits = limits
        self._lines = WholeLines(limits.hold)
        self._lives: deque[_Life] = deque()
        """Oldest first; the last one is what the path leads to, unless that is gone."""
        self._trouble = ""
        self._from_end = from_end

    def look(self, now: float) -> Lines:
        """Read on. ``now`` is a monotonic time in seconds."""
        self._meet(now)
        if not self._lives:
            return NOTHING
        life = self._lives[0]
        found = self._read(life, now)
        if found.moved or found.ends:
            return found
        if self._is_left(life, now):
            os.close(self._lives.popleft().descriptor)
            return Lines(self._lines.rest(), ends=True, moved=bool(self._lives))
        return Lines(self._lines.overdue(now))

    def rest(self) -> bytes:
        """The unfinished line at the end, when nothing more will be read."""
        return self._lines.rest()

    def waits(self) -> bool:
        """Whether a rotated file is still to be finished."""
        return len(self._lives) > 1

    def close(self) -> None:
        """Let go of all files."""
        while self._lives:
            os.close(self._lives.pop().descriptor)

    # -- which files --------------------------------------------------------------------------------------------------

    def _meet(self, now: float) -> None:
        """Open what the path leads to, if that is not open yet."""
        try:
            found = os.stat(self.path)  # noqa: PTH116 - on every look
        except OSError as error:
            self._from_end = False  # what appears later is new from its first byte on
            self._complain("" if isinstance(error, FileNotFoundError | NotADirectoryError) else str(error.strerror))
            return
        if self._lives and self._lives[-1].identity == (found.st_dev, found.st_ino):
            return
        if len(self._lives) >= self._limits.waiting_files:
            self._complain(f"{len(self._lives)} rotated files wait already; files may be missed")
        elif not stat.S_ISREG(found.st_mode):
            self._complain("it is not a regular file")
        else:
            self._open(now)

    def _open(self, now: float) -> None:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self._complain(str(error.strerror))
            return
        status = os.fstat(descriptor)
        identity = (status.st_dev, status.st_ino)
        if not stat.S_ISREG(status.st_mode) or (self._lives and self._lives[-1].identity == identity):
            os.close(descriptor)
            return
        self._complain("")
        position = status.st_size if self._from_end else 0
        self._from_end = False
        kept = min(position, REMEMBERED_BYTES)
        self._lives.append(_Life(descriptor, identity, position, now, os.pread(descriptor, kept, position - kept)))

    def _is_left(self, life: _Life, now: float) -> bool:
        """Whether nothing more is expected of a file: the path leads elsewhere or nowhere, and it is quiet."""
        quiet = now - life.grown_at
        if len(self._lives) > 1:
            return quiet >= self._limits.rotated_quiet_secs
        if quiet < self._limits.deleted_quiet_secs:
            return False
        try:
            return os.fstat(life.descriptor).st_nlink == 0
        except OSError:
            return True

    def _complain(self, trouble: str) -> None:
        """Say once why a path cannot be followed."""
        if trouble and trouble != self._trouble:
            _log.warning("%s cannot be followed now: %s", self.path, trouble)
        self._trouble = trouble

    # -- what is in them ----------------------------------------------------------------------------------------------

    def _read(self, life: _Life, now: float) -> Lines:
        kept = len(life.last_bytes)
        try:
            block = os.pread(life.descriptor, kept + self._limits.block_bytes, life.position - kept)
        except OSError as error:
            self._complain(f"reading failed: {error.strerror}")
            return NOTHING
        if block[:kept] != life.last_bytes:
            return self._begin_anew(life, now)
        block = block[kept:]
        if not block:
            return NOTHING
        life.position += len(block)
        life.last_bytes = (life.last_bytes + block)[-REMEMBERED_BYTES:]
        life.grown_at = now
        if life.in_hole:
            block = block.lstrip(b"\0")
            life.in_hole = not block
        return Lines(self._lines.take(block, now) if block else b"", moved=True)

    def _begin_anew(self, life: _Life, now: float) -> Lines:
        """The file was truncated; what was held of its last line is all there will ever be of it."""
        _log.warning("%s was truncated: reading from its beginning; what was not read before is lost", self.path)
        life.position = _first_data(life.descriptor)
        life.last_bytes, life.in_hole, life.grown_at = b"", True, now
        return Lines(self._lines.rest(), ends=True, moved=True)


def _first_data(descriptor: int) -> int:
    """Where a file's hole at the beginning ends, as far as the file system knows; 0 where it does not."""
    try:
        return os.lseek(descriptor, 0, os.SEEK_DATA)
    except OSError:
        return 0
