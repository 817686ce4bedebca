"""Live rules: those of `logs.control` that are in force, newest first.

A rule is in force from its last record until it expires, is replaced by a record of the same id, or is removed by a
tombstone. A record that cannot be used removes what it was to replace: somebody wanted another rule, and going on with
the old one would look as if they had got it.

A record whose expiry is not after its creation is a withdrawal: it says who removed the rule and why, and holds
whatever a worker's clock says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.settings.live import check_rule, stored_rule
from schemas.settings.source import Finding
from streams.core.rules.live import LiveRule

if TYPE_CHECKING:
    from schemas.settings import Settings


@dataclass(frozen=True)
class Unusable:
    """A record that is no rule: bad input as a value."""

    id: str
    problem: str


def is_over(created_at: int, expires_at: int | None, now: int) -> bool:
    """Whether a rule has expired or was withdrawn; times are nanoseconds since 1970."""
    return expires_at is not None and (expires_at <= now or expires_at <= created_at)


def read_rule(key: str, value: Mapping[str, Any], settings: Settings) -> LiveRule | Unusable:
    """A decoded record of `logs.control` as a rule that fits the settings, or why it is none. Never raises on input."""
    if value["id"] != key:
        return Unusable(key, f"its key is not its id, {value['id']!r}")
    kind = value["kind"]
    data = stored_rule(kind, value["match"], value["settings"])
    checked = (data,) if isinstance(data, Finding) else check_rule(kind, data, settings, f"{kind} rule")
    if isinstance(checked, tuple):
        return Unusable(key, "; ".join(map(str, checked)))
    told = {name: value[name] for name in ("created_at", "expires_at", "version", "author", "reason")}
    return LiveRule(key, kind, checked, **told)


class LiveRules:
    """The rules in force."""

    def __init__(self) -> None:
        self._rules: dict[str, LiveRule] = {}
        self._ordered: tuple[LiveRule, ...] | None = ()

    @property
    def newest_first(self) -> tuple[LiveRule, ...]:
        """All of them, the one that was set last first; the same object as long as nothing changes."""
        if self._ordered is None:
            self._ordered = tuple(sorted(self._rules.values(), key=lambda rule: (-rule.created_at, rule.id)))
        return self._ordered

    def put(self, rule: LiveRule) -> None:
        """A rule was set; it replaces the one of the same id."""
        self._rules[rule.id] = rule
        self._ordered = None

    def remove(self, rule_id: str) -> bool:
        """A rule was removed; whether it was there."""
        if self._rules.pop(rule_id, None) is None:
            return False
        self._ordered = None
        return True

    def expire(self, now: int) -> tuple[LiveRule, ...]:
        """Drop what is over; returns it. ``now``: nanoseconds since 1970."""
        over = tuple(rule for rule in self.newest_first if is_over(rule.created_at, rule.expires_at, now))
        for rule in over:
            del self._rules[rule.id]
        if over:
            self._ordered = None
        return over
