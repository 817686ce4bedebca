"""How long to wait before a request is tried again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Exponential, with full jitter in the upper half, so that many processes do not knock at the same moment."""

    first_secs: float = 0.2
    most_secs: float = 10.0

    def delay(self, attempt: int, chance: float) -> float:
        """Seconds to wait after failure number ``attempt`` (from 1); ``chance`` is drawn from 0 to 1."""
        ceiling = min(self.most_secs, self.first_secs * 2.0 ** min(attempt - 1, 30))
        return ceiling * (0.5 + chance / 2)
