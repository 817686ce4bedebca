"""The rules of redaction, made ready: what is looked for, and what stands there instead."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import re2

from schemas.errors import SettingsError
from streams.core.detectors import DETECTORS, base64
from streams.core.detectors.detected import Span, Spans, expression, in_order

if TYPE_CHECKING:
    from schemas.settings.redaction import RedactionPattern, RedactionRule
    from schemas.settings.secret import Secret

_ANCHOR: Final = re.compile(r"\\[AzbB]|(?<!\[)\^|\$")
_HASH_LETTERS: Final = 16
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
"""Hashes are written in letters, which no detector takes for a number."""


class Replacement(NamedTuple):
    """What stands where something was found."""

    of: Callable[[bytes], bytes]
    """Of a value in its one spelling."""
    made: bytes
    """A regular expression for all that this makes."""


class Step(NamedTuple):
    """One detector or pattern of one rule."""

    name: str
    marker: str
    """Empty for people's own patterns, which are looked for by themselves."""
    spans: Spans
    replacement: Replacement
    anchored: bool = False
    """What it finds in a string depends on where the string begins or ends."""


def steps_of(rules: Sequence[RedactionRule], secret_of: Callable[[Secret], str]) -> list[Step]:
    """Detectors in the order of their registry, then patterns; what two rules look for is the first one's."""
    asked: dict[str, Step] = {}
    patterns: dict[str, Step] = {}
    for rule in rules:
        key = b"" if rule.key is None else secret_of(rule.key).encode()
        for name in rule.detect:
            detector = DETECTORS[name]
            asked.setdefault(name, Step(name, *detector, _replacement(rule, rule.template, name, key)))
        for pattern in rule.patterns:
            replacement = _replacement(rule, pattern.replacement or rule.template, pattern.name, key)
            patterns.setdefault(pattern.regex, _pattern(pattern, replacement))
    return [*(asked[name] for name in DETECTORS if name in asked), *patterns.values()]


def marks(steps: Sequence[Step]) -> Callable[[bytes], Sequence[int] | None]:
    """Which steps' markers are in a text, by number; None: no one's. One pass over the text for all of them."""
    if not steps:
        return lambda _: None
    options = re2.Options()
    options.never_capture = True
    found = re2.Set.SearchSet(options)
    for step in steps:
        found.Add(step.marker.encode())
    found.Compile()
    match: Callable[[bytes], Sequence[int] | None] = found.Match
    return match


def with_base64(steps: Sequence[Step]) -> list[Step]:
    """The detectors, that of Base64 knowing what to look for."""
    others = [step for step in steps if step.name != "base64"]
    mark = marks(others)

    def finds(content: bytes) -> bool:
        return any(others[number].spans(content) for number in mark(content) or ())

    return [step if step in others else step._replace(spans=base64.inside(finds)) for step in steps]


def _replacement(rule: RedactionRule, template: str, name: str, key: bytes) -> Replacement:
    if rule.mode == "remove":
        return Replacement(lambda _: b"", b"(?!)")
    text = template.replace("{name}", name)
    if rule.mode == "mask":
        mask = text.encode()
        return Replacement(lambda _: mask, re.escape(mask))
    before, _, after = (part.encode() for part in text.partition("{hash}"))
    return Replacement(
        lambda value: b"%b%b%b" % (before, _hash(key, value), after),
        b"%b[a-p]{%d}%b" % (re.escape(before), _HASH_LETTERS, re.escape(after)),
    )


def _hash(key: bytes, value: bytes) -> bytes:
    """64 bits of a keyed hash (RFC 2104): equal for equal values, and of no use to whoever tries values without key."""
    return hmac.digest(key, value, "sha256").hex()[:_HASH_LETTERS].translate(_LETTERS).encode()


def _pattern(pattern: RedactionPattern, replacement: Replacement) -> Step:
    compiled = _compiled(pattern.regex)
    finditer, groups = compiled.finditer, compiled.groups

    def spans(content: bytes) -> list[Span]:
        return in_order([span for match in finditer(content) for span in _spans_of(match, groups)])

    return Step(pattern.name, "", spans, replacement, anchored=_ANCHOR.search(pattern.regex) is not None)


@lru_cache(maxsize=1024)
def _compiled(regex: str) -> Any:
    try:
        return expression(regex)
    except re2.error as error:
        raise SettingsError(
            f"the pattern {regex!r} cannot be used: {_reason(error)}", remedy="it is in the language of RE2"
        ) from None


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def _spans_of(match: Any, groups: int) -> Iterator[Span]:
    """The whole match; of an expression with groups, what they took."""
    for number in range(1, groups + 1) if groups else (0,):
        start, end = match.span(number)
        if 0 <= start < end:
            yield start, end, match[number]
