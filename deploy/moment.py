"""Moments as people write them: ``2h`` (ago), ``2026-11-21``, ``2026-11-21T13:30``, ``2026-11-21T13:30:00+01:00``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from deploy.duration import parse_duration
from schemas.errors import SettingsError

_AGO: Final = re.compile(r"[\d.]+(ms|[smhdw])([\d.]+(ms|[smhdw]))*( ago)?")


def parse_moment(text: str, option: str, now: float) -> float:
    """Seconds since 1970; without a zone it is UTC. Raises SettingsError, naming the option."""
    plain = text.strip()
    if plain == "now":
        return now
    if _AGO.fullmatch(plain.lower()):
        return now - parse_duration(plain.lower().removesuffix(" ago"), option)
    try:
        found = datetime.fromisoformat(plain)
    except ValueError:
        raise SettingsError(
            f"{text!r} is no moment", where=option, remedy="write it like 2h (ago), 2026-11-21 or 2026-11-21T13:30Z"
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def nanos(seconds: float) -> int:
    """Nanoseconds of seconds since 1970, which are exact to the microsecond only."""
    return round(seconds * 1_000_000) * 1000


def parse_range(since: str | None, until: str | None, now: float) -> tuple[float | None, float | None]:
    """Beginning and end; the end is outside. Raises SettingsError."""
    first = None if since is None else parse_moment(since, "--since", now)
    last = None if until is None else parse_moment(until, "--until", now)
    if first is not None and last is not None and first >= last:
        raise SettingsError(
            "the range is empty: it ends before it begins", where="--since, --until", remedy="turn them round"
        )
    return first, last
