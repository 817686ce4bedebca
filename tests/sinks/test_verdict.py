"""Each document's own answer decides what becomes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.elasticsearch.verdict import REMEDIES, verdict
from sinks.verdict import Done, Reject, Retry

PARSING = {
    "type": "document_parsing_exception",
    "reason": "[1:2] failed to parse field [n]",
    "caused_by": {"type": "illegal_argument_exception", "reason": "For input string"},
}


@pytest.mark.parametrize("operation", ["create", "index"])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Done.INDEXED),
        (201, Done.INDEXED),
        (409, Done.ALREADY_THERE),
        *((status, Retry(f"status {status}")) for status in (408, 429, 500, 502, 503, 504)),
        *((status, Retry(f"status {status}", remedy=REMEDIES[status])) for status in (401, 403, 404)),
    ],
)
def test_a_status_is_done_or_not_yet(operation, status, expected):
    assert verdict({operation: {"status": status}}) == expected


def test_what_the_index_will_never_take_is_rejected_with_the_reason_and_its_cause():
    assert verdict({"create": {"status": 400, "error": PARSING}}) == Reject(
        "document_parsing_exception: [1:2] failed to parse field [n] (illegal_argument_exception: For input string)"
    )


@pytest.mark.parametrize("status", [400, 405, 413, 422])
def test_a_rejection_without_words_names_its_status(status):
    assert verdict({"create": {"status": status}}) == Reject(f"status {status}: None")


@given(
    st.dictionaries(
        st.text(max_size=6),
        st.dictionaries(st.sampled_from(["status", "error", "x"]), st.none() | st.integers() | st.text(max_size=5)),
        max_size=1,
    )
)
def test_any_answer_has_a_verdict(item):
    assert isinstance(verdict(item), Done | Retry | Reject)


def test_no_answer_is_no_success():
    assert isinstance(verdict({}), Retry)
    assert isinstance(verdict({"create": {}}), Retry)
