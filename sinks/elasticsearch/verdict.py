"""What an answer of Elasticsearch means for one document.

A status stands for each document of a bulk response (Elasticsearch reference, "Bulk API", response body).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias


class Done(Enum):
    """The document is where it belongs."""

    INDEXED = "indexed"
    ALREADY_THERE = "already_there"
    """A retry or a replay met itself."""


@dataclass(frozen=True)
class Retry:
    """Not now."""

    cause: str


@dataclass(frozen=True)
class Reject:
    """Never, in this form."""

    reason: str


Verdict: TypeAlias = Done | Retry | Reject


def verdict(item: Mapping[str, Any]) -> Verdict:
    """The verdict on one entry of a bulk response's ``items``."""
    answer: Mapping[str, Any] = next(iter(item.values()), {})
    status = answer.get("status")
    match status:
        case 200 | 201:
            return Done.INDEXED
        case 409:
            return Done.ALREADY_THERE
        case 401 | 403 | 404 | 408 | 429:
            return Retry(
                f"status {status}"
            )  # rights, a missing index and pressure are put right outside; the record is fine
        case int() if status < 500:
            return Reject(_reason(answer))
        case _:
            return Retry(f"status {status}")


def _reason(answer: Mapping[str, Any]) -> str:
    error = answer.get("error")
    if not isinstance(error, Mapping):
        return f"status {answer.get('status')}: {error}"
    cause = error.get("caused_by") or {}
    because = f" ({cause.get('type')}: {cause.get('reason')})" if cause else ""
    return f"{error.get('type')}: {error.get('reason')}{because}"
