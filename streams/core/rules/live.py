"""Rules that change while workers run (topic logs.control), ready to stand before those of the settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from schemas.settings.parts import Section

Rule = TypeVar("Rule")


@dataclass(frozen=True, slots=True)
class LiveRule:
    """One rule that is in force."""

    id: str
    kind: str
    """severity, route, sampling, quota or redaction."""
    rule: Section
    """The kind's model in the settings, with the pattern of the rule's `match`."""
    created_at: int = 0
    """Nanoseconds since 1970; of two rules the newer comes first."""
    expires_at: int | None = None
    """Nanoseconds since 1970; None: never."""
    version: int = 1
    """How often the rule of this id has been set."""
    author: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Known(Generic[Rule]):
    """A rule, with its id where it is a live one."""

    rule: Rule
    rule_id: str = ""


def in_order(kind: str, model: type[Rule], live: Iterable[LiveRule], settled: Sequence[Rule]) -> list[Known[Rule]]:
    """All rules of a kind in the order in which they are asked: live ones, newest first, then those of the settings."""
    newest_first = sorted(live, key=lambda each: (-each.created_at, each.id))
    before: list[Known[Rule]] = [
        Known(each.rule, each.id) for each in newest_first if each.kind == kind and isinstance(each.rule, model)
    ]
    return before + [Known(rule) for rule in settled]
