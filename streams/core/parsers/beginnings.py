"""Which bytes may stand where at the beginning of a line that a regular expression matches.

``\\d\\d:x|I1`` begins in two ways: a digit, a digit, a colon, an ``x``; and ``I``, ``1``, anything. That is how lines are
held against sixty formats by looking at a few of their bytes (`streams.core.parsers.detect`).

Sets are bits: bit 65 is set where ``A`` may stand. They may be too large where an expression says more than sets can
(which byte goes with which), never too small: what is not understood (references, flags within) may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from re import _parser  # type: ignore[attr-defined]  # the only one who knows how an expression is understood
from typing import Any, Final

Sets = list[int]
"""The bytes that may stand at each place, from the first."""

ANYTHING: Final = (1 << 256) - 1
WAYS_MAX: Final = 16
"""An expression that begins in more ways than these is looked at as if it had fewer."""

_CATEGORIES: Final = {
    f"CATEGORY_{sign}{name}": sum(1 << byte for byte in range(256) if re.match(rb"\%b" % letter, bytes((byte,))))
    for name, pair in (("DIGIT", b"dD"), ("SPACE", b"sS"), ("WORD", b"wW"))
    for sign, letter in (("", pair[:1]), ("NOT_", pair[1:]))
}
_OF_NO_WIDTH: Final = frozenset({"AT", "ASSERT", "ASSERT_NOT"})
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})

_Items = Sequence[tuple[Any, Any]]
"""An expression as Python's parser has it: what, and its arguments."""


def beginnings(pattern: bytes, places: int) -> list[Sets]:
    """The ways in which a match may begin. ``.`` is any byte; behind the end of a match anything may stand."""
    parsed = _parser.parse(pattern, re.DOTALL)
    if parsed.state.flags & re.IGNORECASE:
        return [[ANYTHING] * places]
    return [_sets(way, places) for way in _ways(list(parsed), WAYS_MAX)]


def _ways(items: _Items, most: int) -> list[_Items]:
    """An expression without its first branches and options: each way through them on its own, ``most`` of them."""
    ways: list[_Items] = [()]
    for place, item in enumerate(items):
        branches = _branches(*item)
        share = most // (len(ways) * len(branches))
        if not share:
            return [(*way, *items[place:]) for way in ways]
        choices = [
            choice for branch in branches for choice in (_ways(branch, share) if len(branches) > 1 else [branch])
        ]
        ways = [(*way, *choice) for way in ways for choice in choices]
    return ways


def _branches(what: Any, argument: Any) -> list[_Items]:
    if str(what) == "BRANCH":
        return [list(branch) for branch in argument[1]]
    if str(what) in _REPEATS and tuple(argument[:2]) == (0, 1):
        return [(), list(argument[2])]
    return [((what, argument),)]


def _sets(items: _Items, places: int) -> Sets:
    sets = [0] * places
    ends = _Walk(sets).along(items, {0})
    for place in range(min(ends, default=places), places):
        sets[place] = ANYTHING
    return sets


class _Walk:
    """Goes through an expression from all places at once where a part of it may begin."""

    def __init__(self, sets: Sets) -> None:
        self._sets = sets

    def along(self, items: Iterable[tuple[Any, Any]], starts: set[int]) -> set[int]:
        """The places where it may end; those behind the last one do not count."""
        for what, argument in items:
            starts = self._over(str(what), argument, starts)
        return starts

    def _over(self, what: str, argument: Any, starts: set[int]) -> set[int]:
        if what in _OF_NO_WIDTH:
            return starts
        if what == "BRANCH":
            return set().union(*(self.along(branch, starts) for branch in argument[1]))
        if what in _REPEATS:
            return self._repeated(*argument, starts)
        if what == "ATOMIC_GROUP":
            return self.along(argument, starts)
        if what == "SUBPATTERN" and not argument[1] & re.IGNORECASE:
            return self.along(argument[3], starts)
        allowed = _allowed(what, argument)
        if allowed is None:  # of any width
            return set(range(min(starts, default=len(self._sets)), len(self._sets)))
        for start in starts:
            self._sets[start] |= allowed
        return {start + 1 for start in starts if start + 1 < len(self._sets)}

    def _repeated(self, least: int, most: int, items: _Items, starts: set[int]) -> set[int]:
        ends = set(starts) if least == 0 else set()
        for count in range(1, min(most, len(self._sets)) + 1):
            starts = self.along(items, starts)
            if count >= least:
                ends |= starts
        return ends


def _allowed(what: str, argument: Any) -> int | None:
    """The bytes that one byte's worth of an expression matches; None: it is not of one byte, or not understood."""
    match what:
        case "LITERAL":
            return 1 << int(argument)
        case "NOT_LITERAL":
            return ANYTHING ^ (1 << int(argument))
        case "ANY":
            return ANYTHING
        case "IN":
            return _union(argument)
        case _:
            return None


def _union(members: Iterable[tuple[Any, Any]]) -> int:
    found, negated = 0, False
    for what, argument in members:
        match str(what):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found |= 1 << argument
            case "RANGE":
                found |= sum(1 << byte for byte in range(argument[0], argument[1] + 1))
            case _:
                found |= _CATEGORIES[str(argument)]
    return ANYTHING ^ found if negated else found
