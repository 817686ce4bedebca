"""Zones of times: what settings may name, and what may stand behind a time.

Zones are IANA's (``Europe/Berlin``) and offsets (``+05:30``). Of abbreviations only UTC, GMT and Z are understood:
``CST`` is of China, of Cuba and of the United States, and a time that is wrong by hours is worse than one that stays
text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from schemas.errors import SettingsError
from schemas.settings.parts import nearest

_OFFSET: Final = re.compile(r"([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?", re.ASCII)
_UTC: Final = frozenset(("Z", "z", "UTC", "GMT"))
_ABBREVIATION: Final = re.compile(r"[A-Z]{2,5}|[A-Z]{3}\d[A-Z]{3}", re.ASCII)


def zone_named(name: str) -> tzinfo:
    """The zone of a name in the settings. Raises SettingsError when there is none."""
    if name in _UTC:
        return UTC
    offset = offset_written(name)
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if _ABBREVIATION.fullmatch(name):
        raise SettingsError(
            f"{name} is an abbreviation that several zones share",
            remedy="write a place, such as Europe/Berlin, or +01:00",
        )
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        meant = nearest(name, available_timezones())
        remedy = f"did you mean {meant}?" if meant else "write a place, such as Europe/Berlin, UTC, or +01:00"
        raise SettingsError(f"there is no time zone {name}", remedy=remedy) from None


def offset_written(text: str | None) -> int | None:
    """Seconds that a written zone is ahead of UTC: ``Z``, ``GMT``, ``+0100``, ``-05:30``; None for any other."""
    if text is None:
        return None
    if text in _UTC:
        return 0
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    ahead = hours * 3600 + minutes * 60 + seconds
    return ahead if found[1] == "+" else -ahead


def offset_seconds(zone: tzinfo, day: int, clock: int) -> int:
    """Seconds that a zone is ahead of UTC at a local time: the number of the day, and seconds of it."""
    if zone is UTC:
        return 0
    # A leap second in the last minute of the last day that there is must not leave the calendar.
    local = datetime.fromordinal(day) + timedelta(seconds=min(clock, 86_399))
    offset = zone.utcoffset(local.replace(tzinfo=zone))
    return 0 if offset is None else round(offset.total_seconds())
