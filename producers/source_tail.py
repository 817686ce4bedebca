"""One source: the files of one container, oldest first, read to their ends one after another.

A file is known by its incarnation, not by its name, so renaming, compressing and a lost checkpoint change nothing.
Reading a file ends when nothing can be added to it any more: it was rotated and its successor exists, its container was
restarted, or it is gone. Between that moment and the last read lies a grace, because a runtime may still be writing to
a renamed file. Only then does the next file begin, so the order of a container is kept.
"""

from __future__ import annotations

import logging
import os
import zlib
from collections.abc import Iterator
from typing import Any, Final

from producers.core.checkpoint import Mark, Marks
from producers.core.container_path import LogFileName, log_file_name
from producers.core.cut import LOOK_BACK_BYTES, OpenStreams, behind_cut_line, cut_length, has_header, open_streams
from producers.life import Chunk, Life, ReadLimits
from producers.log_file import LogFile, open_log
from schemas.identity import FIRST_LINE_MAX_BYTES, first_line, incarnation

_log = logging.getLogger(__name__)

UNREADABLE: Final = (OSError, EOFError, zlib.error)
"""What reading a file raises when it is forbidden, gone, or compressed badly."""

ROTATION_GRACE_SECS: Final = 0.5
"""How long after its successor appeared a rotated file is still watched. Runtimes reopen within milliseconds."""


