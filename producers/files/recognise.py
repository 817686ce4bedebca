"""Which incarnation a file is of.

Lines of container runtimes carry the time they were written, so a file's first line tells it from every other: its
incarnation is computed from it. Other text may begin alike in every file; there the checkpoint decides, which remembers
of each incarnation a checksum of its beginning and one of the bytes just before the acknowledged position. A file that
has both is that incarnation, whatever its name, whether renamed, copied or compressed. One that nobody knows gets an
incarnation of its own, which is in the checkpoint before the first byte is sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from producers.core.files.checkpoint import TAIL_BYTES, Mark, checksum
from producers.core.files.log_names import LogFileName
from producers.files.log_file import LogFile
from schemas.identity import FIRST_LINE_MAX_BYTES, incarnation

_BLOCK: Final = 64 * 1024

COMPARED_BYTES: Final = 4096
"""So much of the beginnings of two open files is compared."""


def content_start(log: LogFile) -> int | None:
    """Position of the first byte that is not NUL; None: there is none yet.

    A program that does not append writes on at its old position after its file was truncated. What lies before is a
    hole, which reads as NULs.
    """
    first = log.read(0, 1)
    if first != b"\x00":
        return 0 if first else None
    position = _data_start(log)
    while block := log.read(position, _BLOCK):
        rest = block.lstrip(b"\x00")
        if rest:
            return position + len(block) - len(rest)
        position += len(block)
    return None


def _data_start(log: LogFile) -> int:
    """Where the file system says that data begin; 0 where it does not say."""
    if log.size() is None:
        return 0
    try:
        return os.lseek(log.descriptor(), 0, os.SEEK_DATA)
    except OSError:
        return 0


def inode_at(path: str) -> int | None:
    """The inode that has a name; None: none that can be looked at."""
    try:
        return os.stat(path).st_ino  # noqa: PTH116 - hot for many files
    except OSError:
        return None


def holds(log: LogFile, start: int, offset: int, tail: int) -> bool | None:
    """Whether the bytes just before ``offset`` are those that ``tail`` is the checksum of; None: it ends before."""
    length = min(TAIL_BYTES, offset - start)
    before = log.read(offset - length, length)
    return checksum(before) == tail if len(before) == length else None


@dataclass(frozen=True, slots=True)
class Known:
    """An incarnation of a source, as far as it helps to recognise its file."""

    name: str
    mark: Mark
    position: int
    """Up to where it was read, or acknowledged where an earlier run read it."""
    tail: int
    """Checksum of the bytes before ``position``."""
    earlier: tuple[tuple[int, ...], ...] = ()
    """Positions before it, and their checksums, where a copy may end behind one of them."""
    log: LogFile | None = None
    """Its file, where that is open and still has its bytes."""
    detached: bool = False
    """It is open, but its bytes are no longer in its file."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to be recognised."""

    log: LogFile
    start: int
    head: bytes
    inode: int
    name: LogFileName


def known_as(file: Candidate, known: Iterable[Known]) -> str | None:
    """The incarnation that a file is of; None: it is another."""
    found = [
        (score, each.mark.inode == file.inode, each.mark.head_bytes, each.position, each.name)
        for each in known
        if _begins_alike(file, each) and (score := _resemblance(file, each))
    ]
    return max(found)[-1] if found else None


def may_still_be_copied(file: Candidate, known: Iterable[Known]) -> bool:
    """Whether a file may be the copy, half done, of one that is open or was truncated."""
    size = file.log.size()
    return not file.name.live and size is not None and any(_may_become(file, size, each) for each in known)


def _may_become(file: Candidate, size: int, known: Known) -> bool:
    mark = known.mark
    if mark.start != file.start:
        return False
    if known.log is not None:
        return size <= (known.log.size() or 0) and _same_content(file.log, known.log, mark.start, size)
    is_short = size - file.start < mark.head_bytes
    return known.detached and size < known.position and (is_short or _begins_alike(file, known))


def _begins_alike(file: Candidate, known: Known) -> bool:
    mark = known.mark
    if mark.start != file.start or not 0 < mark.head_bytes <= len(file.head):
        return False
    return checksum(file.head[: mark.head_bytes]) == mark.head


def _resemblance(file: Candidate, known: Known) -> int:
    """How sure it is that a file which begins alike is that incarnation; 0: it is not.

    A copy or a compressed file has another inode than the one that was read, but a rotated name; under the live name
    another inode is another file. Of what is gone (inode 0) only a compressed file can appear.
    """
    if known.log is not None:
        same = not file.name.live and _same_content(file.log, known.log, known.mark.start, known.position)
        return 3 if same else 0
    mark = known.mark
    gone = mark.ended and not mark.inode and not file.name.compressed
    if file.inode != mark.inode and (file.name.live or gone):
        return 0
    if known.position == mark.start:
        return 0 if mark.ended else 1
    there = holds(file.log, mark.start, known.position, known.tail)
    if there is not None or file.name.live:
        return 2 if there else 0
    return 1 if copied_until(file.log, mark.start, known.earlier) else 0


def copied_until(copy: LogFile, start: int, earlier: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """The last of the earlier positions that a copy reaches; nothing where its bytes are others.

    It lacks what was written, and read, between its making and the truncation.
    """
    reached = ((position, holds(copy, start, *position)) for position in sorted(earlier, reverse=True))
    last, is_there = next((each for each in reached if each[1] is not None), ((), False))
    return last if is_there else ()


def _same_content(one: LogFile, other: LogFile, start: int, position: int) -> bool:
    """Whether two files say the same at ``start``, where content begins, and just before ``position``."""
    head, again = one.read(start, COMPARED_BYTES), other.read(start, COMPARED_BYTES)
    size, before = min(len(head), len(again)), max(start, position - TAIL_BYTES)
    return head[:size] == again[:size] != b"" and one.read(before, position - before) == other.read(
        before, position - before
    )


def new_name(source_id: str, identity: tuple[int, int], head: bytes, wall: float) -> bytes:
    """An incarnation for a file that is none of the known ones. ``wall``: when it was met, in seconds since 1970.

    The time is in it because inodes are used again, and a file that begins alike may get the one of its predecessor.
    """
    line = b"%d:%d:%d:" % (*identity, round(wall * 1000)) + head[:FIRST_LINE_MAX_BYTES]
    return incarnation(source_id, 0, line)
