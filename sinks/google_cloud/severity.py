"""OpenTelemetry's severity numbers as Google's LogSeverity.

The scale of LogSeverity is syslog's, so that numbers that `schemas.severity` gives to syslog's priorities go back to
where they came from. A level that a program wrote by one of Google's names stays what it is, and FATAL, which syslog
does not have, is CRITICAL, as Google's agents have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_BY_NUMBER: Final[tuple[str, ...]] = (
    "DEFAULT",
    *["DEBUG"] * 8,
    "INFO",
    *["NOTICE"] * 3,
    *["WARNING"] * 4,
    "ERROR",
    "CRITICAL",
    *["ALERT"] * 2,
    *["EMERGENCY"] * 4,
)
_BY_NAME: Final[Mapping[str, str]] = {
    **{name: name for name in ("DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")},
    **dict.fromkeys(("FATAL", "FATAL2", "FATAL3", "FATAL4", "F", "FTL"), "CRITICAL"),
}


def log_severity(number: int, text: str | None) -> str:
    """The name of the LogSeverity of a severity number and the level as its source wrote it."""
    if text and (found := _BY_NAME.get(text.upper())):
        return found
    return _BY_NUMBER[number] if 0 <= number < len(_BY_NUMBER) else "DEFAULT"
