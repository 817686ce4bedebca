"""What a worker reads, and what it does beside making records: live traffic, or one replay alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from schemas.settings import Settings


@dataclass(frozen=True)
class Feed:
    """The topic of chunks and how they are treated."""

    topic: str
    group: str
    run: str = ""
    """The only replay whose chunks are worked on; empty: all chunks are, live ones above all."""
    follows_rules: bool = True
    """Live rules hold (`logs.control`); False: those of the settings alone."""
    suffix: str = ""
    """Behind the name of every topic that records and dead letters go to. With one, nothing is written into the
    ledger: what is only tried out is no account of anything."""
    pods: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Pods by uid that logs.pods knows no longer."""

    @classmethod
    def live(cls, settings: Settings) -> Self:
        """What `logferry stream` works on."""
        return cls(settings.topics.names.raw, settings.stream.group)