class SourceTail:
    """The files of one container."""

    def __init__(self, source: dict[str, Any], folder: str, marks: Marks, limits: ReadLimits) -> None:
        self.source = source
        self.folder = folder
        self._marks = marks
        self._limits = limits
        self._lives: list[Life] = []
        self._read_out: set[bytes] = set()
        """Incarnations read to their ends whose last chunks are not acknowledged yet."""
        self._settled: dict[str, tuple[tuple[int, ...], Mark]] = {}
        """Name -> signature and mark of files that need no second look."""
        self._latest_restart = 0
        """Highest restart that any file in the folder has."""
        self._complaints: dict[str, str] = {}
        """Path -> what was said of it last, so that it is said once."""
        self.container_ids: dict[int, str] = {}
        """Restart -> container id, as links name it."""
        self._open_at_end: tuple[int, OpenStreams] | None = None
        """Restart of the file that ended last, and its streams left open."""

    def scan(self, now: float, wall: float, *, from_end: bool = False) -> None:
        """Look which files there are. ``now`` is monotonic, ``wall`` seconds since 1970.

        ``from_end`` skips what is there already.
        """
        try:
            entries = os.listdir(self.folder)  # noqa: PTH208 - hot for many files
        except FileNotFoundError:
            entries = []  # the pod was removed; what is open is read to its end
        except OSError as error:
            self._complain(self.folder, error)
            return  # nothing is known of the folder, so nothing in it ends
        names = {entry: parsed for entry in entries if (parsed := log_file_name(entry))}
        self._latest_restart = max((parsed.restart for parsed in names.values()), default=0)
        self._read_out = {
            name for name in self._read_out if name.hex() in self._marks and not self._marks[name.hex()].ended
        }
        present: set[int] = set()
        for entry, parsed in sorted(names.items(), key=lambda item: item[1]):
            try:
                life = self._look_at(entry, parsed, wall, from_end=from_end)
            except UNREADABLE as error:
                self._complain(f"{self.folder}/{entry}", error)
                continue
            if life is not None:
                present.add(id(life))
        self._lives.sort(key=lambda life: life.file_name)
        newest = max((life.file_name for life in self._lives if id(life) in present), default=None)
        for life in self._lives:
            final = id(life) not in present or (newest is not None and _is_final(life.file_name, newest))
            life.final_since = (life.final_since if life.final_since is not None else now) if final else None

    def _look_at(self, entry: str, parsed: LogFileName, wall: float, *, from_end: bool) -> Life | None:
        """The unfinished life behind a directory entry; None when there is none."""
        path = f"{self.folder}/{entry}"
        try:
            status = os.stat(path)  # noqa: PTH116 - hot for many files
        except FileNotFoundError:
            return None  # renamed since the folder was listed: found under its new name next time
        signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        settled = self._settled.get(entry)
        if settled is not None and settled[0] == signature:
            settled[1].seen_at = wall
            return None
        identity = (status.st_dev, status.st_ino)
        life = next((life for life in self._lives if life.identity == identity), None)
        if life is None:
            return self._meet(entry, parsed, signature, wall, from_end=from_end)
        if status.st_size < life.position and not parsed.compressed:
            _log.warning(
                "%s was truncated from %d to %d bytes; it is read again as a new file",
                path,
                life.position,
                status.st_size,
            )
            life.final_since = float("-inf")
            return None
        life.file_name = parsed
        life.mark.path, life.mark.size, life.mark.seen_at = path, max(life.mark.size, status.st_size), wall
        return life

    def _meet(
        self, entry: str, parsed: LogFileName, signature: tuple[int, ...], wall: float, *, from_end: bool
    ) -> Life | None:
        """Identify a file that is not open: new, compressed meanwhile, or left from an earlier run."""
        log = open_log(f"{self.folder}/{entry}")
        try:
            life = self._identify(log, entry, parsed, signature, wall, from_end=from_end)
        except UNREADABLE:
            log.close()
            raise
        if life is None or life.log is not log:
            log.close()
        return life

    def _identify(
        self, log: LogFile, entry: str, parsed: LogFileName, signature: tuple[int, ...], wall: float, *, from_end: bool
    ) -> Life | None:
        """The life that a file belongs to; None where its first line is still being written or all of it was read."""
        over = not parsed.live or parsed.restart < self._latest_restart
        line = first_line(log.read(0, FIRST_LINE_MAX_BYTES), complete=over)
        name = b"" if line is None else incarnation(self.source["id"], parsed.restart, line)
        if line is None or name in self._read_out:
            return None
        path = f"{self.folder}/{entry}"
        held = next((life for life in self._lives if life.incarnation == name), None)
        if held is not None:
            held.file_name, held.mark.path = parsed, path  # perhaps compressed before it was seen renamed
            self._settled[entry] = signature, held.mark
            return held
        mark = self._marks.get(name.hex())
        if mark is None:
            start = (log.size() or 0) if from_end else 0
            mark = Mark(
                self.source["id"], path, start, start, ended=from_end and not parsed.live,
                open_streams=_open_before(log, start), seen_at=wall,
            )  # fmt: skip
            self._marks[name.hex()] = mark
        mark.seen_at = wall
        if mark.ended and (parsed.compressed or signature[2] <= mark.offset):
            self._settled[entry] = signature, mark
            return None
        mark.ended = False  # or somebody has added to a file after it was read to its end
        return self._begin(Life(name, parsed, log, signature[:2], mark, mark.offset), path, signature[2])  # type: ignore[arg-type]

    def _begin(self, life: Life, path: str, size: int) -> Life:
        """Begin to read a file, or go on where its mark stands."""
        life.mark.path = path
        if not life.file_name.compressed:
            life.mark.size = max(life.mark.size, size)
        life.open_streams = life.mark.open_streams
        life.inside_line = life.position > 0 and life.log.read(life.position - 1, 1) != b"\n"
        life.log.rest(life.position)
        self._lives.append(life)
        return life

    def next_chunk(self, now: float) -> Chunk | None:
        """What can be read now, at most one chunk; None: nothing yet."""
        while self._lives and self._lives[0].ended:
            life = self._lives.pop(0)
            life.log.close()
            self._read_out.add(life.incarnation)
        if not self._lives:
            return None
        life = self._lives[0]
        block, full = self._block(life)
        final = life.final_since is not None and now - life.final_since >= ROTATION_GRACE_SECS and not full
        length = cut_length(block, full=full and len(block) >= self._limits.line_max_bytes, final=final)
        if not length and not final and not self._is_stalled(life, block, now):
            return None
        return self._take(life, block[: length or len(block)], ended=final)

    def _block(self, life: Life) -> tuple[bytes, bool]:
        """A block from the read position, longer only where one line needs it; and whether it is a full one."""
        size = self._limits.chunk_max_bytes
        block = life.log.read(life.position, size)
        if len(block) == size and b"\n" not in block:
            size = max(size, self._limits.line_max_bytes)
            block = life.log.read(life.position, size)
        return block, len(block) == size

    def _is_stalled(self, life: Life, rest: bytes, now: float) -> bool:
        """Whether a line without end has waited long enough; never within its header, whose two halves say nothing."""
        if len(rest) != life.rest[0]:
            life.rest = (len(rest), now)
        waited = now - life.rest[1] >= self._limits.unterminated_line_secs
        return waited and (has_header(rest) or (life.inside_line and rest != b""))

    def _take(self, life: Life, payload: bytes, *, ended: bool) -> Chunk:
        offset = life.position
        if offset == 0:
            restart, streams = self._open_at_end or self._open_before(life)
            life.open_streams = streams if restart == life.file_name.restart else {}
        resumed = None
        if life.first or life.inside_line or life.open_streams:
            resumed = {"inside_line": life.inside_line, "open_streams": life.open_streams}
        self._step(life, payload)
        life.frontier.begin(offset, (life.position, ended, life.open_streams))
        if ended:
            self._open_at_end = (life.file_name.restart, life.open_streams)
            life.ended = True
        return Chunk(life, offset, payload, ended, resumed)

    @staticmethod
    def _step(life: Life, payload: bytes) -> None:
        """Go on behind ``payload``, remembering what it leaves unfinished."""
        life.open_streams = open_streams(behind_cut_line(payload, inside_line=life.inside_line), life.open_streams)
        life.inside_line = not payload.endswith(b"\n") if payload else life.inside_line
        life.position += len(payload)
        life.log.rest(life.position)
        life.first = False

    def _open_before(self, life: Life) -> tuple[int, OpenStreams]:
        """What the checkpoint says of the file before this one; nothing is open when it says nothing."""
        earlier = [
            (name, mark)
            for mark in self._marks.values()
            if mark.source_id == self.source["id"]
            and mark.ended
            and (name := log_file_name(mark.path.rsplit("/", 1)[1]))
        ]
        if not earlier:
            return life.file_name.restart, {}
        name, mark = max(earlier, key=lambda pair: pair[0])
        return name.restart, mark.open_streams

    def abandon(self, error: BaseException) -> int:
        """The file being read cannot be read on: give it up. Returns how many bytes are known to be lost."""
        life = self._lives[0]
        self._complain(life.mark.path, error)
        life.ended = life.mark.ended = True
        return max(0, life.mark.size - life.position)

    def _complain(self, path: str, error: BaseException) -> None:
        text = f"{type(error).__name__}: {error}"
        if self._complaints.get(path) != text:
            self._complaints[path] = text
            _log.error("%s cannot be read: %s", path, text)

    def is_gone(self) -> bool:
        """Everything that was there has been read, and the folder is no more."""
        return not self._lives and not os.path.isdir(self.folder)  # noqa: PTH112 - hot for many files

    def close(self) -> None:
        """Let go of all files."""
        for life in self._lives:
            life.log.close()
        self._lives.clear()

    def known(self) -> Iterator[str]:
        """Incarnations that are being read or wait for their turn, as the checkpoint names them."""
        for life in self._lives:
            yield life.incarnation.hex()

    def backlog(self) -> Iterator[int]:
        """Unread bytes of each open file, as far as that is known without reading."""
        for life in self._lives:
            size = life.log.size()
            if size is not None:
                yield max(0, size - life.position)


def _open_before(log: LogFile, position: int) -> OpenStreams:
    """Streams open where reading begins in the middle of a file that nobody has read."""
    start = max(0, position - LOOK_BACK_BYTES)
    return open_streams(behind_cut_line(log.read(start, position - start), inside_line=start > 0))


def _is_final(name: LogFileName, newest: LogFileName) -> bool:
    """Whether a file that is there gets no more bytes, given the newest file of its container."""
    return name.compressed or name < newest
