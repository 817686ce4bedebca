"""One incarnation of a file, connection or request, as the ledger tells of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from deploy.audit.core.account import Account
from deploy.audit.core.outcomes import LOST, SENT, UNREAD
from deploy.audit.core.path import Segment
from deploy.audit.core.ranges import Hole, Ranges

CLOCKS_NANOS = 60_000_000_000
"""Clocks of nodes and brokers differ by no more."""


class Names(NamedTuple):
    """Whose lines."""

    namespace: str
    pod: str
    container: str
    node: str


class Loss(NamedTuple):
    """A producer's word on bytes that will not come, or have not come yet."""

    start: int
    end: int
    reason: str
    open_end: bool
    detail: str
    written_at: int


class Sent(NamedTuple):
    """A producer's word on what Kafka has."""

    start: int
    end: int
    written_at: int


class Chunk(NamedTuple):
    """Where a chunk stands in logs.raw."""

    partition: int
    offset: int


class File:
    """What is told of one incarnation."""

    __slots__ = (
        "account", "committed_end", "incarnation", "is_numbered", "is_old", "left", "losses", "names", "path", "sent",
        "sent_before", "source",
    )  # fmt: skip

    def __init__(self, incarnation: str) -> None:
        self.incarnation = incarnation
        self.source = ""
        self.names: Names | None = None
        self.path = ""
        self.account = Account()
        self.sent: Sent | None = None
        self.sent_before: Sent | None = None
        """What was told before the picture was taken: its chunks are in it."""
        self.losses: list[Loss] | None = None
        self.left: Loss | None = None
        self.committed_end = -1
        """End of the last range whose chunk the stream's group is past."""
        self.is_numbered = False
        """Of a journal: positions are numbers, with gaps by nature."""
        self.is_old = False
        """Some of it was told before entries had topics and offsets."""

    def take_producer(self, entry: Mapping[str, Any], *, before: bool) -> None:
        """``before``: it was told before the picture was taken."""
        outcomes, start, end, at = entry["outcomes"], entry["start"], entry["end"], entry["written_at"]
        if SENT in outcomes:
            told = Sent(start, end, at)
            self.sent = max(self.sent or told, told, key=_newer)
            self.left = None if self.left and self.left.written_at < at else self.left
            if before:
                self.sent_before = max(self.sent_before or told, told, key=_newer)
        for name in outcomes:
            if name.startswith(LOST):
                self.losses = [*(self.losses or ()), _loss(entry, name[len(LOST) :])]
            elif name == UNREAD and (self.left is None or self.left.written_at <= at):
                self.left = _loss(entry, "unread")
        self.path = entry["path"] or self.path

    def knows(self, segment: Segment) -> bool:
        """Whether the chunk was told of in which a segment begins."""
        return self.account.ranges.covers(segment.start, segment.start + 1)

    def take_segment(self, segment: Segment, chunk: Chunk | None, *, is_past: bool) -> None:
        """A range that the stream stage told of."""
        self.account.take(segment, chunk)
        if is_past:
            self.committed_end = max(self.committed_end, segment.end)

    # -- what follows from it ------------------------------------------------------------------------------------------

    @property
    def told(self) -> Ranges:
        """What the stream stage told of."""
        return self.account.ranges

    def lost(self) -> Iterator[Loss]:
        """What is lost and did not come after all, each range once, the word written last first."""
        seen = Ranges()
        for start, end in self.told:
            seen.add(start, end)
        for each in sorted(set(self.losses or ()), key=lambda loss: (-loss.written_at, loss)):
            for hole in list(seen.holes(each.start, each.end)):
                yield each._replace(start=hole.start, end=hole.end)
                seen.add(hole.start, hole.end)
            if each.start == each.end and each.open_end:
                yield each

    def explained(self) -> Ranges:
        """What is told of, or lost."""
        found = Ranges()
        for start, end, mark in zip(self.told.starts, self.told.ends, self.told.marks, strict=True):
            found.add(start, end, mark)
        for each in self.losses or ():
            found.add(each.start, each.end)
        return found

    def holes(self, *, is_whole: bool) -> Iterator[Hole]:
        """Bytes between what is explained, or before it, up to what Kafka is said to have; none of a journal.

        ``is_whole``: the ledger has all that was ever told, so that the beginning counts too.
        """
        if self.is_numbered:
            return
        found = self.explained()
        sent = self.sent
        first = found.starts[0] if found.starts else None
        begin = sent.start if sent and (is_whole or first is None) else first
        end = max(found.ends[-1] if found.ends else 0, sent.end if sent else 0)
        if begin is not None:
            yield from found.holes(begin, end)

    def unread(self) -> int:
        """Bytes that were still in the file when the producer told last."""
        if self.left is None:
            return 0
        return sum(each.end - each.start for each in self.unread_ranges())

    def unread_ranges(self) -> list[Hole]:
        """The same as ranges."""
        if self.left is None or self.is_numbered:
            return []
        found = self.explained()
        if self.sent:
            found.add(self.sent.start, self.sent.end)
        return list(found.holes(self.left.start, self.left.end))


def _newer(sent: Sent) -> tuple[int, int]:
    return sent.end, sent.written_at


def _loss(entry: Mapping[str, Any], reason: str) -> Loss:
    return Loss(
        entry["start"], entry["end"], reason, bool(entry["open_end"]), entry["detail"] or "", entry["written_at"]
    )
