"""What an answer of Elasticsearch means for one document.

A status stands for each document of a bulk response (Elasticsearch reference, "Bulk API", response body).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sinks.verdict import Done, Reject, Retry, Verdict

REMEDIES: Final[Mapping[int, str]] = {
    401: "check the sink's api_key, or username and password",
    403: "give this user the rights create_doc and auto_configure on the sink's indices; "
    "a full disk also makes indices read-only",
    404: "let Elasticsearch create the index (action.auto_create_index), or create it",
}
"""Rights and missing indices are put right outside; the record is fine."""

_LATER: Final = frozenset({401, 403, 404, 408, 429})


def verdict(item: Mapping[str, Any]) -> Verdict:
    """The verdict on one entry of a bulk response's ``items``."""
    answer: Mapping[str, Any] = next(iter(item.values()), {})
    status = answer.get("status")
    match status:
        case 200 | 201:
            return Done.INDEXED
        case 409:
            return Done.ALREADY_THERE
        case int() if status in _LATER:
            return later(status)
        case int() if status < 500:
            return Reject(_reason(answer))
        case _:
            return Retry(f"status {status}")


def later(status: int) -> Retry:
    """A status that says nothing against the document."""
    return Retry(f"status {status}", remedy=REMEDIES.get(status, ""))


def _reason(answer: Mapping[str, Any]) -> str:
    error = answer.get("error")
    if not isinstance(error, Mapping):
        return f"status {answer.get('status')}: {error}"
    cause = error.get("caused_by") or {}
    because = f" ({cause.get('type')}: {cause.get('reason')})" if cause else ""
    return f"{error.get('type')}: {error.get('reason')}{because}"
