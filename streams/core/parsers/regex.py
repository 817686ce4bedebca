r"""Regular expressions of RE2 with names for what they find (https://github.com/google/re2/wiki/Syntax).

Sample: ``^(?P<time>\S+) (?P<level>\w+) (?P<message>.*)``. RE2 takes time in proportion to the line whatever the
expression is, which is why people's own expressions are its and not Python's; it has no look-around, no back-references
and no possessive quantifiers.

A dot takes line feeds too, because lines of a stack trace are joined before they are parsed; ``(?-s)`` changes that. An
expression may match anywhere in a line; ``^`` and ``$`` tie it to the ends. Names of groups may have dots
(``(?P<http.request.method>[A-Z]+)``) and may stand twice: the first that took part in the match counts. Groups without
a name only group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import re2

from schemas.errors import SettingsError

PATTERN_MAX: Final = 100_000
"""Characters of an expression; grok expands to long ones."""

_TOKEN: Final = re.compile(
    r"\\Q.*?(?:\\E|\Z)"
    r"|\\."
    r"|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*+\]"
    r"|(?P<named>\(\?P?<(?![=!])(?P<name>[^>]*)>)"
    r"|(?P<open>\((?P<plain>(?!\?))?)"
    r"|(?P<close>\))",
    re.DOTALL,
)
_NAME: Final = re.compile(r"[\w@][\w.@-]*|(?:\[[\w.@-]+\])+")
_REMEDIES: Final = (
    (re.compile(r"\(\?<?[=!]"), "RE2 has no look-ahead and no look-behind: match what stands there, without naming it"),
    (re.compile(r"\(\?>|[*+?}]\+"), "RE2 never goes back, so leave out (?>…) and the + behind a quantifier"),
    (re.compile(r"\\[1-9]|\(\?P="), "RE2 cannot refer back to a group: write its expression again"),
    (re.compile(r"\\Z"), r"write \z for the end of the text"),
    (re.compile(r"\{\d+"), "RE2 repeats at most 1000 times: write * or +"),
)


class Pattern(NamedTuple):
    """An expression that was compiled."""

    search: Callable[[bytes], Any]
    """The match in a line's bytes, or None."""
    names: tuple[str, ...]
    """Of its groups, in their order."""


def compile_pattern(written: str) -> Pattern:
    """Compile an expression. Raises SettingsError with the place of a mistake, and what RE2 has instead."""
    names: list[str] = []

    def plain(found: re.Match[str]) -> str:
        if found["named"] is not None:
            names.append(attribute_name(found["name"], found.start() + 1))
            return "("
        return "(?:" if found["plain"] is not None else found[0]

    if len(written) > PATTERN_MAX:
        raise SettingsError(
            f"the expression is longer than {PATTERN_MAX} characters", remedy="make two parsers, or a plainer pattern"
        )
    expression = _TOKEN.sub(plain, written)
    try:
        compiled = re2.compile(expression.encode(), _options())
    except re2.error as error:
        raise _mistake(_text(error), written) from None
    except UnicodeEncodeError:
        raise SettingsError("the expression is not Unicode text", remedy="write such bytes as \\x80") from None
    return Pattern(compiled.search, tuple(names))


def attribute_name(written: str, position: int) -> str:
    """Name of an attribute, as a group or grok field has it; ``[http][status]`` is ``http.status``."""
    if not _NAME.fullmatch(written):
        raise SettingsError(
            f"{written!r} at character {position} cannot name a field",
            remedy="use letters, digits, dots, dashes and underscores: http.request.method",
        )
    return written[1:-1].replace("][", ".") if written.startswith("[") else written


def searcher(patterns: Sequence[Pattern]) -> Callable[[bytes], tuple[int, Any] | None]:
    r"""What finds the first of several expressions that matches a line: its number, and the match.

    A dot matches characters of UTF-8 only. A line with other bytes is tried again with those written as ``\xNN``, which
    is how it will stand in the record.
    """
    numbered = tuple(enumerate(pattern.search for pattern in patterns))

    def search(content: bytes) -> tuple[int, Any] | None:
        for number, match_in in numbered:
            match = match_in(content)
            if match is not None:
                return number, match
        if content.isascii():
            return None
        readable = content.decode(errors="backslashreplace").encode()
        return None if readable == content else search(readable)

    return search


def _options() -> Any:
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    return options


def _text(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="backslashreplace") if isinstance(said, bytes) else str(said)


def _mistake(problem: str, written: str) -> SettingsError:
    """RE2 names the part that it stumbled over; parentheses that do not fit are looked for here."""
    what, _, part = problem.partition(": ")
    position = _unbalanced(written) if ")" in what else written.find(part) if part else -1
    if "too large" in problem:
        return SettingsError("the expression becomes too large", remedy="make counts such as {1,1000} smaller")
    remedy = next((remedy for sign, remedy in _REMEDIES if sign.search(part)), "")
    where = f" at character {position + 1}" if position >= 0 else ""
    shown = "" if ")" in what or not part else f" {part}"
    return SettingsError(f"the expression is wrong{where}: {what}{shown}", remedy=remedy or "write it as RE2 does")


def _unbalanced(written: str) -> int:
    """Where the first parenthesis stands that has no other; -1: nowhere."""
    opened: list[int] = []
    for found in _TOKEN.finditer(written):
        if found["close"] is None:
            opened += [found.start()] if found["named"] is not None or found["open"] is not None else []
        elif not opened:
            return found.start()
        else:
            opened.pop()
    return opened[0] if opened else -1
