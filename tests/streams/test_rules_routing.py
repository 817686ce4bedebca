"""Topics named by fields, and routes with conditions on attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings import Route, parse_settings
from streams.core.rules import SEVERITIES, DynamicTopics, Facts, Rules


def facts(namespace: str = "shop", labels: Mapping[str, str] | None = None, container: str = "app") -> Facts:
    return Facts(f"kube.{namespace}.cart-0.{container}", namespace, "cart-0", container, labels or {}, {}, "node-1")


def rules(text: str, before: Rules | None = None) -> Rules:
    return Rules.of(parse_settings(text, "logferry.yaml", {}), before=before)


def topic(text: str, source: Facts) -> tuple[str, ...]:
    return rules(text).plan(source).topics[9]


# -- names from fields ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "source", "name"),
    [
        ("logs.ns.{namespace}", facts(), "logs.ns.shop"),
        ("logs.{container}.{node}", facts(), "logs.app.node-1"),
        ("logs.{label.app}.x", facts(labels={"app": "cart"}), "logs.cart.x"),
        ("logs.{label.app.kubernetes.io/name}", facts(labels={"app.kubernetes.io/name": "a"}), "logs.a"),
        ("logs.{label.app}", facts(), "logs.none"),
        ("logs.{label.app}", facts(labels={"app": ""}), "logs.none"),
        ("logs.{label.app}", facts(labels={"app": "ä b/c"}), "logs.--b-c"),
        ("logs.{label.app}", facts(labels={"app": "{namespace}"}), "logs.-namespace-"),
        ("logs.ns.{namespace}", Facts("host.syslog", "", "", "", {}, {}, "n"), "logs.ns.none"),
        ("logs.{label.app}", facts(labels={"app": "x" * 300}), "logs." + "x" * 244),
    ],
)
def test_fields_become_parts_of_the_name_of_a_topic(template: str, source: Facts, name: str) -> None:
    found = rules(f'routes: [{{match: "**", topic: "{template}"}}]').plan(source)
    assert (found.topics[9], found.on_demand) == ((name,), {name})


def test_a_name_never_is_that_of_a_topic_with_a_meaning_of_its_own() -> None:
    text = 'routes: [{match: "**", topic: "logs.{namespace}"}]'
    assert [topic(text, facts(name)) for name in ("raw", "dead-letter", "shop")] == [
        ("logs.other",),
        ("logs.other",),
        ("logs.shop",),
    ]


def test_a_name_may_be_that_of_another_routes_topic_unless_that_has_another_encoding() -> None:
    text = """
routes:
  - {match: "x.**", topic: logs.avro}
  - {match: "x.**", topic: logs.json, format: json}
  - {match: "**", topic: "logs.{namespace}"}
"""
    found = {name: rules(text).plan(facts(name)) for name in ("avro", "json")}
    assert {name: (each.topics[9], set(each.on_demand)) for name, each in found.items()} == {
        "avro": (("logs.avro",), set()),
        "json": (("logs.other",), {"logs.other"}),
    }


LIMITED = """
topics: {dynamic_max: 2}
routes: [{match: "**", topic: "logs.ns.{namespace}"}]
"""


def test_beyond_the_limit_of_names_all_others_share_one() -> None:
    compiled = rules(LIMITED)
    found = [compiled.plan(facts(name)).topics[9][0] for name in ("a", "b", "c", "d", "a")]
    assert found == ["logs.ns.a", "logs.ns.b", "logs.ns.other", "logs.ns.other", "logs.ns.a"]
    assert compiled.made.names == ("logs.ns.a", "logs.ns.b")


def test_a_namespace_that_is_called_other_takes_no_name_from_the_rest() -> None:
    compiled = rules(LIMITED)
    found = [compiled.plan(facts(name)).topics[9][0] for name in ("other", "a", "b")]
    assert found == ["logs.ns.other", "logs.ns.a", "logs.ns.b"]


def test_names_outlive_the_rules_that_made_them() -> None:
    first = rules(LIMITED)
    for name in "ab":
        first.plan(facts(name))
    assert [rules(LIMITED, first).plan(facts(name)).topics[9][0] for name in "cb"] == ["logs.ns.other", "logs.ns.b"]


def test_names_that_are_there_already_are_kept_to() -> None:
    settings = parse_settings(LIMITED, "logferry.yaml", {})
    compiled = Rules(settings, made=DynamicTopics(2, ["logs.ns.x", "logs.ns.y", "logs.ns.z"]))
    assert [compiled.plan(facts(name)).topics[9][0] for name in "ay"] == ["logs.ns.other", "logs.ns.y"]


def test_names_that_kafka_takes_for_the_same_are_one_topic() -> None:
    compiled = rules('routes: [{match: "**", topic: "logs.{label.app}"}]')
    found = [compiled.plan(facts(labels={"app": app})).topics[9] for app in ("a.b", "a_b", "a-b")]
    assert found == [("logs.a.b",), ("logs.a.b",), ("logs.a-b",)]


def test_names_that_kafka_takes_for_the_same_never_have_two_encodings() -> None:
    compiled = rules(
        """
