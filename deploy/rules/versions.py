"""What logs.control says about rules, version by version. Pure; times are nanoseconds since 1970.

The topic holds each rule as it was set, in order. Removing one leaves two records: a withdrawal (a version whose expiry
is not after its creation, with who and why) and a tombstone, so that compaction forgets it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from streams.core.rules.in_force import is_over

SLUG_AT_MOST: Final = 60


class State(StrEnum):
    """What became of one version of a rule."""

    IN_FORCE = "in force"
    UNUSABLE = "unusable"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REMOVED = "removed"


class Version(NamedTuple):
    """One record of the topic."""

    offset: int
    written_at: int
    id: str
    value: Mapping[str, Any] | None
    """The decoded Rule; None: a tombstone, or unreadable (`problem`)."""
    problem: str = ""


def latest(versions: Iterable[Version]) -> dict[str, Version]:
    """The last record of each id, where that is no tombstone; oldest first."""
    found: dict[str, Version] = {}
    for version in versions:
        found.pop(version.id, None)
        if version.value is not None or version.problem:
            found[version.id] = version
    return found


def state_of(value: Mapping[str, Any], now: int) -> State:
    """Whether the last version of a rule is in force."""
    if value["expires_at"] is not None and value["expires_at"] <= value["created_at"]:
        return State.REMOVED
    return State.EXPIRED if is_over(value["created_at"], value["expires_at"], now) else State.IN_FORCE


def states(versions: Iterable[Version], now: int) -> list[tuple[Version, State]]:
    """Every version with what became of it; tombstones behind a withdrawal are left out, they say nothing new."""
    told: list[tuple[Version, State]] = []
    last: dict[str, int] = {}
    """Rule id -> its version that came last, as an index into `told`."""
    for version in versions:
        known = last.get(version.id)
        if version.value is None and not version.problem:
            if known is not None and told[known][1] is State.REMOVED:
                continue
            state = State.REMOVED
        else:
            state = State.UNUSABLE if version.value is None else state_of(version.value, now)
        if known is not None and told[known][1] is State.IN_FORCE:
            over = State.REMOVED if state is State.REMOVED else State.REPLACED
            told[known] = (told[known][0], over)
        last[version.id] = len(told)
        told.append((version, state))
    return told


def next_version(versions: Iterable[Version], rule_id: str) -> int:
    """The number of the next version of a rule; goes on counting where it had been removed."""
    return 1 + max((each.value["version"] for each in versions if each.id == rule_id and each.value), default=0)


def next_time(versions: Iterable[Version], now: int) -> int:
    """When the next version is created: now, but never before the rules that are there already.

    Rules are ordered by it, newest first, and clocks of operators' machines differ.
    """
    known = (each.value["created_at"] for each in latest(versions).values() if each.value)
    return max(now, 1 + max(known, default=0))


def rule_id(kind: str, match: str, settings: str) -> str:
    """The id of a rule that nobody named: readable, and the same for the same sources."""
    told = json.loads(settings)
    place = {key: told[key] for key in ("where", "namespaces") if told.get(key)}
    about = match if "namespaces" not in place else " ".join(map(str, place["namespaces"]))
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", about).strip("-")[:SLUG_AT_MOST].rstrip("-") or "all"
    whole = json.dumps([kind, match, place], sort_keys=True).encode()
    return f"{kind}-{slug}-{hashlib.blake2s(whole, digest_size=2).hexdigest()}"
