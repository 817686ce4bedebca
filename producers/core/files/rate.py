"""How many bytes a second a namespace may send: a token bucket that may be overdrawn by one chunk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol


class Rate(Protocol):
    """A limit, as the settings give it."""

    @property
    def namespaces(self) -> str:
        """Glob over the namespaces that each have it."""

    @property
    def bytes_per_sec(self) -> int:
        """In the long run."""

    @property
    def burst_bytes(self) -> int:
        """So many bytes may go at once after a rest."""


@dataclass
class Allowance:
    """What is left of a limit."""

    rate: Rate
    left: float
    at: float
    """When ``left`` was true, monotonic seconds."""

    def wait_secs(self, now: float) -> float:
        """How long the next chunk must wait; 0: not at all."""
        self.left = min(self.rate.burst_bytes, self.left + (now - self.at) * self.rate.bytes_per_sec)
        self.at = now
        return 0.0 if self.left > 0 else (1.0 - self.left) / self.rate.bytes_per_sec

    def spend(self, size: int) -> None:
        """A chunk was sent. It may be larger than what was left; the next ones wait for it."""
        self.left -= size


def allowance_of(rates: Iterable[Rate], namespace: str) -> Allowance | None:
    """A full allowance for a namespace, by the first limit that names it; None: it has none."""
    for rate in rates:
        if namespace and fnmatchcase(namespace, rate.namespaces):
            return Allowance(rate, rate.burst_bytes, 0.0)
    return None
