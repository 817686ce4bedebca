r"""Match patterns over tags: fluentd's language, as `routes`, `severity` and live rules use it.

A tag is parts joined by dots: ``kube.shop.cart-7d9f.app``. In a pattern

=================  ==================================================================  =============================
``*``              any text inside one part                                            ``a.*`` : ``a.b``, not ``a``
``**``             zero or more parts                                                  ``a.**`` : ``a``, ``a.b.c``
``{x,y}``          either; both may be patterns, with braces of their own              ``a.{b,c.**}``
``p q``            several patterns separated by whitespace: any of them               ``a.** b.**``
``\c``             the character c itself                                              ``a\*``
=================  ==================================================================  =============================

The meaning is that of fluentd's ``lib/fluent/match.rb`` (``GlobMatchPattern``), corners included: ``a**`` crosses dots,
a dot before braces always counts (``a.{**}`` does not match ``a``), and a dot at the very end counts for nothing.
Out: ``/regex/`` and ``#{…}``, because a rule must never cost more than its length times the tag's; and unbalanced
braces, which fluentd accepts and nobody means.

Matching follows the set of all positions that a step can end at, so no pattern and no tag makes it backtrack: the time
grows with pattern length times tag length. A regular expression would need tag length to the power of the wildcards.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from schemas.errors import SettingsError

Positions: TypeAlias = frozenset[int]
Step: TypeAlias = Callable[[str, Positions], Positions]
"""From the positions in a tag where a step may begin to those where it may end."""

NOWHERE: Final[Positions] = frozenset()


class PatternError(SettingsError):
    """A match pattern that cannot be read."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """One or several patterns, compiled by `compile_patterns`."""

    text: str
    _branches: tuple[tuple[str, tuple[Step, ...]], ...] = field(repr=False, compare=False)
    """Each pattern's text before its first wildcard, which decides most questions, and its other steps."""

    def matches(self, tag: str) -> bool:
        """Whether any of the patterns describes the whole tag."""
        for beginning, steps in self._branches:
            if tag.startswith(beginning) and len(tag) in _walk(steps, tag, frozenset((len(beginning),))):
                return True
        return False

    @property
    def match_everything(self) -> bool:
        """Whether one of the patterns is plain ``**``, so that nothing is left for the rules behind."""
        return "**" in self.text.split()


def compile_patterns(text: str) -> Patterns:
    """Compile whitespace-separated patterns; raises `PatternError` with what is wrong and what was probably meant."""
    words = text.split()
    if not words:
        raise PatternError("the pattern is empty", remedy='write "**" to match every tag')
    return Patterns(text, tuple(_compile(word) for word in words))


def _walk(steps: tuple[Step, ...], tag: str, positions: Positions) -> Positions:
    for step in steps:
        if not positions:
            break
        positions = step(tag, positions)
    return positions


# -- steps ---------------------------------------------------------------------------------------------------------


def _literal(text: str) -> Step:
    size = len(text)
    return lambda tag, starts: frozenset(start + size for start in starts if tag.startswith(text, start))


def _part(tag: str, starts: Positions) -> Positions:
    """``*``: up to the next dot. Starts of one part share their ends, so each position is visited once."""
    ends: set[int] = set()
    for start in sorted(starts):
        if start not in ends:
            dot = tag.find(".", start)
            ends.update(range(start, (len(tag) if dot < 0 else dot) + 1))
    return frozenset(ends)


def _rest(tag: str, starts: Positions) -> Positions:
    """``**`` with nothing behind it: anything."""
    return frozenset(range(min(starts), len(tag) + 1))


def _parts_and_dot(tag: str, starts: Positions) -> Positions:
    """``**.``: any parts with their dots, or nothing at the beginning of the tag."""
    first = min(starts)
    after_dots = frozenset(position + 1 for position in range(first, len(tag)) if tag[position] == ".")
    return after_dots | {0} if first == 0 else after_dots


def _part_ends(tag: str, starts: Positions) -> Positions:
    """Match the dot before ``**``: it is optional, but the part before it must end here."""
    return frozenset(start for start in starts if start == len(tag) or tag[start] == ".")


def _either(branches: tuple[tuple[Step, ...], ...]) -> Step:
    return lambda tag, starts: NOWHERE.union(*(_walk(branch, tag, starts) for branch in branches))


# -- reading -------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads one pattern from left to right; `at` is the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def sequence(self, *, inside: bool) -> tuple[str, tuple[Step, ...]]:
        """Read up to the end, or up to the comma or brace that ends an alternative.

        Returns the text before the first wildcard, and the steps behind it.
        """
        beginning, steps = self._literals(inside=inside), list[Step]()
        while not self._is_over(inside=inside):
            steps.append(self._wildcard())
            text = self._literals(inside=inside)
            if text:
                steps.append(_literal(text))
        return beginning, tuple(steps)

    def _is_over(self, *, inside: bool) -> bool:
        return self.at >= len(self.text) or (inside and self.text[self.at] in ",}")

    def _literals(self, *, inside: bool) -> str:
        """Read up to the next wildcard."""
        found: list[str] = []
        while not self._is_over(inside=inside) and not self.text.startswith(("*", "{", ".**"), self.at):
            if self.text[self.at :] == ".":  # at the very end it counts for nothing
                self.at += 1
            else:
                found.append(self._character())
        return "".join(found)

    def _wildcard(self) -> Step:
        if self.text.startswith("{", self.at):
            return self._alternatives()
        if self.text.startswith("**", self.at):
            return self._stars()
        dot = self.text[self.at] == "."
        self.at += 1
        return _part_ends if dot else _part

    def _stars(self) -> Step:
        dotted = self.text.startswith(".", self.at + 2)
        self.at += 3 if dotted else 2
        return _parts_and_dot if dotted else _rest

    def _alternatives(self) -> Step:
        opened = self.at
        branches: list[tuple[Step, ...]] = []
        while self.at == opened or self.text[self.at : self.at + 1] == ",":
            self.at += 1
            beginning, steps = self.sequence(inside=True)
            branches.append((_literal(beginning), *steps))
        if self.at >= len(self.text):
            raise PatternError(
                f"the brace at character {opened + 1} of {self.text!r} is never closed",
                remedy="close it with }, and leave out spaces inside braces: {a,b}",
            )
        self.at += 1
        return _either(tuple(branches))

    def _character(self) -> str:
        character = self.text[self.at]
        if character == "}":
            raise PatternError(f"{self.text!r} closes a brace that was never opened", remedy="write {a,b}")
        if character == "\\":
            self.at += 1
            character = self.text[self.at : self.at + 1]
        self.at += 1
        return character


def _compile(word: str) -> tuple[str, tuple[Step, ...]]:
    if len(word) > 1 and word.startswith("/") and word.endswith("/"):
        raise PatternError(
            f"{word!r} is a regular expression, and fluentd's /regex/ patterns are not supported",
            remedy="write it with *, ** and {a,b}; several patterns may stand in one match, separated by spaces",
        )
    if "#{" in word:
        raise PatternError(f"{word!r} contains #{{…}}: embedded Ruby is not supported", remedy="write the value itself")
    if word == "**":
        return "", (_rest,)
    return _Reader(word).sequence(inside=False)
