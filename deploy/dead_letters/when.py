"""Moments as people give them to ``--since`` and ``--until``: a duration before now, or a time."""

from __future__ import annotations

from datetime import UTC, datetime

from deploy.duration import parse_duration
from schemas.errors import SettingsError


def parse_moment(text: str | None, option: str, now: float) -> int | None:
    """Nanoseconds since 1970; ``now`` in seconds. A time without a zone is UTC. Raises SettingsError."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return int((now - parse_duration(text, option)) * 1e9)
        except SettingsError as error:
            raise SettingsError(
                f"{text!r} is no duration and no time",
                where=option,
                remedy="write it like 15m, 2h, 3d, or like 2026-11-21T13:00:00Z",
            ) from error
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1e9)
