"""Which versions of rules ``list`` and ``history`` show, with what became of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deploy.rules.versions import State, Version, latest, state_of, states
from streams.core.rules.in_force import Unusable, read_rule

if TYPE_CHECKING:
    from schemas.settings import Settings

Shown = tuple[Version, State]


def current(versions: Sequence[Version], kind: str, settings: Settings, now: int) -> list[Shown]:
    """The last version of each rule of a kind, the newest first; unreadable ones of any kind."""
    found = [
        (each, _state(each, settings, now))
        for each in latest(versions).values()
        if each.value is None or each.value["kind"] == kind
    ]
    return sorted(found, key=lambda shown: (-(shown[0].value or {}).get("created_at", 0), shown[0].id))


def _state(version: Version, settings: Settings, now: int) -> State:
    if version.value is None or isinstance(read_rule(version.id, version.value, settings), Unusable):
        return State.UNUSABLE
    return state_of(version.value, now)


def history(versions: Sequence[Version], kind: str, name: str | None, now: int) -> list[Shown]:
    """Every version of the rules of a kind, oldest first; tombstones and unreadable ones of the same ids with them."""
    ids = {each.id for each in versions if each.value and each.value["kind"] == kind}
    return [each for each in states(versions, now) if each[0].id in ids and name in (None, each[0].id)]
