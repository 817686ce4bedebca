"""Levels as logging libraries write them in fields of their own: names, names with an offset, and numbers.

Samples: ``warn``, ``INFO+2`` (Go's slog: a name and how far above it), ``Level(-4)`` (zap below debug, as logr's
verbosity 4 comes out of zapr), ``30`` (bunyan, pino), ``"6"`` (syslog, journald, GELF), ``400`` (Google Cloud).

Sources: schemas.severity for names; Go's log/slog documentation, "Levels"; OpenTelemetry's bridge of slog, whose
numbers are slog's plus 9; zapcore.Level and go-logr/zapr; Google Cloud's LogSeverity; Python's logging levels;
Logback's integer levels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.severity import SEVERITY_BY_TEXT, bunyan_severity, severity_number, syslog_severity

_OFFSET: Final = re.compile(r"(DEBUG|INFO|WARN|ERROR)([+-]\d{1,4})")
_ZAP: Final = re.compile(r"(?:Level|LEVEL)\((-\d{1,4})\)")


def level_number(text: str) -> int:
    """Return the number of a level in words; 0 when it is none."""
    number = SEVERITY_BY_TEXT.get(text)
    if number is not None:
        return number
    offset = _OFFSET.fullmatch(text)
    if offset:
        return min(max(SEVERITY_BY_TEXT[offset[1]] + int(offset[2]), 1), 24)
    zap = _ZAP.fullmatch(text)
    return verbosity_severity(-int(zap[1])) if zap else severity_number(text)


def verbosity_severity(verbosity: int) -> int:
    """Return the number of logr's V level: 0 is info, 1 debug as in zapr, more is less important still."""
    if verbosity <= 0:
        return 9
    return 5 if verbosity == 1 else max(6 - verbosity, 1)


def own_severity(level: Any) -> int:
    """Return the number of a field ``level``: bunyan's and pino's 10 to 69; below zero is zap's verbosity."""
    if type(level) is str:
        return level_number(level)
    if type(level) is not int:
        return 0
    return verbosity_severity(-level) if level < 0 else bunyan_severity(level)


def google_severity(level: Any) -> int:
    """Return the number of ``severity``: a name, or LogSeverity's 100 (debug) to 800 (emergency)."""
    if type(level) is int:
        return (5, 9, 10, 13, 17, 18, 19, 21)[level // 100 - 1] if 100 <= level < 900 else bunyan_severity(level)
    return level_number(level) if type(level) is str else 0


def otel_severity(level: Any) -> int:
    """Return a number that is OpenTelemetry's already."""
    return level if type(level) is int and 1 <= level <= 24 else 0


def priority_severity(level: Any) -> int:
    """Return the number of a syslog priority, 0 to 7, as number or as text."""
    if type(level) is str and level.isdecimal() and len(level) == 1:
        level = int(level)
    return syslog_severity(level) if type(level) is int else 0


def python_severity(level: Any) -> int:
    """Return the number of Python's ``levelno``: 10 debug, 20 info, 30 warning, 40 error, 50 critical."""
    return (5, 9, 13, 17, 18)[level // 10 - 1] if type(level) is int and 10 <= level < 60 else 0


def logback_severity(level: Any) -> int:
    """Return the number of Logback's ``level_value``: 5000 trace, 10000 debug, 20000 info, 30000 warn, 40000 error."""
    if type(level) is not int or not 5_000 <= level < 50_000:
        return 0
    return 1 if level < 10_000 else (5, 9, 13, 17)[level // 10_000 - 1]


def serilog_severity(level: Any) -> int:
    """Return the number of Serilog's level in CLEF, whose Verbose lies below Debug."""
    if type(level) is not str:
        return 0
    return 1 if level == "Verbose" else level_number(level)


_DATADOG: Final = frozenset(
    {"emerg", "emergency", "alert", "crit", "critical", "error", "err", "warn", "warning", "notice", "info", "debug"}
    | {"trace"}
)


def status_severity(level: Any) -> int:
    """Return the number of ``status`` where it surely is a level: Datadog's words, and not ``failure`` or 404."""
    return level_number(level) if type(level) is str and level.lower() in _DATADOG else 0


LEVELS: Final[Mapping[str, Callable[[Any], int]]] = {
    "level": own_severity,
    "severity": google_severity,
    "lvl": own_severity,
    "levelname": own_severity,
    "log.level": own_severity,
    "loglevel": own_severity,
    "severity_text": own_severity,
    "severityText": own_severity,
    "SeverityText": own_severity,
    "@level": own_severity,
    "Level": own_severity,
    "LogLevel": own_severity,
    "logLevel": own_severity,
    "log_level": own_severity,
    "levelName": own_severity,
    "level_name": own_severity,
    "Severity": own_severity,
    "@l": serilog_severity,
    "severity_number": otel_severity,
    "severityNumber": otel_severity,
    "SeverityNumber": otel_severity,
    "PRIORITY": priority_severity,
    "levelno": python_severity,
    "level_value": logback_severity,
    "status": status_severity,
}
"""Names of fields that hold a level, the surest first, and how to read them."""
