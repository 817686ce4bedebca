"""What happens to the lines of one source, decided once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from schemas.settings.multiline import MultilineMode, MultilineRule
from streams.core.rules.quota import Quota
from streams.core.rules.routes import NO_WAY, Destinations, Routing, Step, Way, steps_at
from streams.core.rules.sampling import Sampling
from streams.core.rules.severity import REASON as BELOW_MINIMUM
from streams.core.rules.severity import Gate

SEVERITIES: Final = 25
"""Numbers 0 (unknown) to 24."""

UNMATCHED: Final = "unmatched"
EXCLUDED: Final = "excluded"

Reasons = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to the lines of one source."""

    topics: tuple[Destinations, ...]
    """By severity number the topics of a record; none: it is dropped. With `conditional` those that it may come to."""
    drop_reasons: Reasons
    """By severity number why a record is dropped, if it is: severity, unmatched, excluded; empty: it never is."""
    drop_details: Reasons
    """The same for the ledger, with what decided: ``severity/<id of a live rule>``, ``severity/annotation``."""
    namespace: str = ""
    minimum: int = 0
    """The lowest severity that passes; unknown severity always does."""
    conditional: Routing | None = None
    """Where the destinations depend on attributes: to be asked for each record that `topics` lets pass."""
    json_topics: frozenset[str] = frozenset()
    """Those of the topics whose values are JSON documents."""
    on_demand: frozenset[str] = frozenset()
    """Those of the topics that nobody has made beforehand: named by fields, or by a live rule."""
    sampling: Sampling | None = None
    quota: Quota | None = None
    redaction_rules: tuple[Any, ...] = ()
    transform_rules: tuple[Any, ...] = ()
    multiline_rule: MultilineRule | None = None
    """The rule of the settings that says how lines are joined, unless the annotation did."""
    parser: str | None = None
    """Name of the parser that somebody chose; None: formats are detected."""
    multiline: MultilineMode | None = None
    """How lines are joined, as somebody chose; None: as the default is."""
    problems: tuple[str, ...] = ()
    """What the annotations of the pod ask for and nobody understands."""

    def is_below_minimum(self, number: int) -> bool:
        """Whether a severity is too low, whatever the routes are."""
        return 0 < number < self.minimum


@dataclass(frozen=True, slots=True)
class Tables:
    """The part of a plan that is the same for many sources."""

    topics: tuple[Destinations, ...]
    drop_reasons: Reasons
    drop_details: Reasons
    minimum: int
    conditional: Routing | None
    json_topics: frozenset[str]
    on_demand: frozenset[str]


def excluded() -> Tables:
    """Nothing is kept."""
    reasons = (EXCLUDED,) * SEVERITIES
    return Tables(((),) * SEVERITIES, reasons, reasons, 0, None, frozenset(), frozenset())


def tables(gate: Gate, steps: Sequence[Step], unmatched: Destinations, made_beforehand: frozenset[str]) -> Tables:
    """Topics and reasons by severity, for a source's gate and the routes that are for it."""
    topics: list[Destinations] = []
    reasons: list[str] = []
    ways: list[Way] = []
    for start, end in pairwise(_bounds(gate, steps)):
        passes = start == 0 or start >= gate.minimum
        way = Way(steps_at(steps, start), unmatched) if passes else NO_WAY
        reason = BELOW_MINIMUM if not passes else "" if way.takes_all else UNMATCHED
        topics += [way.reachable] * (end - start)
        reasons += [reason] * (end - start)
        ways += [way] * (end - start)
    depends = any(step.condition is not None for way in ways for step in way.steps)
    every = frozenset(topic for found in topics for topic in found)
    return Tables(
        tuple(topics),
        tuple(reasons),
        _with_ids(reasons, gate),
        gate.minimum,
        Routing(tuple(ways)) if depends else None,
        frozenset(step.topic for step in steps if step.is_json) & every,
        every - made_beforehand,
    )


def _bounds(gate: Gate, steps: Sequence[Step]) -> list[int]:
    """Numbers at which something may change, and the end."""
    inner = {0, 1, gate.minimum, *(step.minimum for step in steps), *(step.maximum + 1 for step in steps)}
    return [*sorted(number for number in inner if number < SEVERITIES), SEVERITIES]


def _with_ids(reasons: list[str], gate: Gate) -> Reasons:
    full: Mapping[str, str] = {BELOW_MINIMUM: f"{BELOW_MINIMUM}/{gate.rule_id}"} if gate.rule_id else {}
    return tuple(full.get(reason, reason) for reason in reasons)
