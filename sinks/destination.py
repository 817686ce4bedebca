"""What a destination has to say about itself; `sinks.delivery` does the rest, for all of them alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from confluent_kafka import Message

from schemas.codec import Undecodable
from sinks.verdict import Done, Verdict

Piece = TypeVar("Piece")
"""What a destination makes of one record: a line, a document, an entry."""


@dataclass
class Built(Generic[Piece]):
    """What became of records."""

    records: list[Message] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    """One for each record."""
    sizes: list[int] = field(default_factory=list)
    """Bytes that each takes in a request."""
    rejected: list[tuple[Message, Undecodable]] = field(default_factory=list)
    """Those that cannot be read, for the dead letters."""


class Destination(ABC, Generic[Piece]):
    """Where a sink's records go."""

    usual: ClassVar[Done] = Done.DELIVERED
    """What becomes of nearly all records; the others are accounted for one by one."""
    count: Callable[..., None] = staticmethod(lambda *_: None)
    """Adds to a metric: its name, an amount, and what labels it has beside the sink."""

    def prepare(self) -> None:
        """Make ready, before anything is read. Raises TemporaryError to be asked again, others to end the process."""

    @abstractmethod
    def build(self, records: Sequence[Message]) -> Built[Piece]:
        """Make a piece of each record, in the reading thread. Never raises on input."""

    @abstractmethod
    def send(self, pieces: Sequence[Piece]) -> list[Verdict]:
        """The verdict on each piece; several threads call at once. Never raises on an answer or on none."""

    def safer(self, _piece: Piece, _reason: str) -> Piece | None:
        """Another shape of a piece that was refused, which is sent once before the record is given up; None: none."""
        return None

    def close(self) -> None:
        """Let go of connections."""
