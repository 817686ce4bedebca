"""Times as programs write them, by a format with strptime's directives or by a name; in nanoseconds since 1970.

Samples: ``21/Nov/2026:01:02:03 +0100`` (``http``), ``2026-11-21 01:02:03,123`` (``java``), ``Nov 21 01:02:03``
(``syslog``), ``1795222923.5`` (``unix``), ``21.11.2026 01:02`` (``%d.%m.%Y %H:%M``).

Sources: strptime of POSIX.1-2024 and Python, ISO 8601, RFC 3339 section 5.6, RFC 3164 section 4.1.2, RFC 9110 section
5.6.7 and Apache's mod_log_config and ErrorLogFormat (``http``, ``apache_error``), log4j 2's named date patterns
(``java``).

A time without a zone is of the zone that the settings name. Where clocks go back, it is the first of the two; where
they go forward, times that were left out count on from before. A time without a year is of the year that brings it
nearest to now: at New Year a line of December is last year's. Names of months and days are English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Final, TypeAlias

from schemas.errors import SettingsError
from streams.core.parsers.time_zones import offset_seconds, offset_written, zone_named
from streams.core.rfc3339 import FARTHEST_NANOS

ReadTime: TypeAlias = Callable[[str, int], int | None]
"""From a text and the nanoseconds of now to those of the text; None: it is not written so. Never raises."""

TEXT_MAX: Final = 100
"""No time is longer."""
SECOND: Final = 1_000_000_000
_EPOCH: Final = date(1970, 1, 1).toordinal()
_LEAP_DAY_GAP: Final = 8
"""So many years may lie between two 29ths of February (1896 and 1904)."""

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH_NUMBERS: Final = {"sept": 9} | {
    name[:size]: number for number, name in enumerate(_MONTHS, 1) for size in (3, len(name))
}
_DAY_NAME: Final = r"(?:[Mm]on|[Tt]ues?|[Ww]ed(?:nes)?|[Tt]hu(?:rs?)?|[Ff]ri|[Ss]at(?:ur)?|[Ss]un)(?:day)?"

_NUMBERS: Final = {"m", "d", "H", "I", "M", "S"}
"""Directives of one or two digits; of two, where another number follows or stands before without anything between."""
_DIRECTIVES: Final[Mapping[str, str]] = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d\d)",
    "m": r"(?P<m>\d\d?)",
    "d": r"(?P<d>\d\d?)",
    "e": r" ?(?P<d>\d\d?)",
    "H": r"(?P<H>\d\d?)",
    "k": r" ?(?P<H>\d\d?)",
    "I": r"(?P<I>\d\d?)",
    "l": r" ?(?P<I>\d\d?)",
    "M": r"(?P<M>\d\d?)",
    "S": r"(?P<S>\d\d?)",
    "j": r"(?P<j>\d{1,3})",
    "b": r"(?P<b>[A-Za-z]{3,9})\.?",
    "a": _DAY_NAME,
    "p": r"(?P<p>[AaPp])\.?[Mm]\.?",
    "f": r"(?P<f>\d{1,9})",
    "s": r"(?P<s>[+-]?\d{1,12})",
    "z": r"(?P<z>[Zz]|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)",
    "Z": r"(?P<z>UTC|GMT|Z)",
    "%": "%",
    # For the formats with a name alone.
    "?f": r"(?:[.,](?P<f>\d{1,9}))?",
    "?z": r"(?: ?(?P<z>[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?))?",
    "?T": r"[Tt ]",
}
_SAME: Final = {"B": "%b", "h": "%b", "A": "%a", "N": "%f", "L": "%f", "F": "%Y-%m-%d", "T": "%H:%M:%S"} | {
    "D": "%m/%d/%y",
    "R": "%H:%M",
}
_DIGITS: Final = frozenset("YymdHIMSjfs")
_PADDED: Final = {"e", "k", "l"}
"""These may begin with a blank of their own."""
_PIECE: Final = re.compile(r"%(\?.|.|$)|(\s+)|(.)", re.DOTALL)
_GROUP: Final = re.compile(r"\(\?P<(\w)>")

_ISO_TIME: Final = "%H:%M:%S%?f%?z"
NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "iso8601": (f"%Y-%m-%d%?T{_ISO_TIME}", "%Y-%m-%d%?T%H:%M%?z", "%Y%m%dT%H%M%S%?f%?z", "%Y-%m-%d"),
    "rfc3339": ("%Y-%m-%d%?T%H:%M:%S%?f%z",),
    "http": ("%d/%b/%Y:%H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %Z"),
    "syslog": ("%b %e %H:%M:%S%?f", "%b %e %Y %H:%M:%S%?f"),
    "apache_error": ("%a %b %e %H:%M:%S%?f %Y",),
    "java": (f"%Y-%m-%d%?T{_ISO_TIME}", "%d %b %Y %H:%M:%S%?f", "%Y%m%d%H%M%S%f", "%Y%m%dT%H%M%S%?f"),
}
_SCALES: Final = {"unix": 9, "unix_ms": 6, "unix_us": 3, "unix_ns": 0}
FORMAT_NAMES: Final = (*NAMED, *_SCALES)


def time_format(written: str, timezone: str = "UTC") -> ReadTime:
    """What reads times of a format, by name or directives. Raises SettingsError where one is not understood."""
    zone = zone_named(timezone)
    if written in _SCALES:
        return _epoch_reader(_SCALES[written])
    formats = NAMED.get(written)
    if formats is None and "%" not in written:
        names = ", ".join(FORMAT_NAMES)
        raise SettingsError(
            f"{written!r} is no format of a time", remedy=f"name one of {names}, or write directives: %d.%m.%Y %H:%M:%S"
        )
    patterns = [_compiled(each, named=formats is not None) for each in formats or (written,)]

    def read(text: str, now: int) -> int | None:
        text = text.strip() if len(text) <= TEXT_MAX else ""
        for pattern in patterns:
            found = pattern.fullmatch(text)
            if found is not None:
                return _nanos(found.groupdict(), zone, now)
        return None

    return read


def rfc3339_text(nanos: int) -> str:
    """A time in UTC with as many decimals as it needs: ``2026-11-21T01:02:03.5Z``."""
    seconds, fraction = divmod(nanos, SECOND)
    whole = (datetime(1970, 1, 1) + timedelta(seconds=seconds)).isoformat()
    return f"{whole}.{fraction:09}".rstrip("0") + "Z" if fraction else f"{whole}Z"


def _epoch_reader(scale: int) -> ReadTime:
    """Numbers since 1970, with decimals; ``scale`` tells the digits of a unit in nanoseconds."""
    pattern = re.compile(r"([+-]?\d{1,20})(?:[.,](\d{1,20}))?", re.ASCII)

    def read(text: str, _now: int) -> int | None:
        found = pattern.fullmatch(text.strip()) if len(text) <= TEXT_MAX else None
        if found is None:
            return None
        whole, decimals = int(found[1]) * 10**scale, int((found[2] or "").ljust(scale, "0")[:scale] or "0")
        return _within(whole - decimals if found[1][0] == "-" else whole + decimals)

    return read


# -- reading a format ----------------------------------------------------------------------------------------------


def _compiled(written: str, *, named: bool) -> re.Pattern[str]:
    """A format as a regular expression; its groups are the directives' letters."""
    plain = re.sub(r"%(.)", lambda found: _SAME.get(found[1], found[0]), written, flags=re.DOTALL)
    pieces = list(_PIECE.finditer(plain))
    letters = [None, *(piece[1] for piece in pieces), None]
    result = ""
    for before, piece, following in zip(letters, pieces, letters[2:], strict=False):
        if piece[1] is not None:
            result += _directive(piece[1], {before, following}, named=named)
        elif piece[2]:
            result += " *" if following in _PADDED else " +"
        else:
            result += "[.,]" if piece[3] in ".," and following == "f" else re.escape(piece[3])
    _complete(_GROUP.findall(result), written)
    return re.compile(result, re.ASCII)


