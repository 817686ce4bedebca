"""What of a request is not decided yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic

from sinks.destination import Piece
from sinks.verdict import Done, Retry, Verdict

if TYPE_CHECKING:
    from confluent_kafka import Message


class Left(Generic[Piece]):
    """What of a request is not decided yet."""

    def __init__(
        self, records: list[Message], pieces: list[Piece], outcomes: list[tuple[Message, str]] | None = None
    ) -> None:
        """``outcomes`` gets records that are decided otherwise than usual."""
        self.records = records
        self.pieces = list(pieces)
        self.outcomes = [] if outcomes is None else outcomes
        self.last: Retry | None = None
        """Why the rest waits."""
        self._refused: dict[int, str] = {}
        """Place of a piece in its second shape -> why its first was refused."""

    def take_safer(self, index: int, safer: Callable[[Piece, str], Piece | None], reason: str) -> bool:
        """Put another shape in the place of a refused piece; False when there is none, or it was tried."""
        if index in self._refused:
            return False
        piece = safer(self.pieces[index], reason)
        if piece is None:
            return False
        self.pieces[index] = piece
        self._refused[index] = reason
        return True

    def tell_done(self, answers: list[Verdict], usual: Done) -> None:
        """Some records are where they belong, though not in the usual way."""
        for record, answer in zip(self.records, answers, strict=True):
            if isinstance(answer, Done) and answer is not usual:
                self.outcomes.append((record, answer.value))

    def reason(self, index: int, reason: str) -> str:
        """Why a piece was refused: its first shape counts, since the second is not what somebody sent."""
        return self._refused.get(index, reason)

    def keep(self, indices: list[int]) -> None:
        """Only these pieces are left."""
        self._refused = {new: self._refused[old] for new, old in enumerate(indices) if old in self._refused}
        self.records = [self.records[index] for index in indices]
        self.pieces = [self.pieces[index] for index in indices]
