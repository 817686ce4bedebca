"""Missing sequence numbers of a journal: what they mean.

journald numbers all entries that it writes, whichever file they go to. Up to systemd 252 the files of users have
sequence-number ids of their own while the counter is shared, so a number that is missing under one id may stand under
another; only neighbours in reading order tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from producers.core.journald.export import Cursor

YOUNG_SECS: Final = 1.0
"""An entry's timestamp is taken before it is written and clocks are corrected; what is older than this by the time that
reading begins has certainly been written with all before it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Entries that were removed before they were read."""

    seqnum_id: bytes
    start: int
    end: int
    """First sequence number that is there again; ``start`` when nobody can know."""
    next_seqnum_id: bytes | None
    """With an open end: the numbering that goes on instead."""
    detail: str

    @classmethod
    def between(cls, last: Cursor, following: Cursor) -> Missing:
        """What is missing between an entry that is gone and one that is there; ``start == end``: nothing."""
        end = max(following.seqnum, last.seqnum + 1)
        return cls(last.seqnum_id, last.seqnum + 1, end, None, _detail(last, following))

    @classmethod
    def unknown(cls, last: Cursor, following: Cursor) -> Missing:
        """What is missing when all that followed in a numbering is gone, if anything did."""
        start = last.seqnum + 1
        return cls(last.seqnum_id, start, start, following.seqnum_id, _detail(last, following))

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is missing after all."""
        return self.start == self.end and self.next_seqnum_id is None


def _detail(last: Cursor, following: Cursor) -> str:
    return (
        f"journal entries of sequence-number id {last.seqnum_id.hex()} behind {last.seqnum} were removed unread; "
        f"last read {last.realtime / 1e6:.6f}, first there again {following.realtime / 1e6:.6f} (seconds since 1970)"
    )


def hole(last: Cursor, following: Cursor) -> int:
    """How many numbers between two neighbours stand in no file that could be read."""
    return max(0, following.seqnum - last.seqnum - 1) if last.seqnum_id == following.seqnum_id else 0


def leaves_doubt(last: Cursor, following: Cursor, began: float) -> bool:
    """Whether an entry between two neighbours may have been written too late to be seen.

    ``began`` is when the pass over the files began, in seconds since 1970.
    """
    return following.seqnum != last.seqnum + 1 and following.realtime / 1e6 > began - YOUNG_SECS
