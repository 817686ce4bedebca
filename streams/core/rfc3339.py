"""Timestamps as container runtimes and RFC 5424 write them (RFC 3339), in nanoseconds since 1970."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final

FARTHEST_NANOS: Final = 9_200_000_000_000_000_000
"""July 2261, some days (for zones) before nanoseconds since 1970 leave the 64 bits that Avro has for them."""


def timestamp_nanos(text: bytes) -> int | None:
    """Nanoseconds since 1970 of an RFC 3339 timestamp; None when it is none, or too far away for 64 bits."""
    seconds = _utc_seconds(text[:19])
    if seconds is None:
        return None
    if text[-1:] == b"Z":
        fraction = text[20:-1]
        if text[19:20] == b"." and fraction.isdigit() and len(fraction) <= 9:
            return seconds + int(fraction.ljust(9, b"0"))
        return seconds if len(text) == 20 else None
    return _with_zone(text)


@lru_cache(maxsize=256)
def _utc_seconds(text: bytes) -> int | None:
    """Nanoseconds of ``YYYY-MM-DDTHH:MM:SS`` in UTC. A second's lines share one look-up."""
    if len(text) != 19 or text[10:11] != b"T":
        return None
    try:
        nanos = int(datetime.fromisoformat(text.decode("ascii") + "+00:00").timestamp()) * 1_000_000_000
    except (ValueError, OverflowError):
        return None
    return nanos if -FARTHEST_NANOS < nanos < FARTHEST_NANOS else None


def _with_zone(text: bytes) -> int | None:
    """The rarer forms: a zone offset such as +01:00."""
    if len(text) < 25 or text[-6:-5] not in (b"+", b"-"):
        return None
    local = timestamp_nanos(text[:-6] + b"Z")
    hours, colon, minutes = text[-5:].partition(b":")
    if local is None or not colon or not hours.isdigit() or not minutes.isdigit():
        return None
    offset = (int(hours) * 60 + int(minutes)) * 60_000_000_000
    return local - offset if text[-6:-5] == b"+" else local + offset
