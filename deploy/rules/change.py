"""What somebody wants a rule to be, and the Rule value that says so. Pure; times are nanoseconds since 1970."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from deploy.rules.versions import State, Version, latest, next_time, next_version, rule_id, state_of
from schemas.errors import SettingsError
from schemas.settings.live import ANY_TAG, check_rule, has_match, stored_settings
from streams.core.rules import Rules
from streams.core.rules.in_force import LiveRules, read_rule
from streams.core.rules.live import LiveRule

if TYPE_CHECKING:
    from schemas.settings import Settings

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Wish:
    """A rule as somebody asked for it."""

    kind: str
    data: Mapping[str, Any]
    """As it would stand in the settings file."""
    id: str | None
    author: str
    reason: str
    lasts: int | None
    """Nanoseconds; None: for good."""


def rule_value(wish: Wish, versions: Sequence[Version], settings: Settings, now: int) -> dict[str, Any]:
    """The Rule to be written. Raises SettingsError with everything that is wrong with it."""
    checked = check_rule(wish.kind, wish.data, settings, "rule")
    if isinstance(checked, tuple):
        told = "\n".join(f"  {str(finding).removeprefix('rule: ')}" for finding in checked)
        raise SettingsError(
            f"no {wish.kind} rule can be like this:\n{told}", remedy="correct it; the keys are those of logferry.yaml"
        )
    told, match = stored_settings(checked), str(wish.data.get("match", ANY_TAG))
    created_at = next_time(versions, now)
    expires_at = None if wish.lasts is None else now + wish.lasts
    _clock_is_right(created_at, expires_at)
    key = _checked_id(wish.id) if wish.id else rule_id(wish.kind, match, told)
    _not_of_another_kind(key, wish.kind, versions)
    value = {
        "id": key,
        "kind": wish.kind,
        "match": match if has_match(wish.kind) else ANY_TAG,
        "settings": told,
        "version": next_version(versions, key),
        "author": wish.author,
        "reason": wish.reason,
        "created_at": created_at,
        "expires_at": expires_at,
    }
    _contradicts_nothing(value, versions, settings, now)
    return value


def withdrawal(version: Version, author: str, reason: str, now: int) -> dict[str, Any]:
    """The last version of a rule, which says who removes it and why. Its tombstone follows."""
    assert version.value is not None
    created_at = max(now, version.value["created_at"] + 1)
    told = {"version": version.value["version"] + 1, "author": author, "reason": reason}
    return {**version.value, **told, "created_at": created_at, "expires_at": created_at}


def over(versions: Iterable[Version], now: int) -> list[str]:
    """Ids of rules of all kinds that are not in force any more and can be forgotten."""
    known = latest(versions)
    return [key for key, each in known.items() if each.value and state_of(each.value, now) is not State.IN_FORCE]


def meant(versions: Iterable[Version], kind: str, name: str) -> list[Version]:
    """The rules of a kind that an id or a tag pattern names; an id comes first."""
    known = [each for each in latest(versions).values() if each.value and each.value["kind"] == kind]
    by_id = [each for each in known if each.id == name]
    return by_id or [each for each in known if each.value and name in _subjects(each.value, kind)]


def live_rules(versions: Iterable[Version], settings: Settings, now: int) -> tuple[LiveRule, ...]:
    """What workers have in force, newest first."""
    live = LiveRules()
    for each in latest(versions).values():
        rule = read_rule(each.id, each.value, settings) if each.value else None
        if isinstance(rule, LiveRule):
            live.put(rule)
    live.expire(now)
    return live.newest_first


def with_candidate(live: Iterable[LiveRule], value: Mapping[str, Any], settings: Settings) -> tuple[LiveRule, ...]:
    """What workers would have in force after the change."""
    rule = read_rule(value["id"], value, settings)
    assert isinstance(rule, LiveRule), rule
    return (rule, *(each for each in live if each.id != rule.id))


def _subjects(value: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    if has_match(kind):
        return (value["match"],)
    return tuple(json.loads(value["settings"]).get("namespaces", ()))


def _checked_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise SettingsError(
            f"{text!r} cannot be the id of a rule",
            where="--id",
            remedy="use letters, digits, dots, dashes and underscores, 200 at most",
        )
    return text


def _clock_is_right(created_at: int, expires_at: int | None) -> None:
    """A rule that ends before the newest one begins would look like a withdrawal."""
    if expires_at is not None and expires_at <= created_at:
        raise SettingsError(
            "the newest rule is from a time that is still to come, later than the end of this one",
            remedy="correct the clock of this machine, or set again the rule that `list` of its kind shows first",
        )


def _not_of_another_kind(key: str, kind: str, versions: Iterable[Version]) -> None:
    known = latest(versions).get(key)
    if known and known.value and known.value["kind"] != kind:
        raise SettingsError(
            f"{key} is the id of a {known.value['kind']} rule", where="--id", remedy="choose another, or leave it out"
        )


def _contradicts_nothing(value: Mapping[str, Any], versions: Sequence[Version], settings: Settings, now: int) -> None:
    live = with_candidate(live_rules(versions, settings, now), value, settings)
    problems = [each for each in Rules.of(settings, live).problems if value["id"] in each]
    if problems:
        raise SettingsError("; ".join(problems), remedy="change it, or unset the rule that it contradicts first")
