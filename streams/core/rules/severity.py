"""Minimum severities: below them a line is dropped before anything is made of it.

A live rule that fits decides, else the pod's annotation, else the settings; of each list the first that fits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.settings.rules import SeverityRule
from schemas.severity import minimum_number, severity_number
from streams.core.rules.facts import Facts, Selector, selector
from streams.core.rules.live import Known

REASON: Final = "severity"


class Gate(NamedTuple):
    """The lowest severity that passes; unknown severity always does."""

    minimum: int
    rule_id: str
    """Which live rule set it, ``annotation``, or empty: the settings."""


OPEN: Final = Gate(0, "")


class Gates:
    """The rules about severity, compiled."""

    def __init__(self, rules: Iterable[Known[SeverityRule]]) -> None:
        compiled = [(selector(known.rule), Gate(minimum_number(known.rule.minimum), known.rule_id)) for known in rules]
        self._live = [each for each in compiled if each[1].rule_id]
        self._settled = [each for each in compiled if not each[1].rule_id]

    def of(self, facts: Facts, annotation: str | None) -> Gate:
        """The gate of a source; ``annotation`` is a severity that its pod asks for."""
        live = _first(self._live, facts)
        if live is not None:
            return live
        if annotation is not None:
            return Gate(severity_number(annotation), "annotation")
        return _first(self._settled, facts) or OPEN


def _first(gates: list[tuple[Selector, Gate]], facts: Facts) -> Gate | None:
    return next((gate for is_for, gate in gates if is_for(facts)), None)
