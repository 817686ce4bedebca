r"""Which bytes may stand where at the beginning of a line that a regular expression matches.

``\d\d:x|I1`` begins in two ways: a digit, a digit, a colon, an ``x``; and ``I``, ``1``, anything. That is how lines
are held against sixty formats by looking at a few of their bytes (`streams.core.parsers.detect`).

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


def always_has(pattern: bytes, byte: bytes) -> bool:
    """Whether every match has a byte in it; False where that is not certain at first sight."""
    return any(str(what) == "LITERAL" and argument == byte[0] for what, argument in _parser.parse(pattern, re.DOTALL))


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


def may_begin(pattern: bytes, line: Sets) -> bool:
    """Whether a match may begin with a line's first bytes, of which only sets are known."""
    parsed = _parser.parse(pattern, re.DOTALL)
    walk = _Walk([0] * len(line), line)
    ends = walk.along(parsed, {0}) if line else {0}
    return bool(parsed.state.flags & re.IGNORECASE or ends or walk.has_left)


def _sets(items: _Items, places: int) -> Sets:
    sets = [0] * places
    ends = _Walk(sets, [ANYTHING] * places).along(items, {0})
    for place in range(min(ends, default=places), places):
        sets[place] = ANYTHING
    return sets


class _Walk:
    """Goes through an expression from all places at once where a part of it may begin."""

    def __init__(self, sets: Sets, line: Sets) -> None:
        """``sets`` is filled with what is met; only what may be in ``line`` is gone over."""
        self._sets = sets
        self._line = line
        self.has_left = False
        """It may go on behind the last place."""

    def along(self, items: Iterable[tuple[Any, Any]], starts: set[int]) -> set[int]:
        """The places where it may end; those behind the last one do not count."""
        for what, argument in items:
            starts = self._over(str(what), argument, starts)
        return starts

    def _over(self, what: str, argument: Any, starts: set[int]) -> set[int]:
        if what in _OF_NO_WIDTH:
            return starts
        if what in _REPEATS:
            least, most, items = argument
            return self._repeated(least, most, items, starts)
        parts = _parts(what, argument)
        if parts is not None:
            return set().union(*(self.along(part, starts) for part in parts))
        allowed = _allowed(what, argument)
        return self._anywhere(starts) if allowed is None else self._beyond(starts, allowed)

    def _beyond(self, starts: set[int], allowed: int) -> set[int]:
        ends = set()
        for start in starts:
            self._sets[start] |= allowed
            if allowed & self._line[start]:
                ends.add(start + 1)
        self.has_left |= len(self._line) in ends
        return ends - {len(self._line)}

    def _anywhere(self, starts: set[int]) -> set[int]:
        """Behind something that is not understood."""
        behind = range(min(starts, default=len(self._sets)), len(self._sets))
        for place in behind:
            self._sets[place] = ANYTHING
        return set(behind)

    def _repeated(self, least: int, most: int, items: _Items, starts: set[int]) -> set[int]:
        ends = set(starts) if least == 0 else set()
        for count in range(1, min(most, len(self._sets)) + 1):
            starts = self.along(items, starts)
            if not starts:
                break
            if count >= least:
                ends |= starts
        return ends


def _parts(what: str, argument: Any) -> list[_Items] | None:
    """The expressions of which one stands here; None: it is not made of others, or with flags of its own."""
    match what:
        case "BRANCH":
            return list(argument[1])
        case "ATOMIC_GROUP":
            return [argument]
        case "SUBPATTERN" if not argument[1]:
            return [argument[3]]
        case _:
            return None


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
