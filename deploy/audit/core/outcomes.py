"""Outcomes of ledger entries: the equation of a chunk, and how many different records a destination gets of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

ROUTED: Final = "routed"
JOINED: Final = "joined"
DROPPED: Final = "dropped/"
DEAD_LETTER: Final = "dead_letter/"
TO_TOPIC: Final = "routed/"
TOGETHER: Final = "together/"
LOST: Final = "lost/"
UNREAD: Final = "left/unread"
SENT: Final = "sent"


def decided(outcomes: Mapping[str, int]) -> int:
    """Lines of which is told what became of them."""
    whole = outcomes.get(ROUTED, 0) + outcomes.get(JOINED, 0)
    return whole + sum(amount for name, amount in outcomes.items() if name.startswith((DROPPED, DEAD_LETTER)))


def distinct(outcomes: Mapping[str, int], topics: Collection[str]) -> int:
    """Different records that come into any of some topics: one that went to two of them counts once."""
    found = 0
    for name, amount in outcomes.items():
        if name.startswith(TO_TOPIC):
            found += amount if name[len(TO_TOPIC) :] in topics else 0
        elif name.startswith(TOGETHER):
            found -= amount * max(0, len(frozenset(name[len(TOGETHER) :].split("+")) & frozenset(topics)) - 1)
    return found


def topics_named(outcomes: Mapping[str, int]) -> set[str]:
    """Topics that records were routed to."""
    return {name[len(TO_TOPIC) :] for name in outcomes if name.startswith(TO_TOPIC)}


def below(outcomes: Mapping[str, int], beginning: str) -> dict[str, int]:
    """``dropped/severity: 3`` below ``dropped/`` is ``severity: 3``."""
    return {name[len(beginning) :]: amount for name, amount in outcomes.items() if name.startswith(beginning)}
