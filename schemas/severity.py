"""Severity: OpenTelemetry's numbers, and the many ways in which programs spell them.

Numbers are compared, text is shown. TRACE 1-4, DEBUG 5-8, INFO 9-12, WARN 13-16, ERROR 17-20, FATAL 21-24, 0 unknown
(OpenTelemetry log data model, "Field: SeverityNumber"). Where source formats differ from that scale, the mapping is the
one of the data model's appendix B, "SeverityNumber example mappings"
(https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix/).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

Severity: TypeAlias = Literal[
    "trace", "trace2", "trace3", "trace4",
    "debug", "debug2", "debug3", "debug4",
    "info", "info2", "info3", "info4",
    "warn", "warn2", "warn3", "warn4",
    "error", "error2", "error3", "error4",
    "fatal", "fatal2", "fatal3", "fatal4",
]  # fmt: skip
"""The short names of the numbers 1 to 24, in order, as settings spell them."""

UNKNOWN: Final = 0
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
_NUMBERS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(SEVERITIES, start=1)}
_TEXTS: Final[tuple[str, ...]] = ("", *(name.upper() for name in SEVERITIES))

# Beside the short names. A word that two columns of appendix B place differently (critical, panic) has the place of
# syslog and zap, because those are what writes it on a node.
_SPELLINGS: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("trc", "trce", "finest", "silly", "vrb"),
    5: ("dbg", "dbug", "debu", "verbose", "verb", "finer"),
    6: ("fine",),
    7: ("config",),
    8: ("http",),
    9: ("inf", "information", "informational", "log", "normal"),
    10: ("notice", "note"),
    13: ("wrn", "warning", "warnings"),
    17: ("err", "eror", "erro", "severe", "fail", "failure"),
    18: ("crit", "critical", "dpanic"),
    19: ("alert", "panic"),
    21: ("ftl", "emerg", "emergency", "shout"),
}

_WORDS: Final[Mapping[str, int]] = {**_NUMBERS} | {
    word: number for number, words in _SPELLINGS.items() for word in words
}

SEVERITY_BY_TEXT: Final[Mapping[str, int]] = MappingProxyType(
    {variant: number for word, number in _WORDS.items() for variant in (word, word.upper(), word.capitalize())}
)
"""Number by spelling in lower case, upper case and capitalised: one look-up on the hot path."""

SEVERITY_BY_BYTES: Final[Mapping[bytes, int]] = MappingProxyType(
    {text.encode("ascii"): number for text, number in SEVERITY_BY_TEXT.items()}
)
"""The same, for text that nobody has decoded yet."""

SYSLOG_SEVERITIES: Final[tuple[int, ...]] = (21, 19, 18, 17, 13, 10, 9, 5)
"""By syslog and journald priority: emergency 0 … debug 7 (RFC 5424, 6.2.1)."""

KLOG_SEVERITIES: Final[Mapping[str, int]] = MappingProxyType({"I": 9, "W": 13, "E": 17, "F": 21, "D": 5})
"""By the letter a klog or glog line begins with; klog writes I, W, E and F, some relatives D."""


def severity_number(text: str) -> int:
    """Return the number of a level's name in any usual spelling, 1 to 24; 0 if nobody knows it."""
    found = SEVERITY_BY_TEXT.get(text)
    return found if found is not None else SEVERITY_BY_TEXT.get(text.strip().lower(), UNKNOWN)


def severity_text(number: int) -> str:
    """Return the short name as OpenTelemetry shows it: ``INFO``, ``INFO2``; empty for 0 and for what is no severity."""
    return _TEXTS[number] if 0 < number < len(_TEXTS) else ""


def minimum_number(name: Severity) -> int:
    """Return the lowest number that passes a minimum: ``warn`` lets 13 and above through."""
    return _NUMBERS[name]


def syslog_severity(priority: int) -> int:
    """Return the number of a syslog or journald priority, 0 (emergency) to 7 (debug); 0 outside of it."""
    return SYSLOG_SEVERITIES[priority] if 0 <= priority < len(SYSLOG_SEVERITIES) else UNKNOWN


def klog_severity(letter: str) -> int:
    """Return the number of a klog letter; 0 for any other."""
    return KLOG_SEVERITIES.get(letter, UNKNOWN)


def bunyan_severity(level: int) -> int:
    """Return the number of a bunyan or pino level: trace 10, debug 20, info 30, warn 40, error 50, fatal 60.

    Levels between are custom ones and belong to the level below them; 0 outside of 10 to 69.
    """
    return (level // 10 - 1) * 4 + 1 if 10 <= level < 70 else UNKNOWN
