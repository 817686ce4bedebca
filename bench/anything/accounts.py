"""What the outcomes of a chunk's LedgerEntry mean: `schemas/avro/ledger_entry` says it in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

IN_LEDGER: Final = ("lines", "joined_lines", "records", "dropped_records", "dead_letters")
"""Metrics of the stream stage that are sums of entries."""


def balance(outcomes: Mapping[str, int]) -> int:
    """Lines that outcomes account for: `schemas/avro/ledger_entry` says what they are, `Work.account` which count."""
    counted = ("dropped/", "dead_letter/")
    return sum(amount for name, amount in outcomes.items() if name in ("routed", "joined") or name.startswith(counted))


def distinct(outcomes: Mapping[str, int], topics: Collection[str]) -> int:
    """Records that whoever reads some topics gets of a chunk, each counted once."""
    found = sum(outcomes.get(f"routed/{topic}", 0) for topic in topics)
    for name, amount in outcomes.items():
        if name.startswith("together/"):
            found -= amount * max(0, len(_topics(name).intersection(topics)) - 1)
    return found


def may_be_together(outcomes: Mapping[str, int]) -> bool:
    """Whether no topic has fewer records than those that it shares with others."""
    shared: Counter[str] = Counter()
    for name, amount in outcomes.items():
        if name.startswith("together/"):
            shared.update(dict.fromkeys(_topics(name), amount))
    return all(outcomes.get(f"routed/{topic}", 0) >= amount for topic, amount in shared.items())


def _topics(outcome: str) -> set[str]:
    return set(outcome.removeprefix("together/").split("+"))


def metric_of(outcome: str) -> tuple[str, str]:
    """Name and label of the metric that counts the same."""
    kind, _, detail = outcome.partition("/")
    match kind:
        case "routed" if detail:
            return "records", detail
        case "joined":
            return "joined_lines", ""
        case "dropped":
            return "dropped_records", detail.partition("/")[0]
        case "dead_letter":
            return "dead_letters", detail
        case _:
            return kind, detail
