"""Rules in words and as rows, for people and for machines. Pure; times are nanoseconds since 1970."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from deploy.duration import show_duration
from deploy.rules.versions import State, Version
from deploy.search.lines import safe
from schemas.settings.live import has_match

NANOS = 1_000_000_000


def show_time(nanos: int | None) -> str:
    """RFC 3339 to the second, UTC; what no calendar holds is shown as its number."""
    if nanos is None:
        return "never"
    try:
        return datetime.fromtimestamp(nanos // NANOS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(nanos)


def settings_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a Rule; empty where they are no JSON object."""
    try:
        told = json.loads(value["settings"])
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def subject(value: Mapping[str, Any]) -> str:
    """What a rule is for: its pattern, or its namespaces."""
    return value["match"] if has_match(value["kind"]) else " ".join(map(str, settings_of(value).get("namespaces", ())))


def content(value: Mapping[str, Any]) -> str:
    """What a rule says, on one line: ``minimum=debug where={"namespaces":["shop"]}``."""
    told = {key: each for key, each in settings_of(value).items() if key != "namespaces"}
    return " ".join(f"{key}={each if isinstance(each, str) else _json(each)}" for key, each in told.items())


def until(value: Mapping[str, Any], now: int) -> str:
    """Until when a rule holds."""
    end = value["expires_at"]
    if end is None:
        return "for good"
    left = (end - now) / NANOS
    return f"until {show_time(end)}" + (f" ({show_duration(left)})" if left > 0 else "")


def row(version: Version, state: State) -> dict[str, Any]:
    """A version in a table; control characters are shown, not sent: others wrote it."""
    value = version.value
    if value is None:
        return {
            "id": safe(version.id), "version": "", "state": state, "for": "", "says": safe(version.problem),
            "until": "", "author": "", "reason": "", "at": show_time(version.written_at),
        }  # fmt: skip
    return {
        "id": safe(version.id),
        "version": value["version"],
        "state": state,
        "for": safe(subject(value)),
        "says": safe(content(value)),
        "until": "for good" if value["expires_at"] is None else show_time(value["expires_at"]),
        "author": safe(value["author"]),
        "reason": safe(value["reason"]),
        "at": show_time(value["created_at"]),
    }


def as_json(version: Version, state: State) -> dict[str, Any]:
    """A version for machines; times as RFC 3339."""
    told: dict[str, Any] = {"id": version.id, "offset": version.offset, "state": str(state)}
    if version.value is None:
        return told | {"problem": version.problem or None, "at": show_time(version.written_at)}
    return told | value_as_json(version.value)


def value_as_json(value: Mapping[str, Any]) -> dict[str, Any]:
    """A Rule for machines, its settings as an object."""
    return {
        "id": value["id"],
        "kind": value["kind"],
        "version": value["version"],
        "match": value["match"],
        "settings": settings_of(value),
        "author": value["author"],
        "reason": value["reason"],
        "created_at": show_time(value["created_at"]),
        "expires_at": None if value["expires_at"] is None else show_time(value["expires_at"]),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
