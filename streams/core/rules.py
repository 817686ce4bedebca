"""What the settings say about a tag: which topics a record of each severity goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.patterns import Patterns, compile_patterns
from schemas.severity import minimum_number

if TYPE_CHECKING:
    from schemas.settings import Route, SeverityRule

SEVERITIES: Final = 25
"""Numbers 0 (unknown) to 24."""
TAGS_REMEMBERED: Final = 50_000

Destinations = tuple[str, ...]
"""Topics of a record; none: it is dropped."""


@dataclass(frozen=True)
class TagRules:
    """What happens to the records of one tag, by severity number."""

    topics: tuple[Destinations, ...]
    drop_reasons: tuple[str, ...]
    """Why a record of that severity is dropped, where it is."""


class Rules:
    """The rules of the settings, compiled; the answer for a tag is remembered."""

    def __init__(self, severity: Sequence[SeverityRule], routes: Sequence[Route], unmatched: str) -> None:
        self._gates = [(compile_patterns(rule.match), minimum_number(rule.minimum)) for rule in severity]
        self._routes = [
            _CompiledRoute(compile_patterns(rule.match), _minimum(rule), rule.topic, rule.copies) for rule in routes
        ]
        self._unmatched: Destinations = () if unmatched == "drop" else (unmatched,)
        self._known: dict[str, TagRules] = {}

    def of(self, tag: str) -> TagRules:
        """What happens to the records of a tag."""
        known = self._known.get(tag)
        if known is None:
            if len(self._known) >= TAGS_REMEMBERED:
                self._known.clear()
            known = self._known[tag] = self._compile(tag)
        return known

    def _compile(self, tag: str) -> TagRules:
        minimum = next((number for patterns, number in self._gates if patterns.matches(tag)), 0)
        routes = [route for route in self._routes if route.patterns.matches(tag)]
        topics, reasons = [], []
        for number in range(SEVERITIES):
            passes = number == 0 or number >= minimum
            found = _destinations(routes, number) or self._unmatched
            topics.append(found if passes else ())
            reasons.append("" if passes and found else "unmatched" if passes else "severity")
        return TagRules(tuple(topics), tuple(reasons))


@dataclass(frozen=True)
class _CompiledRoute:
    patterns: Patterns
    minimum: int
    topic: str
    copies: bool


def _minimum(rule: Route) -> int:
    return 0 if rule.minimum is None else minimum_number(rule.minimum)


def _destinations(routes: Sequence[_CompiledRoute], number: int) -> Destinations:
    """The first route that takes the severity wins; one that copies lets the search go on."""
    found: dict[str, None] = {}
    for route in routes:
        if number >= route.minimum:
            found[route.topic] = None
            if not route.copies:
                break
    return tuple(found)
