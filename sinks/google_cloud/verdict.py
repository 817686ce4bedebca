"""What an answer of entries:write means for each entry.

Sources: https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/write (partialSuccess), the error model of
Google's APIs (google/rpc/status.proto, code.proto, error_details.proto).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from sinks.verdict import Done, Reject, Retry, Verdict

_PARTIAL: Final = "type.googleapis.com/google.logging.v2.WriteLogEntriesPartialErrors"
_RETRY_INFO: Final = "type.googleapis.com/google.rpc.RetryInfo"

_CODES: Final = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
"""By number."""
_REFUSED: Final = frozenset({"INVALID_ARGUMENT", "OUT_OF_RANGE"})
"""For what an entry contains. Everything else is put right outside: rights, a quota, a project, a service."""
REFUSED_WHOLE: Final = (400, 413)
TOO_LARGE: Final = 413

_REMEDIES: Final[Mapping[str, str]] = {
    "UNAUTHENTICATED": "the credentials are not accepted: look at credentials_file, the workload identity, the clock",
    "PERMISSION_DENIED": "give the service account roles/logging.logWriter in the project, and enable the Logging API",
    "NOT_FOUND": "there is no such project",
    "FAILED_PRECONDITION": "look at the project: billing, and whether the Logging API is enabled",
}


def verdicts(status: int, body: bytes, count: int, retry_after: str | None = None) -> list[Verdict] | str:
    """The verdict on each of ``count`` entries, or the reason for which a request was refused as a whole."""
    answer = _loads(body)
    if status == 200:
        taken = answer is not None
        return [Done.DELIVERED if taken else Retry("an answer that is not of Cloud Logging")] * count
    error = _object((answer or {}).get("error"))
    details = [each for each in _list(error.get("details")) if isinstance(each, dict)]
    partial = next((each for each in details if each.get("@type") == _PARTIAL), None)
    if partial:
        return _each(_object(partial.get("logEntryErrors")), count)
    name = str(error.get("status") or f"status {status}")
    if status in REFUSED_WHOLE and error.get("status") in (None, *_REFUSED):
        return f"{name}: {error.get('message', '')}"
    return [Retry(name, _delay(details, retry_after), _REMEDIES.get(name, ""))] * count


def _each(errors: Mapping[str, Any], count: int) -> list[Verdict]:
    """Entries that are not named were written."""
    found: list[Verdict] = [Done.DELIVERED] * count
    for index, error in errors.items():
        if index.isdecimal() and int(index) < count:
            found[int(index)] = _of_entry(_object(error))
    return found


def _of_entry(error: Mapping[str, Any]) -> Verdict:
    code = error.get("code")
    name = _CODES[code] if isinstance(code, int) and 0 <= code < len(_CODES) else f"code {code}"
    if name == "ALREADY_EXISTS":
        return Done.ALREADY_THERE
    if name in _REFUSED:
        return Reject(f"{name}: {error.get('message', '')}")
    return Retry(name, remedy=_REMEDIES.get(name, ""))


def _delay(details: list[dict[str, Any]], retry_after: str | None) -> float | None:
    """Seconds for which Google asks to be left alone."""
    info = next((each for each in details if each.get("@type") == _RETRY_INFO), {})
    for text in (str(info.get("retryDelay", "")).removesuffix("s"), retry_after or ""):
        try:
            return max(0.0, float(text))
        except ValueError:
            continue
    return None


def worst(verdicts_of_parts: list[Verdict]) -> Verdict:
    """The verdict on a record by those on its parts: to be sent again, else refused, else there."""
    for kind in (Retry, Reject):
        for each in verdicts_of_parts:
            if isinstance(each, kind):
                return each
    return verdicts_of_parts[0]


def _loads(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
