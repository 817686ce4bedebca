"""What an answer of CloudWatch Logs means for each event of a request.

Source: API reference, PutLogEvents (errors, RejectedLogEventsInfo) and "Common errors".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sinks.verdict import Done, Reject, Retry, Verdict

MISSING: Final = "ResourceNotFoundException"
"""There is no such log group, or no such log stream in it."""
ALREADY_ACCEPTED: Final = "DataAlreadyAcceptedException"
"""AWS itself does not answer this any more."""
REFUSED: Final = frozenset({"InvalidParameterException", "ValidationException", "SerializationException"})
"""A request that CloudWatch cannot take for what it contains: sending it again changes nothing."""

TOO_OLD: Final = "tooOldLogEventEndIndex: older than the 14 days that CloudWatch takes"
EXPIRED: Final = "expiredLogEventEndIndex: older than the log group's retention"
TOO_NEW: Final = "tooNewLogEventStartIndex: more than 2 hours in the future"

_CREDENTIALS: Final = (
    "the credentials are not accepted: look at the environment, the profile, the service account's role, and the clock"
)
_RIGHTS: Final = "allow logs:PutLogEvents, and with create: true also logs:CreateLogStream and logs:CreateLogGroup"
REMEDIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NotAuthorized",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ),
        _CREDENTIALS,
    ),
    **dict.fromkeys(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"), _RIGHTS),
    "OptInRequired": "the account is not subscribed to the service",
    "LimitExceededException": "a quota of the account is used up: ask AWS for more log groups",
    MISSING: "make the log group and its streams, or write create: true",
}
"""Error code -> what a person has to do. Others come right by waiting."""


def waits(code: str) -> Retry:
    """The verdict on events of a request that failed as a whole for something that is not their fault."""
    return Retry(code, remedy=REMEDIES.get(code, ""))


def verdicts(answer: Mapping[str, Any], count: int) -> list[Verdict]:
    """The verdict on each of ``count`` events by the answer of a request that was taken."""
    found: list[Verdict] = [Done.DELIVERED] * count
    info: Mapping[str, Any] = answer.get("rejectedLogEventsInfo") or {}
    old = _end(info.get("tooOldLogEventEndIndex"), count)
    expired = _end(info.get("expiredLogEventEndIndex"), count)
    new = info.get("tooNewLogEventStartIndex")
    found[: max(old, expired)] = [Reject(TOO_OLD)] * old + [Reject(EXPIRED)] * max(0, expired - old)
    if isinstance(new, int):
        begin = min(max(new, 0), count)
        found[begin:] = [Reject(TOO_NEW)] * (count - begin)
    return found


def _end(value: Any, count: int) -> int:
    """How many of the first events an exclusive end speaks of."""
    return min(max(value, 0), count) if isinstance(value, int) else 0


def worse(one: Verdict | None, other: Verdict) -> Verdict:
    """The verdict on a record by those on two of its parts: to be sent again, else refused, else there."""
    if one is None or isinstance(other, Retry):
        return other
    if isinstance(one, Done):
        return other
    return one
