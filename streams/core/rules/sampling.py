"""Sampling: of many lines alike only some are kept, and each that is kept says how many were not.

``keep_one_in: 100`` goes by a hash of the record's id, so a second pass over the same bytes keeps the same records.
``per_second: 10`` goes by the lines' own times; which lines are the first of a second depends on where reading began.
"""

from __future__ import annotations

from typing import Final

from schemas.settings.rules import SamplingRule
from schemas.severity import minimum_number

REASON: Final = "sampled"
SECONDS_REMEMBERED: Final = 64
"""Streams of one container are some seconds apart at most, if their lines come in another order than their times."""
UNKNOWN_COUNTS_AS: Final = minimum_number("info")


class Sampling:
    """What one source's rule says, and how far it is used up."""

    __slots__ = ("_below", "_kept", "_left_out", "_one_in", "_per_second", "_tells", "rule_id")

    def __init__(self, rule: SamplingRule, rule_id: str = "") -> None:
        self._below = minimum_number(rule.below)
        self._one_in = rule.keep_one_in or 1
        self._per_second = rule.per_second
        self._kept: dict[int, int] = {}
        """Second -> lines kept."""
        self._left_out = 0
        """Since the last record that told of them."""
        self._tells = False
        """Whether the latest line is one of those that are sampled."""
        self.rule_id = rule_id

    def keeps(self, chance: int, second: int, number: int) -> bool:
        """Whether a line is kept: a hash of its record's id, the second (since 1970) of its time, its severity."""
        self._tells = (number or UNKNOWN_COUNTS_AS) < self._below
        if not self._tells:
            return True
        if chance % self._one_in if self._per_second is None else not self._has_room(second):
            self._left_out += 1
            return False
        return True

    def take_suppressed(self) -> int:
        """What the record of the line that was just kept has to tell: how many were left out since another did.

        Always 0 for lines that are not sampled: their number says nothing about the others.
        """
        if not self._tells:
            return 0
        left_out, self._left_out = self._left_out, 0
        return left_out

    def _has_room(self, second: int) -> bool:
        kept = self._kept.get(second)
        if kept is None:
            kept = 0
            if len(self._kept) >= SECONDS_REMEMBERED:
                del self._kept[next(iter(self._kept))]
        assert self._per_second is not None
        if kept >= self._per_second:
            return False
        self._kept[second] = kept + 1
        return True
