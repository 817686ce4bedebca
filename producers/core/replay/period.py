"""Which chunks a replay is about: a period of the times at which they were read on their nodes, and patterns of tags.

What begins in a chunk of the period is wanted. The chunks around it are sent along as context, because a record may
begin before the period and end in it, or begin in it and end behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.patterns import Patterns
from schemas.replay import CONTEXT, RECORD
from schemas.tags import tag_of

NO_NAMESPACE: Final = "_none"
"""Folder of what comes from no pod, in an archive."""
HOUR: Final = 3_600_000_000_000
_SPECIAL: Final = frozenset("*{}\\")


@dataclass(frozen=True, slots=True)
class Period:
    """Times in nanoseconds since 1970: from ``since`` on, before ``until``."""

    since: int
    until: int
    context: int
    """So long before and behind it chunks are context."""

    def role_of(self, observed: int) -> str | None:
        """Role (`schemas.replay`) of a chunk that was read then; None: it is not needed."""
        if self.since <= observed < self.until:
            return RECORD
        return CONTEXT if self.begin <= observed < self.end else None

    @property
    def begin(self) -> int:
        """Of the context before it."""
        return self.since - self.context

    @property
    def end(self) -> int:
        """Of the context behind it."""
        return self.until + self.context

    def hours(self) -> range:
        """Hours since 1970 that it touches, its context included."""
        return range(self.begin // HOUR, (max(self.begin, self.end - 1)) // HOUR + 1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A period and patterns of tags."""

    period: Period
    match: Patterns

    def role_of(self, chunk: Mapping[str, Any]) -> str | None:
        """Role of a chunk; None: it is not needed."""
        role = self.period.role_of(chunk["observed_timestamp"])
        return role if role and self.match.matches(tag_of(chunk["source"], chunk["path"])) else None


def namespaces_of(patterns: str) -> frozenset[str] | None:
    """Folders of an archive in which chunks of such tags lie; None: in any. ``kube.shop.**`` -> shop and _none."""
    found = {NO_NAMESPACE}
    for word in patterns.split():
        parts = word.split(".")
        if len(parts) < 3 or parts[0] != "kube" or _SPECIAL & set(parts[1]):
            return None
        found.add(parts[1])
    return frozenset(found)
