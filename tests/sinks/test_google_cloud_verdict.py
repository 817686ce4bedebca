"""What an answer of entries:write means for each entry."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.google_cloud.verdict import verdicts, worst
from sinks.verdict import Done, Reject, Retry

PARTIAL = "type.googleapis.com/google.logging.v2.WriteLogEntriesPartialErrors"
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


def error(code, status, *details):
    return json.dumps({"error": {"code": code, "message": "m", "status": status, "details": list(details)}}).encode()


def test_an_empty_object_says_that_all_were_written():
    assert verdicts(200, b"{}", 2) == [Done.DELIVERED] * 2


def test_any_other_answer_of_200_is_not_believed():
    assert verdicts(200, b"<html>", 1) == [Retry("an answer that is not of Cloud Logging")]


def test_entries_are_judged_one_by_one():
    errors = {"1": {"code": 3, "message": "too long"}, "2": {"code": 8}, "3": {"code": 7}, "4": {"code": 6}}
    answer = error(400, "INVALID_ARGUMENT", {"@type": PARTIAL, "logEntryErrors": errors})
    found = verdicts(400, answer, 5)
    assert found[:3] == [Done.DELIVERED, Reject("INVALID_ARGUMENT: too long"), Retry("RESOURCE_EXHAUSTED")]
    assert (found[3].cause, bool(found[3].remedy)) == ("PERMISSION_DENIED", True)
    assert found[4] == Done.ALREADY_THERE


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (429, "RESOURCE_EXHAUSTED"),
        (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
        (500, "INTERNAL"),
        (409, "ABORTED"),
    ],
)
def test_what_comes_right_by_itself_waits(code, status):
    assert verdicts(code, error(code, status), 2) == [Retry(status)] * 2


@pytest.mark.parametrize(
    ("code", "status"),
    [(401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (404, "NOT_FOUND"), (400, "FAILED_PRECONDITION")],
)
def test_what_somebody_has_to_put_right_waits_and_says_so(code, status):
    (found,) = verdicts(code, error(code, status), 1)
    assert (found.cause, bool(found.remedy)) == (status, True)


@pytest.mark.parametrize(("code", "body"), [(413, b"<html>"), (400, error(400, "INVALID_ARGUMENT"))])
def test_a_request_refused_for_what_it_contains_is_divided(code, body):
    assert isinstance(verdicts(code, body, 3), str)


def test_google_may_say_for_how_long_it_wants_to_be_left_alone():
    body = error(429, "RESOURCE_EXHAUSTED", {"@type": RETRY_INFO, "retryDelay": "3.5s"})
    assert verdicts(429, body, 1) == [Retry("RESOURCE_EXHAUSTED", 3.5)]
    assert verdicts(503, b"", 1, "7") == [Retry("status 503", 7.0)]
    assert verdicts(503, b"", 1, "tomorrow") == [Retry("status 503")]


json_values = st.recursive(
    st.none() | st.integers() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each), max_leaves=5
)


@given(
    st.sampled_from([200, 400, 403, 429, 500, 302]), st.dictionaries(st.just("error"), json_values), st.integers(1, 4)
)
def test_any_answer_has_one_verdict_for_each_entry_or_divides(status, answer, count):
    found = verdicts(status, json.dumps(answer).encode(), count)
    assert isinstance(found, str) or len(found) == count


def test_a_record_of_several_entries_is_there_when_all_are():
    assert worst([Done.DELIVERED, Done.DELIVERED]) == Done.DELIVERED
    assert worst([Reject("x"), Retry("y"), Done.DELIVERED]) == Retry("y")
    assert worst([Done.DELIVERED, Reject("x")]) == Reject("x")
