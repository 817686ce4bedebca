"""Which incarnation a file is of.

Lines of container runtimes carry the time they were written, so a file's first line tells it from every other: its
incarnation is computed from it. Other text may begin alike in every file; there the checkpoint decides, which remembers
of each incarnation a checksum of its beginning and one of the bytes just before the acknowledged position. A file that
has both is that incarnation, whatever its name, whether renamed, copied or compressed. One that nobody knows gets an
incarnation of its own, computed from its device, inode and beginning.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from producers.core.checkpoint import TAIL_BYTES, Mark, checksum
from producers.files.log_file import LogFile
from schemas.identity import FIRST_LINE_MAX_BYTES, incarnation

_BLOCK: Final = 64 * 1024


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


def holds(log: LogFile, start: int, offset: int, tail: int) -> bool:
    """Whether the bytes just before ``offset`` are those that ``tail`` is the checksum of."""
    length = min(TAIL_BYTES, offset - start)
    before = log.read(offset - length, length)
    return len(before) == length and checksum(before) == tail


def known_as(log: LogFile, start: int, head: bytes, marks: Mapping[str, Mark]) -> str | None:
    """The incarnation that a file is of, among those of its source; None: it is another."""
    alike = [
        (mark.offset, name)
        for name, mark in marks.items()
        if mark.start == start
        and 0 < mark.head_bytes <= len(head)
        and checksum(head[: mark.head_bytes]) == mark.head
        and holds(log, start, mark.offset, mark.tail)
    ]
    return max(alike)[1] if alike else None


def new_name(source_id: str, identity: tuple[int, int], head: bytes, marks: Mapping[str, Mark]) -> bytes:
    """An incarnation for a file that is none of the known ones, the same whenever it is computed anew."""
    line = b"%d:%d:" % identity + head[:FIRST_LINE_MAX_BYTES]
    number = 0
    while (name := incarnation(source_id, number, line)).hex() in marks:
        number += 1  # an inode used again for a file that begins alike
    return name
