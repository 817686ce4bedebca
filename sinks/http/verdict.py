"""What an answer means for the records of a request (statuses: RFC 9110, RFC 6585)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from sinks.destination import Piece
from sinks.http.client import Answer, NoAnswer
from sinks.verdict import Reject, Retry, Verdict

BAD_CONTENT: Final = (400, 413, 422)
"""Something in the request is not taken, and sending it again changes nothing."""
_REMEDIES: Final[Mapping[int, str]] = {
    401: "correct the credentials of the sink (token, or username and password)",
    403: "give the sink's credentials the right to write there",
    404: "correct the url of the sink",
    405: "correct the url of the sink: POST is not taken there",
    407: "the proxy wants a login",
    411: "correct the url of the sink: something on the way does not take a body",
    415: "choose another format or compression: the server does not take this one",
}


def not_now(answer: Answer | NoAnswer) -> Retry:
    """Why a request has to be sent again."""
    if isinstance(answer, NoAnswer):
        return Retry(answer.cause, remedy=answer.remedy, detail=answer.detail)
    if 300 <= answer.status < 400:
        return Retry(f"status {answer.status}", remedy="write the address that the server redirects to as url")
    remedy = _REMEDIES.get(answer.status, "")
    if not remedy and 400 <= answer.status < 500 and answer.status not in (408, 409, 425, 429):
        remedy = f"look at what the server says: {answer.text(200)}"
    return Retry(f"status {answer.status}", answer.retry_after_secs, remedy)


def judged(
    pieces: Sequence[Piece],
    post: Callable[[Sequence[Piece]], Answer | NoAnswer],
    taken: Callable[[Sequence[Piece], Answer], list[Verdict]],
    bad_content: Collection[int] = BAD_CONTENT,
) -> list[Verdict]:
    """Post pieces; where some of them keep the rest from being taken, find out by halves which.

    ``taken``: the verdicts when the answer was 2xx.
    """
    answer = post(pieces)
    if isinstance(answer, Answer) and 200 <= answer.status < 300:
        return taken(pieces, answer)
    if isinstance(answer, NoAnswer) or answer.status not in bad_content:
        return [not_now(answer)] * len(pieces)
    if len(pieces) == 1:
        return [Reject(f"status {answer.status}: {answer.text()}")]
    middle = len(pieces) // 2
    first = judged(pieces[:middle], post, taken, bad_content)
    return [*first, *judged(pieces[middle:], post, taken, bad_content)]
