"""Rules that change records, as a table; and what must hold for any rule."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings.transform import TransformRule
from streams.core.rules.facts import Facts
from streams.core.transform import transform_of

FACTS = Facts("kube.shop.cart-1.app", "shop", "cart-1", "app", {}, {}, "node-1")
NOWHERE = Facts("host.syslog", "", "", "", {}, {}, "")


def fields(attributes: dict[str, Any], body: str = "body", original: str | None = None) -> dict[str, Any]:
    return {
        "severity_text": None,
        "body": body,
        "original": original,
        "attributes": attributes,
        "trace_id": None,
        "span_id": None,
        "parser": "json",
        "flags": (),
    }


def changed(rule: dict[str, Any], attributes: dict[str, Any], facts: Facts = FACTS) -> dict[str, Any]:
    event = fields(attributes)
    made = transform_of([TransformRule.model_validate({"match": "**", **rule})], facts)
    assert made is not None
    assert made.apply(event) is None
    assert {**event, "attributes": {}} == fields({})
    found: dict[str, Any] = event["attributes"]
    return found


TABLE = [
    # add
    ({"add": {"env": "prod", "n": 1, "b": True}}, {"env": "x"}, {"env": "prod", "n": 1, "b": True}),
    ({"add": {"a": "{namespace}/{pod}/{container}@{node}"}}, {}, {"a": "shop/cart-1/app@node-1"}),
    ({"add": {"a": "{x} and {y.z}"}}, {"x": 1, "y": {"z": "two"}}, {"x": 1, "y": {"z": "two"}, "a": "1 and two"}),
    ({"add": {"a": "{x}"}}, {"x": [1, 2]}, {"x": [1, 2], "a": [1, 2]}),
    ({"add": {"a": "{{{x}}}"}}, {"x": 1}, {"x": 1, "a": "{1}"}),
    ({"add": {"a": "{missing} text"}}, {"a": 1}, {"a": 1}),
    ({"add": {"http.status": 1}}, {}, {"http.status": 1}),
    ({"add": {"http.status": 1}}, {"http": {"a": 2}}, {"http": {"a": 2, "status": 1}}),
    ({"add": {"full": "{first} {last}"}, "remove": ["first", "last"]}, {"first": "a", "last": "b"}, {"full": "a b"}),
    # remove
    ({"remove": ["a", "b.c", "missing", "x.y"]}, {"a": 1, "b": {"c": 1, "d": 2}, "x.y": 3}, {"b": {"d": 2}}),
    ({"remove": ["a.b.c"]}, {"a": {"b.c": 1}, "z": 1}, {"z": 1}),
    ({"remove": ["a.b"]}, {"a": {"b": 1}}, {}),
    ({"remove": ["*_id", "h.in.*"]}, {"a_id": 1, "b": {"c_id": 2, "d": 3}, "h": {"in": {"x": 1}}}, {"b": {"d": 3}}),
    ({"remove": ["*"], "add": {"a": 1}}, {"x": {}, "y": 1}, {"a": 1}),
    ({"remove": ["a.b"]}, {"a": [1], "b": 1}, {"a": [1], "b": 1}),
    # rename
    ({"rename": {"usr": "user.name"}}, {"usr": "bob"}, {"user.name": "bob"}),
    ({"rename": {"a.b": "c"}}, {"a": {"b": 1}, "c": 2}, {"c": 1}),
    ({"rename": {"a": "b", "b": "c"}}, {"a": 1}, {"c": 1}),
    ({"rename": {"missing": "a"}}, {"b": 1}, {"b": 1}),
    # lift
    ({"lift": ["data"]}, {"data": {"a": 1, "b": 2}, "b": 3}, {"b": 3, "a": 1, "data": {"b": 2}}),
    ({"lift": {"http": "http."}}, {"http": {"status": 200}}, {"http.status": 200}),
    ({"lift": {"a.b": ""}}, {"a": {"b": {"c": 1}}}, {"c": 1}),
    ({"lift": ["text", "missing"]}, {"text": "x"}, {"text": "x"}),
    ({"lift": ["a"]}, {"a": {}}, {}),
    ({"lift": ["a"]}, {"a": {"a": 1}}, {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "attributes", "expected"), TABLE)
def test_attributes(rule: dict[str, Any], attributes: dict[str, Any], expected: dict[str, Any]) -> None:
    assert changed(rule, attributes) == expected


def test_a_place_that_a_source_has_not_got_adds_nothing() -> None:
    assert changed({"add": {"a": "{namespace}", "b": "{tag}"}}, {}, NOWHERE) == {"b": "host.syslog"}


PROMOTIONS = [
    ("body", "text", {"body": "text", "original": "body"}, None),
    ("body", {"a": 1}, {"body": '{"a":1}', "original": "body"}, None),
    ("severity", "Warning", {"severity_text": "Warning"}, 13),
    ("severity", 50, {"severity_text": "50"}, 17),
    ("severity", 9, {"severity_text": "9"}, 9),
    ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736", {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}, None),
    ("trace_id", "4BF92F35-77B3-4DA6-A3CE-929D0E0E4736", {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}, None),
    ("trace_id", "00f067aa0ba902b7", {"trace_id": "000000000000000000f067aa0ba902b7"}, None),
    ("span_id", "00f067aa0ba902b7", {"span_id": "00f067aa0ba902b7"}, None),
]


@pytest.mark.parametrize(("target", "value", "expected", "number"), PROMOTIONS)
def test_promotion(target: str, value: Any, expected: dict[str, Any], number: int | None) -> None:
    event = fields({"at": {"x": value}, "z": 1})
    made = transform_of([TransformRule(match="**", promote={"at.x": target})], FACTS)
    assert made is not None
    assert made.apply(event) == number
    assert event == {**fields({"z": 1}), **expected}


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("severity", "loud"),
        ("severity", 1.5),
        ("severity", True),
        ("trace_id", "xyz"),
        ("trace_id", 5),
        ("span_id", "0" * 16),
        ("span_id", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("body", None),
    ],
)
def test_what_cannot_be_promoted_stays_an_attribute(target: str, value: Any) -> None:
    assert changed({"promote": {"a": target, "missing": "body"}}, {"a": value}) == {"a": value}


def test_the_original_never_changes() -> None:
    event = fields({"a": "new"}, body="part", original="the whole line")
    made = transform_of([TransformRule(match="**", promote={"a": "body"})], FACTS)
    assert made is not None
    made.apply(event)
    assert (event["body"], event["original"]) == ("new", "the whole line")


def test_rules_apply_one_after_the_other() -> None:
    rules = [TransformRule(match="**", add={"a": 1}), TransformRule(match="**", rename={"a": "b"})]
    event = fields({})
    made = transform_of(rules, FACTS)
    assert made is not None
    made.apply(event)
    assert event["attributes"] == {"b": 1}
    assert transform_of([], FACTS) is None


def test_objects_that_records_share_are_not_changed() -> None:
    shared = {"b": {"c": 1, "d": 2}}
    for rule in ({"remove": ["a.b.c"]}, {"rename": {"a.b.c": "x"}}, {"add": {"a.b.e": 1}}, {"remove": ["a.b.?"]}):
        assert changed(rule, {"a": shared}) != {"a": shared}
        assert shared == {"b": {"c": 1, "d": 2}}


NAMES = st.sampled_from(["a", "b", "a.b", "b.c", "a.b.c", ".", "..", "a.", "*", "a*", "[a", "body"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 60) | st.text("ab{}", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
RULES = st.fixed_dictionaries(
    {"remove": st.lists(NAMES, min_size=1, max_size=2)},
    optional={
        "lift": st.dictionaries(NAMES, st.sampled_from(["", "a.", "x"]), max_size=2),
        "rename": st.dictionaries(NAMES, NAMES, max_size=2),
        "promote": st.dictionaries(NAMES, st.sampled_from(["body", "severity"]), max_size=2),
        "add": st.dictionaries(NAMES, st.sampled_from(["x", "{a}", "{a.b} x", "{pod}"]), max_size=2),
    },
)


@given(RULES, st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_rule_leaves_a_record_and_shares_nothing(rule: dict[str, Any], attributes: dict[str, Any]) -> None:
    shared = repr({name: value for name, value in attributes.items() if isinstance(value, dict)})
    kept = {name: value for name, value in attributes.items() if isinstance(value, dict)}
    event = fields(dict(attributes))
    made = transform_of([TransformRule.model_validate({"match": "**", **rule})], FACTS)
    assert made is not None
    number = made.apply(event)
    assert number is None or (1 <= number <= 24 and event["severity_text"])
    assert isinstance(event["body"], str)
    assert repr(kept) == shared
