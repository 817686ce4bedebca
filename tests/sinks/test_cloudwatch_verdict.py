"""What an answer of CloudWatch Logs means for each event."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.cloudwatch.verdict import EXPIRED, TOO_NEW, TOO_OLD, verdicts, waits, worse
from sinks.verdict import Done, Reject, Retry

THERE = Done.DELIVERED


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({}, [THERE] * 4),
        ({"tooOldLogEventEndIndex": 2}, [Reject(TOO_OLD)] * 2 + [THERE] * 2),
        ({"expiredLogEventEndIndex": 1}, [Reject(EXPIRED)] + [THERE] * 3),
        (
            {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 3},
            [Reject(TOO_OLD)] + [Reject(EXPIRED)] * 2 + [THERE],
        ),
        ({"tooNewLogEventStartIndex": 3}, [THERE] * 3 + [Reject(TOO_NEW)]),
        ({"tooNewLogEventStartIndex": 0}, [Reject(TOO_NEW)] * 4),
        (
            {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2},
            [Reject(TOO_OLD), THERE, Reject(TOO_NEW), Reject(TOO_NEW)],
        ),
    ],
)
def test_ends_are_exclusive_and_beginnings_inclusive(info, expected):
    assert verdicts({"rejectedLogEventsInfo": info} if info else {}, 4) == expected


indices = st.none() | st.integers(-3, 9)


@given(indices, indices, indices, st.integers(0, 5))
def test_any_answer_has_one_verdict_for_each_event(old, expired, new, count):
    names = ("tooOldLogEventEndIndex", "expiredLogEventEndIndex", "tooNewLogEventStartIndex")
    info = {name: value for name, value in zip(names, (old, expired, new), strict=True) if value is not None}
    assert len(verdicts({"rejectedLogEventsInfo": info}, count)) == count


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "AccessDeniedException", "ExpiredTokenException"])
def test_what_waiting_does_not_put_right_says_what_does(code):
    assert waits(code).cause == code
    assert waits(code).remedy


def test_throttling_comes_right_by_itself():
    assert waits("ThrottlingException") == Retry("ThrottlingException")


def test_a_record_of_several_events_is_there_when_all_are():
    assert worse(THERE, THERE) == THERE
    assert worse(THERE, Reject("x")) == worse(Reject("x"), THERE) == Reject("x")
    assert worse(Retry("x"), THERE) == worse(Reject("y"), Retry("x")) == worse(Retry("x"), Reject("y")) == Retry("x")
