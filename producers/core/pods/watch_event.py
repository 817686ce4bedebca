"""One line of a watch response -> what happened; pure.

Format: Kubernetes API concepts, "Efficient detection of changes" (JSON objects `{"type": …, "object": …}`, one a line)
and "Watch bookmarks".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

GONE: Final = 410


@dataclass(frozen=True)
class Seen:
    """An object that is there, new or changed."""

    pod: Mapping[str, Any]
    version: str


@dataclass(frozen=True)
class Gone:
    """An object that is there no more, as it was last."""

    pod: Mapping[str, Any]
    version: str


@dataclass(frozen=True)
class Bookmark:
    """Nothing happened up to this version."""

    version: str


@dataclass(frozen=True)
class Broken:
    """The watch cannot go on from where it is: list again."""

    status: int
    """410: the version is too old, as is usual after a while; 0: the line was not readable."""
    message: str


Event: TypeAlias = Seen | Gone | Bookmark | Broken


def read_event(line: bytes) -> Event:
    """What a line tells. Never raises on input."""
    try:
        told = json.loads(line)
        kind, found = told["type"], told["object"]
        if kind == "ERROR":
            return Broken(int(found.get("code") or 0), str(found.get("message") or "no reason given"))
        version = str(found["metadata"]["resourceVersion"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Broken(0, f"not a watch event: {line[:100].decode(errors='replace')}")
    match kind:
        case "ADDED" | "MODIFIED":
            return Seen(found, version)
        case "DELETED":
            return Gone(found, version)
        case "BOOKMARK":
            return Bookmark(version)
    return Broken(0, f"unknown watch event {kind!r}")
