"""Durations as people write them: ``90s``, ``5m``, ``1h30m``, ``2d``; a number alone means seconds."""

from __future__ import annotations

import re
from typing import Final

from schemas.errors import SettingsError

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


def parse_duration(text: str, option: str) -> float:
    """Seconds. Raises SettingsError, naming the option, for what is no duration above zero."""
    plain = text.strip().lower()
    seconds = float(plain) if re.fullmatch(r"\d+(\.\d+)?", plain) else _sum(plain)
    if not seconds:
        raise SettingsError(f"{text!r} is no duration", where=option, remedy="write it like 90s, 5m, 1h30m or 2d")
    return seconds


def _sum(text: str) -> float:
    if re.sub(_PART, "", text):
        return 0.0
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def show_duration(seconds: float) -> str:
    """``4s``, ``3m 07s``, ``2h 05m``, ``3d 4h``: two units at most."""
    whole = int(seconds)
    minutes, secs = divmod(whole, 60)
    hours, mins = divmod(minutes, 60)
    if whole < 60:
        return f"{secs}s"
    if hours == 0:
        return f"{minutes}m {secs:02d}s"
    return f"{hours}h {mins:02d}m" if hours < 24 else f"{hours // 24}d {hours % 24}h"


def show_bytes(count: float) -> str:
    """``512 B``, ``21.4 KiB``, ``3.0 GiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
