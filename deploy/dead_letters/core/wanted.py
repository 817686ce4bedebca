"""Which letters somebody means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from deploy.dead_letters.core.letter import Letter
from deploy.dead_letters.core.origin import Origin


@dataclass(frozen=True)
class Wanted:
    """Conditions that all have to hold; what is left out holds for every letter. Names may have stars."""

    since: int | None = None
    """Nanoseconds since 1970; by the time at which it failed."""
    until: int | None = None
    stage: str | None = None
    reason: str | None = None
    topic: str | None = None
    """Topic that the bytes were read from."""
    source: str | None = None
    """Source id."""
    namespace: str | None = None
    """Of a record that a sink refused; letters of streams do not tell theirs."""

    def takes(self, letter: Letter, origin_of: Callable[[Letter], Origin]) -> bool:
        """Whether a letter is meant. Its origin is asked for only where it matters."""
        fields = letter.fields
        if not self._is_time(fields["failed_at"]):
            return False
        told = ((self.stage, fields["stage"]), (self.reason, fields["reason"]), (self.topic, fields["topic"]))
        if any(pattern is not None and not fnmatchcase(value, pattern) for pattern, value in told):
            return False
        return (self.source is None and self.namespace is None) or self._is_place(origin_of(letter))

    def _is_time(self, failed_at: int) -> bool:
        return (self.since is None or failed_at >= self.since) and (self.until is None or failed_at < self.until)

    def _is_place(self, origin: Origin) -> bool:
        told = ((self.source, origin.source_id), (self.namespace, origin.namespace))
        return all(pattern is None or fnmatchcase(value or "", pattern) for pattern, value in told)