def _directive(letter: str, beside: set[str | None], *, named: bool) -> str:
    pattern = _DIRECTIVES.get(letter)
    if pattern is None or (letter[:1] == "?" and not named):
        known = " ".join(f"%{each}" for each in (*_DIRECTIVES, *_SAME) if each[0] != "?")
        raise SettingsError(f"%{letter} in a format means nothing", remedy=f"known: {known}")
    return pattern.replace(r"\d\d?", r"\d\d") if letter in _NUMBERS and beside & _DIGITS else pattern


def _complete(found: list[str], written: str) -> None:
    """Refuse a format that says something twice, or not the day."""
    twice = next((each for each in found if found.count(each) > 1), None)
    if twice is not None:
        raise SettingsError(f"{written!r} says %{twice} twice", remedy="leave one of them out")
    has = set(found)
    if not (has & {"s"} or (has & {"Y", "y"} and has & {"j"}) or (has & {"m", "b"} and has & {"d"})):
        raise SettingsError(
            f"{written!r} does not say which day it is", remedy="a day and a month, or %s, must be in it"
        )
    if has & {"I"} and not has & {"p"}:
        raise SettingsError(f"{written!r} has an hour of 12 without %p", remedy="add %p, or write %H")


# -- reading a time ------------------------------------------------------------------------------------------------

