"""What a producer must know of its files when it ends: whether more may come soon, and what it leaves unread.

A producer that is asked to stop reads on for a while (`producer.drain_secs`): a node that goes for good takes with it
what is not read now, and what was removed can be read by nobody but the process that has it open.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from producers.chunk import Loss

if TYPE_CHECKING:
    from producers.core.files.checkpoint import Marks
    from producers.files.life import Life
    from producers.files.tail import SourceTail

QUIET_SECS: Final = 1.0
"""When nothing has come for so long, the containers of the node have said their last words. A log that is written to
is read every 0.15 s, and one that must be polled every 0.2 s."""

DRAIN_TICK_SECS: Final = 0.05
"""Longest wait between two looks at whether it is quiet."""


def awaits_its_end(tail: SourceTail) -> bool:
    """Whether something will be sent after a time in which nothing is.

    A file's last bytes; of a file that waits for its turn, the first; a line that has no end yet.
    """
    return len(tail.files.open) > 1 or any(life.final_since is not None or life.rest[0] for life in tail.files.open)


def note_sizes(tails: Iterable[SourceTail], marks: Marks) -> None:
    """Let the checkpoint know how long files are, so that their loss can be told exactly should they be removed."""
    for tail in tails:
        for life in tail.files.open:
            known = life.position + life.unread()
            if known > max(life.mark.size, life.mark.offset):
                life.mark.size = known
                marks.touch(life.incarnation.hex())


def removed_bytes(tails: Iterable[SourceTail]) -> int:
    """Disk space that is free only when what was removed has been read."""
    final = (life for tail in tails for life in tail.files.open if life.final_since is not None)
    found = (os.fstat(life.log.descriptor()) for life in final)
    return sum(status.st_size for status in found if not status.st_nlink)


def left_unread(tails: Iterable[SourceTail]) -> Iterator[Loss]:
    """What is left in files for the next producer. It is lost if there is none, hence the form."""
    for tail in tails:
        found = (left_of(tail, life, life.position) for life in tail.files.open if not life.ended)
        yield from (left for left in found if left is not None)


def left_of(tail: SourceTail, life: Life, start: int) -> Loss | None:
    """What one file has from ``start`` on, as far as that is known; None: nothing that was not read.

    Compressed files are read on even where nobody knows how much is left.
    """
    end = max(life.position + life.unread(), life.mark.size)
    if end <= life.position and not life.file_name.compressed:
        return None
    return Loss(tail.source, life.mark.path, life.incarnation, start, end, "unread")
