"""What was asked for. The same words name the same replay, which therefore goes on where it was broken off."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from deploy.moment import nanos, parse_moment
from schemas.errors import SettingsError

NANOS: Final = 1_000_000_000
SUFFIX: Final = re.compile(r"-[a-z0-9][a-z0-9-]{0,40}")
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?i?)b?(?:/s)?", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}

REPLAY: Final = "replay"
RAW: Final = "raw"


@dataclass(frozen=True)
class Request:
    """Everything that decides what a replay does, as it was written."""

    origin: str
    """archive or kafka."""
    sink: str | None
    since: str
    until: str | None
    match: str
    target: str
    """replay, raw, or the name of a topic."""
    rules: str | None
    """Text of the file."""
    suffix: str
    raw: str
    """Name of logs.raw."""

    @property
    def id(self) -> str:
        """8 hexadecimal digits."""
        return blake2b(json.dumps(asdict(self), sort_keys=True).encode(), digest_size=4).hexdigest()

    @property
    def has_own_workers(self) -> bool:
        """Whether the command starts the workers."""
        return self.target == REPLAY

    def check(self) -> None:
        """Raise SettingsError for what does not go together."""
        if self.suffix and not SUFFIX.fullmatch(self.suffix):
            raise SettingsError(
                f"{self.suffix!r} cannot stand behind the name of an index",
                where="--index-suffix",
                remedy="write a dash, then lower-case letters and digits: -try1",
            )
        if not self.has_own_workers and (self.rules is not None or self.suffix):
            raise SettingsError(
                "rules and targets of its own need workers of its own",
                where=f"--to {self.target}",
                remedy="leave --to out",
            )


def moment(text: str, option: str, now: float) -> int:
    """Nanoseconds since 1970 of a time (``2026-11-21T13:00``, UTC unless it says otherwise) or a duration ago (2h)."""
    return nanos(parse_moment(text, option, now)) // 1_000_000 * 1_000_000


def rate(text: str) -> float:
    """Bytes a second of ``50MB/s``, ``512KiB``, ``1000000``."""
    found = _RATE.fullmatch(text.strip())
    value = float(found[1]) * _UNITS[found[2].lower()] if found and found[2].lower() in _UNITS else 0.0
    if not value:
        raise SettingsError(f"{text!r} is no rate", where="--rate", remedy="write it like 50MB/s, 512KiB/s or 2000000")
    return value


def shown(nanos: int) -> str:
    """A time for people, UTC."""
    at = datetime.fromtimestamp(nanos // NANOS, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
