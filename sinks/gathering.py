"""Pieces of records on their way into requests, cut so that no request is larger than it may be."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Generic

from confluent_kafka import Message

from sinks.consumer import Batch
from sinks.destination import Built, Piece


@dataclass
class Read:
    """Records that were read together; they are finished when all requests with a part of them are."""

    batch: Batch
    open_parts: int = 0


@dataclass
class Request(Generic[Piece]):
    """Pieces that are sent together."""

    opened_at: float
    size: int = 0
    reads: list[Read] = field(default_factory=list)
    records: list[Message] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    outcomes: list[tuple[Message, str]] = field(default_factory=list)
    """Records that are decided, and not in the usual way."""

    def tell(self) -> None:
        """Account for them."""
        for record, outcome in self.outcomes:
            any(read.batch.tell(record, outcome) for read in self.reads)

    def finished(self) -> list[Batch]:
        """All its pieces are decided; returns the batches that have no other part left."""
        for read in self.reads:
            read.open_parts -= 1
        return [read.batch for read in self.reads if read.open_parts == 0]


class Gathering(Generic[Piece]):
    """Requests that are being filled, oldest first; all but the last are full."""

    def __init__(self, max_records: int, max_age_secs: float) -> None:
        self._max_records = max_records
        self._max_age_secs = max_age_secs
        self._requests: deque[Request[Piece]] = deque()

    def add(self, batch: Batch, built: Built[Piece], max_bytes: int, now: float) -> None:
        """Take what was made of records that were read together."""
        read = Read(batch)
        total = sum(built.sizes)
        if not self._requests:
            self._requests.append(Request(now))
        if not built.pieces or self._fits(len(built.pieces), total, max_bytes):
            self._extend(read, built, 0, len(built.pieces), total)
            return
        ends = list(accumulate(built.sizes))
        begin, taken = 0, 0
        while begin < len(built.pieces):
            last = self._requests[-1]
            end = bisect_right(ends, taken + max_bytes - last.size, begin)
            end = min(end, begin + self._max_records - len(last.pieces))
            if end <= begin and last.pieces:
                self._requests.append(Request(now))
                continue
            end = max(end, begin + 1)  # one that is too large by itself goes alone
            self._extend(read, built, begin, end, ends[end - 1] - taken)
            begin, taken = end, ends[end - 1]

    def _fits(self, count: int, size: int, max_bytes: int) -> bool:
        last = self._requests[-1]
        return last.size + size <= max_bytes and len(last.pieces) + count <= self._max_records

    def _extend(self, read: Read, built: Built[Piece], begin: int, end: int, size: int) -> None:
        last = self._requests[-1]
        last.records += built.records[begin:end]
        last.pieces += built.pieces[begin:end]
        last.size += size
        last.reads.append(read)
        read.open_parts += 1

    def is_due(self, max_bytes: int, now: float) -> bool:
        """Whether the first request should go now."""
        if not self._requests:
            return False
        first = self._requests[0]
        if len(self._requests) > 1 or first.size >= max_bytes or len(first.pieces) >= self._max_records:
            return True
        return now - first.opened_at >= self._max_age_secs

    def next(self) -> Request[Piece] | None:
        """Take the first request."""
        return self._requests.popleft() if self._requests else None
