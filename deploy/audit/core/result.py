"""What an audit says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final


@dataclass(frozen=True)
class Wish:
    """What is to be audited."""

    since: datetime | None = None
    """Only what the ledger was told since then; without a zone it is UTC. None: all that it has."""
    namespaces: tuple[str, ...] = ()
    """Globs; none: all, and what is of no namespace."""
    verify: bool = False
    """Count in Elasticsearch and in the archives, and compare."""
    hours: bool = False
    """Also by namespace and hour."""

    @property
    def since_secs(self) -> float | None:
        """Seconds since 1970."""
        if self.since is None:
            return None
        return (self.since if self.since.tzinfo else self.since.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True)
class Problem:
    """Something does not balance."""

    kind: str
    """One of `MEANINGS`."""
    where: str
    """File, topic, document range or object."""
    message: str
    remedy: str = ""
    """What to do: a command, where one mends it."""


MEANINGS: Final[Mapping[str, str]] = {
    "unaccounted_bytes": "bytes of a file that no chunk, no loss and no gap explains",
    "skipped_chunk": "a chunk in logs.raw that the stream's group is past and that nobody worked on",
    "unbalanced_chunk": "a chunk whose lines do not add up: a defect of logferry",
    "undecided_offsets": "records that a sink's group is past and of which the sink never said what became of them",
    "expired_records": "the same, and the topic does not have them any more",
    "missing_document": "Elasticsearch lacks documents that its sink indexed",
    "extra_document": "Elasticsearch has more documents of a chunk than it had records",
    "missing_object": "an object of an archive is gone, and no retention removed it",
    "missing_records": "an object, or what its manifest says of it, is not what was written",
    "unreadable_manifest": "a manifest of an archive cannot be read",
    "unreadable_entry": "a record of the ledger that cannot be read",
}


@dataclass(frozen=True)
class Lost:
    """A range that can never come, and why. It is accounted for."""

    path: str
    node: str
    namespace: str
    incarnation: str
    start: int
    end: int
    reason: str
    """removed, truncated, unreadable, too_long; unread: at risk, with a node that has said nothing since."""
    open_end: bool = False
    """More may be missing behind ``end`` than is known."""
    detail: str = ""


@dataclass
class Row:
    """Sums for a namespace, container or node."""

    namespace: str = ""
    """Empty: of no namespace, or of several."""
    pod: str = ""
    container: str = ""
    node: str = ""
    hour: str = ""
    """``2026-11-21T13``; empty: all hours."""
    bytes: int = 0
    """Read, and told by the stream stage; of the journal: entries."""
    lines: int = 0
    routed: dict[str, int] = field(default_factory=dict)
    """Records by topic."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Lines by reason, with who decided: ``severity/annotation``."""
    joined: int = 0
    """Lines that became part of a record which began before them."""
    dead_letters: dict[str, int] = field(default_factory=dict)
    """Lines by reason."""
    sinks: dict[str, dict[str, int]] = field(default_factory=dict)
    """Sink -> outcome (indexed, archived, delivered, already_there, dead_letter/<reason>, bytes …) -> records."""
    pending: dict[str, int] = field(default_factory=dict)
    """Where -> how much: bytes in ``node`` and ``raw``."""
    lost: int = 0
    """Bytes (of the journal: entries)."""

    @property
    def sampled(self) -> int:
        """Lines dropped by sampling."""
        return sum(amount for name, amount in self.dropped.items() if name.split("/")[0] == "sampled")


@dataclass
class Audit:
    """The answer."""

    namespaces: list[Row] = field(default_factory=list)
    containers: list[Row] = field(default_factory=list)
    nodes: list[Row] = field(default_factory=list)
    hours: list[Row] = field(default_factory=list)
    """By namespace and hour, if wished."""
    total: Row = field(default_factory=Row)
    problems: list[Problem] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    at_risk: list[Lost] = field(default_factory=list)
    """Unread ranges whose node says nothing any more."""
    notes: list[str] = field(default_factory=list)
    """What could not be answered, and why; what is imprecise."""
    pending: dict[str, int] = field(default_factory=dict)
    """``node`` bytes, ``raw`` chunks, ``sink/<name>`` records, and ``told`` bytes in logs.raw that are not told yet."""
    verified: dict[str, int] = field(default_factory=dict)
    """Sink -> documents, or objects, that were compared."""
    entries: int = 0
    """Of the ledger, that were read."""

    @property
    def balances(self) -> bool:
        """Nothing is unexplained."""
        return not self.problems

    @property
    def is_settled(self) -> bool:
        """Nothing is on its way."""
        return not any(self.pending.values())
