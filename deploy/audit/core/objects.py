"""Objects of an archive, as the ledger tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

DELETED = "deleted/retention"


class ObjectTold(NamedTuple):
    """One object."""

    topic: str
    partition: int
    start: int
    """First offset."""
    end: int
    """Behind the last one."""
    records: int
    bytes: int
    deleted_at: int
    """When retention removed it, nanoseconds since 1970; 0: never."""
    written_at: int
    """When it was written last; 0: nobody said so."""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        """By one entry."""
        outcomes, at = entry["outcomes"], entry["written_at"]
        gone = DELETED in outcomes
        return cls(
            entry["topic"] or "",
            entry["partition"] or 0,
            entry["start"],
            entry["end"],
            outcomes.get("archived", entry["lines"]),
            outcomes.get("bytes", 0),
            at if gone else 0,
            0 if gone else at,
        )

    def merged(self, other: Self) -> Self:
        """By two entries: what reaches farther counts, as in manifests. The order is no matter."""
        best = max((self, other), key=lambda each: (each.written_at > 0, each.end, each.records, each.bytes, each))
        return best._replace(
            deleted_at=max(self.deleted_at, other.deleted_at), written_at=max(self.written_at, other.written_at)
        )

    @property
    def is_deleted(self) -> bool:
        """Whether retention removed it, and it did not come back since."""
        return self.deleted_at > self.written_at
