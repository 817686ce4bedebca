"""All partitions that are a worker's, and what a commit of one says beside its position."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from streams.assignment import Assignment
from streams.core.spans import Skip, Spans, metadata

Token = TypeVar("Token")


class Assignments(Generic[Token]):
    """Partitions by number, each for one generation of the group."""

    def __init__(self, acknowledge: Callable[[Token], None], skips: Callable[[int], Sequence[Skip]]) -> None:
        """``skips``: what a reader of a partition that begins at its commit must pass over."""
        self._acknowledge = acknowledge
        self._skips = skips
        self._assignments: dict[int, tuple[int, Assignment[Token]]] = {}
        """Partition -> generation and assignment."""
        self._spans: dict[int, Spans] = {}
        """Partition -> those of its latest assignment: Faust may commit when it is revoked already."""
        self._revoked: dict[int, int | None] = {}
        """Partition -> generation in which it was taken from us; a chunk of that one may still have waited for room."""
        self._committed: dict[int, int] = {}
        """Partition -> position that was committed and not looked at yet."""

    def __iter__(self) -> Iterator[tuple[int, Assignment[Token]]]:
        """Partitions that are ours."""
        return iter([(partition, assignment) for partition, (_, assignment) in self._assignments.items()])

    def of(self, partition: int, generation: int) -> Assignment[Token] | None:
        """A partition's; None: it was taken from us in that generation."""
        if self._revoked.get(partition) == generation:
            return None
        known = self._assignments.get(partition)
        if known is None or known[0] != generation:
            if known is not None:
                known[1].revoked = True
            made = Assignment(self._acknowledge, self._skips(partition))
            known = self._assignments[partition] = (generation, made)
            self._spans[partition] = made.spans
        return known[1]

    def revoke(self, partitions: set[int], generation: int | None = None) -> None:
        """Forget partitions; what is in flight for them is not acknowledged any more."""
        for partition in partitions:
            known = self._assignments.pop(partition, None)
            self._revoked[partition] = generation if known is None else known[0]
            if known is not None:
                known[1].revoked = True

    def metadata(self, partition: int, position: int) -> str | None:
        """What to write beside a commit; None: nothing can be committed there. May be called by another thread."""
        spans = self._spans.get(partition)
        if spans is None or position > spans.known_to:
            return None  # of an assignment before this one: what begins before the position is not read again yet
        return metadata(spans.at(position))

    def committed(self, partition: int, position: int) -> None:
        """A position was committed. May be called by another thread."""
        self._committed[partition] = position

    def forget_committed(self) -> None:
        """What lies before the positions that were committed is not asked for again."""
        for partition, position in list(self._committed.items()):
            if partition in self._spans:
                self._spans[partition].forget(position)
            del self._committed[partition]
