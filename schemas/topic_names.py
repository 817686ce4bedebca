"""Names of the topics that have a meaning of their own. A prefix keeps several pipelines apart on one cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PREFIX: Final = "logs."


@dataclass(frozen=True)
class TopicNames:
    """The fixed topics under one prefix."""

    prefix: str = PREFIX

    @property
    def raw(self) -> str:
        """Chunks as producers read them."""
        return f"{self.prefix}raw"

    @property
    def control(self) -> str:
        """Live rules."""
        return f"{self.prefix}control"

    @property
    def pods(self) -> str:
        """Pod metadata."""
        return f"{self.prefix}pods"

    @property
    def dead_letter(self) -> str:
        """Bad input, verbatim."""
        return f"{self.prefix}dead-letter"

    @property
    def ledger(self) -> str:
        """What became of every byte."""
        return f"{self.prefix}ledger"

    @property
    def replay(self) -> str:
        """Chunks that are sent again, for workers of their own."""
        return f"{self.prefix}replay"

    @property
    def delayed(self) -> str:
        """Records over their namespace's quota: a routed topic, and there only if some quota uses it."""
        return f"{self.prefix}delayed"

    @property
    def fixed(self) -> tuple[str, ...]:
        """All that every pipeline has."""
        return (self.raw, self.control, self.pods, self.dead_letter, self.ledger, self.replay)