routes:
  - {where: {labels: {json: "1"}}, topic: "logs.j_{label.app}", format: json}
  - {match: "**", topic: "logs.j.{label.app}"}
"""
    )
    found = [compiled.plan(facts(labels=labels)) for labels in ({"app": "a"}, {"app": "a", "json": "1"})]
    assert [(each.topics[9], set(each.json_topics)) for each in found] == [
        (("logs.j.a",), set()),
        (("logs.j_other",), {"logs.j_other"}),
    ]


@given(st.lists(st.tuples(st.text(max_size=300), st.text(max_size=300)), max_size=30), st.integers(1, 5))
def test_any_labels_make_names_that_kafka_allows_and_no_more_than_the_limit(
    labels: list[tuple[str, str]], most: int
) -> None:
    text = f"topics: {{dynamic_max: {most}}}\n" + 'routes: [{match: "**", topic: "l.{label.a}.{label.b}"}]'
    compiled = rules(text)
    found = {compiled.plan(facts(labels={"a": a, "b": b})).topics[9][0] for a, b in labels}
    assert len(found) <= most + 1
    assert all(1 <= len(name) <= 249 and set(name) <= ALLOWED for name in found)


ALLOWED = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


# -- conditions on attributes --------------------------------------------------------------------------------------

CONDITIONS = """
severity: [{match: "**", minimum: debug}]
routes:
  - {match: "**", attributes: {user.name: ["a*", bob]}, topic: logs.users, copy: true}
  - {match: "**", minimum: error, attributes: {status: 5*}, topic: logs.failed}
  - {match: "kube.**", topic: logs.app}
