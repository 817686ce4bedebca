"""What a process has of one partition: its buffer, and which reads wait until the buffer's records are in objects."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from confluent_kafka import Message

from schemas.replay import replayed_of
from sinks.consumer import Batch, offset_of
from sinks.core.account import ALREADY_THERE, PASSED
from sinks.object_storage.buffers import Block, Buffer


class Part:
    """Of one partition."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.batches: deque[tuple[Batch, int, list[float]]] = deque()
        """Batches that are not finished, each with its last offset, and when some of its lines were written."""
        self.hours: set[int] = set()
        """Whose manifests have been read."""

    def finished(self) -> Iterator[tuple[Batch, list[float]]]:
        """Batches of which nothing is open any more, which are then forgotten."""
        lowest = self.buffer.lowest()
        while self.batches and (lowest is None or self.batches[0][1] < lowest):
            batch, _, written_at = self.batches.popleft()
            yield batch, written_at


def is_replayed(record: Message) -> bool:
    """Whether replay sent a chunk once more: the archive has it under its first offset."""
    headers: Any = record.headers()
    return replayed_of(headers) is not None


def tell_passed(batch: Batch, records: Sequence[Message], block: Block) -> None:
    """Account for records that have nothing to keep."""
    if len(block.offsets) + len(block.rejected) < len(records):
        known = {*block.offsets, *(offset_of(record) for record, _ in block.rejected)}
        for record in records:
            if offset_of(record) not in known:
                batch.tell(record, PASSED)


def tell_covered(batch: Batch, records: Sequence[Message], buffer: Buffer) -> None:
    """Account for records that are in an object already."""
    if buffer.covered:
        covered = frozenset(buffer.covered)
        buffer.covered.clear()
        for record in records:
            if offset_of(record) in covered:
                batch.tell(record, ALREADY_THERE)
