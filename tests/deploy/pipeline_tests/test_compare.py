"""An expectation holds for exactly what it says, and what differs shows itself as text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.pipeline_tests.align import aligned
from deploy.pipeline_tests.compare import Comparison, compare
from deploy.pipeline_tests.expected import Expectation
from deploy.pipeline_tests.run import Outcome

RECORD: dict[str, Any] = {
    "body": "a",
    "original": None,
    "severity": "INFO",
    "severity_text": "info",
    "attributes": {"n": 1, "up": True, "user": {"name": "bob", "id": 7}, "list": [1, 2]},
    "parser": "json",
    "flags": ["incomplete", "split"],
    "stream": "stdout",
    "labels": {"app": "cart", "tier": "web"},
}


def against(record: Any, **changes: Any) -> Comparison:
    expect = Expectation.model_validate({"topics": {"logs.app": [record]}})
    return compare(expect, Outcome(topics={"logs.app": [{**RECORD, **changes}]}))


@pytest.mark.parametrize(
    "record",
    [
        "a",
        {},
        {"body": "a", "original": None, "severity": "information", "severity_text": "info"},
        {"attributes": {"n": 1, "user": {"name": "bob"}}},
        {"attributes": {"list": [1, 2], "up": True, "n": 1, "user": {"id": 7, "name": "bob"}}, "exact": True},
        {"flags": ["split", "incomplete"], "labels": {"app": "cart"}, "absent": ["m"]},
    ],
)
def test_a_record_is_as_its_expectation_says(record: Any) -> None:
    assert against(record).is_good


@pytest.mark.parametrize(
    ("record", "line"),
    [
        ("b", "+    - a"),
        ({"severity": "warn"}, "+    - severity: INFO"),
        ({"original": "a"}, "+    - original: null"),
        ({"attributes": {"n": 1.0}}, "+        n: 1"),
        ({"attributes": {"n": True}}, "+        n: 1"),
        ({"attributes": {"up": 1}}, "+        up: true"),
        ({"attributes": {"m": 1}}, "-        m: 1"),
        ({"attributes": {"user": {"name": "eve"}}}, "+          name: bob"),
        ({"attributes": {"list": [1]}}, "+          - 2"),
        ({"attributes": {"n": 1}, "exact": True}, "+        up: true"),
        ({"exact": True}, "+      attributes:"),
        ({"absent": ["n"]}, "-        - n"),
        ({"flags": []}, "+        - split"),
        ({"labels": {"app": "shop"}}, "+        app: cart"),
        ({"document": {"log": "a"}}, "-        log: a"),
    ],
)
def test_what_differs_is_a_line_of_the_difference(record: Any, line: str) -> None:
    found = against(record)
    assert not found.is_good
    assert line in found.diff()


def drops(expected: dict[str, int], found: dict[str, int], **more: Any) -> bool:
    return compare(Expectation.model_validate({"dropped": expected, **more}), Outcome(dropped=found)).is_good


@pytest.mark.parametrize(
    ("expected", "found", "is_good"),
    [
        ({"severity": 2}, {"severity": 2}, True),
        ({"severity": 3}, {"severity": 1, "severity/quiet": 2}, True),
        ({"severity": 1, "severity/quiet": 2}, {"severity": 1, "severity/quiet": 2}, True),
        ({"severity/quiet": 2, "severity": 1}, {"severity": 1, "severity/quiet": 2}, True),
        ({"severity/quiet": 2}, {"severity": 2}, False),
        ({"severity": 0}, {}, True),
        ({"severity": 0}, {"severity": 1}, False),
        ({}, {"sampled": 1}, False),
        ({"sampled": 1}, {}, False),
        ({"sampled/one": 1}, {"sampled/one-more": 1}, False),
    ],
)
def test_drops_are_counted_by_reason_and_by_what_decided(
    expected: dict[str, int], found: dict[str, int], *, is_good: bool
) -> None:
    assert drops(expected, found) is is_good


def test_what_nobody_expected_is_a_difference_unless_the_test_says_otherwise() -> None:
    outcome = Outcome(
        topics={"x": [RECORD], "y": [{**RECORD, "body": "b"}, RECORD]}, dropped={"severity": 1}, letters=[{}]
    )
    assert not compare(Expectation.model_validate({"topics": {"y": ["a"]}}), outcome).is_good
    assert compare(Expectation.model_validate({"topics": {"y": ["a"]}, "nothing_else": False}), outcome).is_good
    assert not compare(Expectation.model_validate({"topics": {"y": ["c"]}, "nothing_else": False}), outcome).is_good
    backwards = {"topics": {"y": ["a", "b"]}, "nothing_else": False}
    assert not compare(Expectation.model_validate(backwards), outcome).is_good


def test_a_topic_that_must_be_empty_is_not_when_something_comes() -> None:
    expect = Expectation.model_validate({"topics": {"x": []}, "nothing_else": True})
    assert compare(expect, Outcome()).is_good
    assert not compare(expect, Outcome(topics={"x": [RECORD]})).is_good


def test_joined_lines_and_dead_letters_are_compared() -> None:
    letter = {"reason": "unreadable_framing", "message": "m", "original": "x", "redacted": False}
    found = Outcome(joined=2, letters=[letter])
    assert compare(Expectation.model_validate({"joined": 2, "dead_letters": [{"original": "x"}]}), found).is_good
    assert compare(Expectation.model_validate({"dead_letters": 1}), found).is_good
    assert not compare(Expectation.model_validate({"joined": 1, "dead_letters": 1}), found).is_good
    assert not compare(Expectation.model_validate({"dead_letters": [{"redacted": True}]}), found).is_good
    assert not compare(Expectation.model_validate({}), found).is_good


def test_lines_that_nobody_accounts_for_fail_a_test() -> None:
    assert not compare(Expectation(), Outcome(unaccounted=1)).is_good


letters = st.lists(st.sampled_from("abc"), max_size=6)


@given(letters, letters, st.booleans())
def test_every_record_has_its_place_in_order(wanted: list[str], came: list[str], others_cost: bool) -> None:
    pairs = aligned(wanted, came, lambda want, got: float(want != got), others_cost=others_cost)
    assert [want for want, _ in pairs if want is not None] == wanted
    assert [got for _, got in pairs if got is not None] == came


@given(letters, letters, letters)
def test_what_is_the_same_is_found_among_others(before: list[str], wanted: list[str], after: list[str]) -> None:
    came = [*before, *wanted, *after]
    pairs = aligned(wanted, came, lambda want, got: float(want != got), others_cost=False)
    assert [want == got for want, got in pairs if want is not None] == [True] * len(wanted)