"""


@pytest.mark.parametrize(
    ("number", "attributes", "topics"),
    [
        (9, {}, ("logs.app",)),
        (9, {"user.name": "anna"}, ("logs.users", "logs.app")),
        (9, {"user": {"name": "bob"}}, ("logs.users", "logs.app")),
        (9, {"user": {"name": "carl"}}, ("logs.app",)),
        (9, {"user": {"name": ["carl", "bob"]}}, ("logs.users", "logs.app")),
        (9, {"user": {"name": {"first": "bob"}}}, ("logs.app",)),
        (9, {"user": "bob"}, ("logs.app",)),
        (9, {"user": {"name": None}}, ("logs.app",)),
        (17, {"status": 503}, ("logs.failed",)),
        (17, {"status": "500"}, ("logs.failed",)),
        (17, {"status": 404}, ("logs.app",)),
        (9, {"status": 503}, ("logs.app",)),
        (17, {"status": 503, "user.name": "bob"}, ("logs.users", "logs.failed")),
        (4, {"user.name": "bob"}, ()),
        (0, {"user.name": "bob"}, ("logs.users", "logs.app")),
    ],
)
def test_routes_ask_for_attributes(number: int, attributes: dict[str, Any], topics: tuple[str, ...]) -> None:
    found = rules(CONDITIONS).plan(facts())
    assert found.conditional is not None
    assert found.conditional.destinations(number, attributes) == topics


@pytest.mark.parametrize(
    "attributes",
    [
        {"a.b.c": "x"},
        {"a.b": {"c": "x"}},
        {"a": {"b.c": "x"}},
        {"a": {"b": {"c": "x"}}},
        {"a": {}, "a.b": {"c": ["x"]}},
    ],
)
def test_a_dot_stands_for_itself_or_leads_into_an_object(attributes: dict[str, Any]) -> None:
    text = 'routes: [{match: "**", attributes: {a.b.c: x}, topic: logs.x}]'
    found = rules(text).plan(facts()).conditional
    assert found is not None
    assert found.destinations(9, attributes) == ("logs.x",)


@pytest.mark.parametrize(
    ("value", "glob", "fits"),
    [
        (True, "true", True),
        (True, "True", False),
        (1, "1", True),
        (1.5, "1.5", True),
        (-7, "-?", True),
        ("", "*", True),
        ([], "*", False),
        ([1, [2]], "2", False),
        ([{"a": 1}], "*", False),
    ],
)
def test_values_are_compared_as_json_writes_them(value: Any, glob: str, fits: bool) -> None:
    route = Route.model_validate({"match": "**", "attributes": {"x": glob}, "topic": "logs.x"})
    settings = parse_settings("", "logferry.yaml", {}).model_copy(update={"routes": (route,)})
    found = Rules.of(settings).plan(facts()).conditional
    assert found is not None
    assert bool(found.destinations(9, {"x": value})) == fits


def test_what_stands_in_the_table_are_all_topics_that_a_record_may_come_to() -> None:
    found = rules(CONDITIONS).plan(facts())
    assert [found.topics[number] for number in (0, 4, 9, 17)] == [
        ("logs.users", "logs.app"),
        (),
        ("logs.users", "logs.app"),
        ("logs.users", "logs.failed", "logs.app"),
    ]


def test_a_record_that_no_condition_fits_is_unmatched() -> None:
    text = 'routes: [{match: "**", attributes: {a: b}, topic: logs.b}]\n'
    found = rules(text).plan(facts())
    assert found.conditional is not None
    assert (found.conditional.destinations(9, {}), found.drop_reasons[9]) == ((), "unmatched")
    elsewhere = rules(text + "unmatched: logs.rest").plan(facts())
    assert elsewhere.conditional is not None
    assert (elsewhere.conditional.destinations(9, {}), elsewhere.drop_reasons[9]) == (("logs.rest",), "")
    assert elsewhere.topics[9] == ("logs.b", "logs.rest")


def test_sources_that_no_condition_is_for_do_not_pay_for_it() -> None:
    text = 'routes: [{match: "host.**", attributes: {a: b}, topic: logs.b}, {match: "**", topic: logs.app}]'
    assert rules(text).plan(facts()).conditional is None
    behind = 'routes: [{match: "**", topic: logs.app}, {match: "**", attributes: {a: b}, topic: logs.b}]'
    assert rules(behind).plan(facts()).conditional is None


conditions = st.dictionaries(
    st.sampled_from(["a", "a.b", "b.a", "a.b.c"]), st.sampled_from(["x", "y", "*"]), max_size=2
)
steps = st.lists(st.tuples(conditions, st.sampled_from(["logs.a", "logs.b", "logs.c"]), st.booleans()), max_size=4)
values = st.recursive(
    st.sampled_from(["x", "y", "z", 1, True, None]),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "c", "a.b", "b.c"]), inner, max_size=3),
    max_leaves=6,
)
records = st.dictionaries(st.sampled_from(["a", "b", "a.b", "b.a"]), values, max_size=3)


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with the dotted way to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flat(inner, f"{path}.{name}" if path else name)
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


@given(steps, records, st.integers(0, SEVERITIES - 1))
def test_any_conditions_mean_what_walking_through_the_routes_means(
    steps: list[tuple[dict[str, str], str, bool]], attributes: dict[str, Any], number: int
) -> None:
    found = list(flat(attributes))
    expected: list[str] = []
    for asked, topic_name, copies in steps:
        if all(any(name == path and fnmatchcase(value, glob) for path, value in found) for name, glob in asked.items()):
            expected += [topic_name] * (topic_name not in expected)
            if not copies:
                break
    routes = tuple(
        Route.model_validate({"match": "**", "attributes": asked, "topic": name, "copy": copies})
        for asked, name, copies in steps
    )
    settings = parse_settings("", "logferry.yaml", {}).model_copy(update={"routes": routes})
    plan = Rules.of(settings).plan(facts())
    actual = plan.topics[number] if plan.conditional is None else plan.conditional.destinations(number, attributes)
    assert actual == tuple(expected)
    assert set(expected) <= set(plan.topics[number])