_Parts: TypeAlias = dict[str, str | None]


def _nanos(parts: _Parts, zone: tzinfo, now: int) -> int | None:
    fraction = int((parts.get("f") or "0").ljust(9, "0"))
    if "s" in parts:
        seconds = int(parts["s"] or 0)
        return _within(seconds * SECOND + (fraction if seconds >= 0 else -fraction))
    clock, offset = _clock(parts), offset_written(parts.get("z"))
    if clock is None or (offset is None and parts.get("z")):
        return None
    found = []
    for day in _days(parts, now):
        local = offset_seconds(zone, day, clock) if offset is None else offset
        found.append((day - _EPOCH) * 86_400 + clock - local)
    if not found:
        return None
    return _within(min(found, key=lambda seconds: abs(seconds * SECOND - now)) * SECOND + fraction)


def _within(nanos: int) -> int | None:
    return nanos if -FARTHEST_NANOS < nanos < FARTHEST_NANOS else None


def _clock(parts: _Parts) -> int | None:
    """Seconds of the day; 60 is a leap second and becomes the next minute."""
    hour, minute, second = (int(parts.get(name) or 0) for name in ("H", "M", "S"))
    if "I" in parts:
        hour = int(parts["I"] or 0)
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if (parts["p"] or "").lower() == "p" else 0)
    return hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 and second <= 60 else None


def _days(parts: _Parts, now: int) -> list[int]:
    """Days that may be meant, counted as `date.toordinal` does; several where the year is not written."""
    year = _year(parts)
    if "j" in parts:
        return _ordinals([year or 0], 1, 1, int(parts["j"] or 0))
    name = parts.get("b")
    month = int(parts.get("m") or 0) if name is None else _MONTH_NUMBERS.get(name.lower(), 0)
    day = int(parts["d"] or 0)
    if year is not None:
        return _ordinals([year], month, day)
    current = (datetime(1970, 1, 1) + timedelta(seconds=now // SECOND)).year
    near = _ordinals(range(current - 1, current + 2), month, day)
    return near or _ordinals(range(current - _LEAP_DAY_GAP, current + _LEAP_DAY_GAP + 1), month, day)


def _year(parts: _Parts) -> int | None:
    if parts.get("Y"):
        return int(parts["Y"] or 0)
    short = parts.get("y")
    if short is None:
        return None
    return int(short) + (1900 if int(short) >= 69 else 2000)


def _ordinals(years: range | list[int], month: int, day: int, day_of_year: int = 1) -> list[int]:
    """The days of that date in each of the years that have it."""
    found = []
    for year in years:
        try:
            ordinal = date(year, month, day).toordinal() + day_of_year - 1
        except ValueError:
            continue
        if 1 <= day_of_year <= 366 and date.fromordinal(min(ordinal, date.max.toordinal())).year == year:
            found.append(ordinal)
    return found
