"""A chunk on its way through the stage, and what comes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from streams.core.framing import Framing
from streams.core.framing.attributes import Attributes
from streams.core.treatment import SEVERITIES, Treatment


class Origin(NamedTuple):
    """What all records of one origin have in common."""

    prefix: bytes
    """Header and encoded resource: what every Avro record begins with."""
    shared: bytes
    """The same for records in JSON (`schemas.document.shared_part`); empty where none are wanted."""
    treatment: Treatment
    resolved: bool
    """Its pod is known, or it is of none."""


@dataclass(eq=False, slots=True)
class Work:
    """One chunk on its way; it may be acknowledged when nothing is outstanding. Never holds the payload."""

    partition: int
    offset: int
    key: str
    source: Mapping[str, Any]
    """As in its RawChunk, for its account."""
    path: str
    incarnation: bytes
    observed_timestamp: int
    origin: Origin
    framing: Framing | None
    """None: nobody can read it."""
    attributes: Attributes | None
    """What every record of the chunk has among its attributes."""
    done: Callable[[Work], None]
    """To be called when nothing is outstanding any more."""
    outstanding: int = 1
    """Values to be delivered, unfinished lines that began here, and one for the processing itself."""
    start: int = 0
    """First byte that was not seen before."""
    end: int = 0
    ended: bool = False
    lines: int = 0
    """Lines that begin in it."""
    routed: int = 0
    """Lines that became a record some topic took."""
    dropped: list[int] = field(default_factory=lambda: [0] * SEVERITIES)
    """Lines dropped, by severity number; not yet among the outcomes."""
    kept: list[Work] = field(default_factory=list)
    """Chunks that are not acknowledged before this one."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """As in a LedgerEntry."""
    run: str = ""
    """The replay it belongs to; empty: it is a live one."""
    is_context: bool = False
    """Nobody wants what begins in it: it is there for what goes on in other chunks."""

    def keep(self, earlier: Work) -> None:
        """A chunk of the same source is not acknowledged before this one: whoever reads this one needs it."""
        if earlier is not self:
            earlier.outstanding += 1
            self.kept.append(earlier)

    def release(self) -> None:
        """One thing less to wait for."""
        self.outstanding -= 1
        if not self.outstanding:
            self.done(self)

    def acknowledged(self) -> None:
        """Those that it kept need not wait any longer."""
        while self.kept:
            self.kept.pop().release()

    def account(self) -> dict[str, int]:
        """What became of its lines: their number is the sum of routed, joined, dropped/* and dead_letter/*."""
        found = {name: amount for name, amount in self.outcomes.items() if amount}
        return found | {"routed": self.routed} if self.routed else found


class Document(NamedTuple):
    """A record in JSON: the document as Elasticsearch takes it, and where it belongs there."""

    value: bytes
    headers: list[tuple[str, bytes]]


class Batch:
    """Values for one topic, in order, and how many of them are of which chunk."""

    __slots__ = ("_counted", "last", "segments", "values", "works")

    def __init__(self) -> None:
        self.values: list[bytes | Document] = []
        self.works: dict[Work, int] = {}
        self.segments: list[tuple[Work, int]] = []
        """Of which chunk so many values are that stand one behind the other."""
        self.last: Work | None = None
        """The chunk that the latest values are of; they are counted when another one's follow."""
        self._counted = 0

    def count(self) -> None:
        """Count the values that came since, for the chunk that they are of."""
        if self.last is not None and len(self.values) > self._counted:
            self.works[self.last] = self.works.get(self.last, 0) + len(self.values) - self._counted
            self.segments.append((self.last, len(self.values) - self._counted))
            self._counted = len(self.values)


Counts = Counter[tuple[str, ...]]
"""Metric name without ``logferry_stream_``, and its labels -> amount."""


class Span(NamedTuple):
    """A record that began in one chunk of its source and ended in a later one.

    Whoever begins to read between the two must pass over the lines of its stream up to its end.
    """

    first: int
    """Kafka offset of the chunk it began in."""
    last: int | None
    """Kafka offset of the chunk it ended in; None: of the next one of its source, whichever that will be."""
    stream: bytes
    incarnation: bytes
    """Life in which it ended."""
    end: int
    """Lines of the stream that begin before this position belong to it or to earlier records."""
    given_up: bool = False
    """Its rest had not come: whatever comes now is read as lines of their own."""


@dataclass(frozen=True)
class JoinLimits:
    """When a record is cut, and when its rest is not waited for any longer."""

    record_max_bytes: int
    timeout_secs: float


@dataclass
class Result:
    """What became of some bytes."""

    batches: dict[str, Batch] = field(default_factory=dict)
    """By topic."""
    counts: Counts = field(default_factory=Counter)
    spans: list[Span] = field(default_factory=list)
