"""Severity gates and routes mean what fluentd's match and copy mean."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings import Route, SeverityRule, parse_settings
from schemas.severity import minimum_number
from streams.core.rules import SEVERITIES, LiveRule, Rules
from tests.streams.ruling import DESIGN, TAG, facts, plan, rules


@pytest.mark.parametrize(
    ("tag", "number", "topics", "reason"),
    [
        ("kube.dev.api-0.api", 9, ("logs.app",), ""),
        ("kube.dev.api-0.api", 17, ("logs.errors", "logs.app"), ""),
        ("kube.dev.api-0.api", 0, ("logs.app",), ""),
        ("kube.dev.gallery.access-log", 9, ("logs.access", "logs.app"), ""),
        ("kube.dev.gallery.access-log", 21, ("logs.access", "logs.errors", "logs.app"), ""),
        ("kube.kube-system.dns-0.dns", 12, (), "severity"),
        ("kube.kube-system.dns-0.dns", 13, ("logs.app",), ""),
        ("kube.kube-system.dns-0.dns", 0, ("logs.app",), ""),
        ("host.syslog", 9, (), "unmatched"),
        ("host.syslog", 17, ("logs.errors",), ""),
        ("host.syslog", 0, (), "unmatched"),
    ],
)
def test_the_settings_of_the_design_do_what_they_say(
    tag: str, number: int, topics: tuple[str, ...], reason: str
) -> None:
    found = plan(DESIGN, tag)
    assert (found.topics[number], found.drop_reasons[number]) == (topics, reason)
    assert found.conditional is None


def test_the_first_gate_that_matches_decides() -> None:
    found = plan('severity: [{match: "kube.shop.**", minimum: debug}, {match: "**", minimum: error}]')
    assert [found.is_below_minimum(number) for number in (0, 4, 5)] == [False, True, False]
    assert found.drop_reasons[4:6] == ("severity", "")


def test_unknown_severity_passes_every_gate_but_no_minimum_of_a_route() -> None:
    text = """
severity: [{match: "**", minimum: fatal}]
routes: [{match: "**", minimum: trace, topic: logs.known}, {match: "**", topic: logs.rest}]
"""
    assert plan(text).topics[0] == ("logs.rest",)


def test_a_maximum_takes_all_numbers_of_its_level_and_unknown_ones() -> None:
    text = 'routes: [{match: "**", maximum: warn, topic: logs.low}, {match: "**", topic: logs.high}]'
    assert [plan(text).topics[number] for number in (0, 16, 17)] == [("logs.low",), ("logs.low",), ("logs.high",)]
    assert plan(text.replace("warn", "warn2")).topics[14:16] == (("logs.low",), ("logs.high",))


def test_a_record_goes_to_a_topic_once_though_two_routes_name_it() -> None:
    text = 'routes: [{match: "**", topic: logs.app, copy: true}, {match: "kube.**", topic: logs.app}]'
    assert plan(text).topics[9] == ("logs.app",)


def test_what_no_route_takes_goes_where_unmatched_says() -> None:
    text = 'routes: [{match: "other.**", topic: logs.app}]\nunmatched: logs.rest'
    assert (plan(text).topics[9], plan(text).drop_reasons[9]) == (("logs.rest",), "")


def test_the_json_topics_of_a_source_are_those_that_its_routes_ask_for() -> None:
    text = """
routes:
  - {match: "**", topic: logs.documents, format: json, copy: true}
  - {match: "host.**", topic: logs.other, format: json}
  - {match: "**", topic: logs.app}
  - {match: "**", topic: logs.never-reached, format: json}
"""
    assert plan(text).json_topics == {"logs.documents"}
    assert plan(text, "host.syslog").json_topics == {"logs.documents", "logs.other"}


# -- conditions on the place ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "labels", "holds"),
    [
        ("{namespaces: shop}", {}, True),
        ('{namespaces: [dev, "sh*"]}', {}, True),
        ("{namespaces: [dev]}", {}, False),
        ('{pods: "cart-?"}', {}, True),
        ('{pods: "cart-??"}', {}, False),
        ("{containers: [app]}", {}, True),
        ("{containers: [App]}", {}, False),
        ('{nodes: "node-[12]"}', {}, True),
        ('{nodes: "node-[!12]"}', {}, False),
        ("{labels: {app: cart}}", {"app": "cart"}, True),
        ("{labels: {app: cart}}", {"app": "shop"}, False),
        ("{labels: {app: cart}}", {}, False),
        ('{labels: {app: "*"}}', {}, False),
        ("{labels: {app: [a, b], tier: 1}}", {"app": "b", "tier": "1"}, True),
        ("{labels: {app: [a, b], tier: 1}}", {"app": "b"}, False),
        ("{namespaces: shop, containers: other}", {}, False),
        ("{}", {}, True),
    ],
)
def test_all_conditions_on_the_place_must_hold(where: str, labels: dict[str, str], holds: bool) -> None:
    found = rules(f"routes: [{{where: {where}, topic: logs.x}}]").plan(facts(labels=labels))
    assert bool(found.topics[9]) == holds


def test_a_source_without_a_namespace_is_in_none_not_even_in_any() -> None:
    assert plan('routes: [{where: {namespaces: "*"}, topic: logs.x}]', "host.syslog").topics[9] == ()


def test_pattern_and_place_must_both_fit() -> None:
    text = 'severity: [{match: "kube.*.*.app", where: {namespaces: shop}, minimum: error}]'
    tags = (TAG, "kube.dev.cart-0.app", "kube.shop.cart-0.db")
    assert [plan(text, tag).minimum for tag in tags] == [17, 0, 0]


# -- remembering ---------------------------------------------------------------------------------------------------


def test_the_plan_of_a_source_is_made_once() -> None:
    compiled, one = rules(DESIGN), facts(labels={"app": "a"})
    again = one._replace(labels=dict(one.labels), annotations={"irrelevant": "x"})
    assert compiled.plan(one) is compiled.plan(one)
    assert compiled.plan(one) is compiled.plan(again)


def test_other_labels_are_another_plan() -> None:
    compiled = rules("severity: [{where: {labels: {app: a}}, minimum: warn}]")
    assert [compiled.plan(facts(labels={"app": app})).minimum for app in "aba"] == [13, 0, 13]


def test_what_is_remembered_is_bounded_and_never_another_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.core.rules.rules.PLANS_REMEMBERED", 10)
    monkeypatch.setattr("streams.core.rules.rules.LOOK_UPS_REMEMBERED", 7)
    compiled = rules("severity: [{where: {labels: {app: a}}, minimum: warn}]")
    for number in range(100):
        app = "ab"[number % 3 == 0]
        assert compiled.plan(facts(f"kube.shop.p-{number}.app", {"app": app})).minimum == (13 if app == "a" else 0)
    assert (len(compiled._plans) <= 10, len(compiled._looked_up) <= 7) == (True, True)


# -- any rules -----------------------------------------------------------------------------------------------------

names = st.sampled_from(["trace", "debug", "info", "warn", "error", "fatal"])
globs = st.sampled_from(["**", "kube.**", "kube.shop.*.*", "kube.other.**", "host.*"])
routes = st.lists(
    st.tuples(
        globs, st.none() | names, st.none() | names, st.sampled_from(["logs.a", "logs.b", "logs.c"]), st.booleans()
    ).filter(lambda each: not (each[1] and each[2]) or minimum_number(each[1]) <= minimum_number(each[2]) + 3),
    max_size=5,
)
gates = st.lists(st.tuples(globs, names), max_size=3)


@given(gates, routes, gates, routes, st.sampled_from([TAG, "host.syslog"]), st.integers(0, SEVERITIES - 1))
def test_any_rules_mean_what_walking_through_them_one_by_one_means(
    live_gates: list[tuple[str, str]],
    live_routes: list[tuple[str, str | None, str | None, str, bool]],
    gates: list[tuple[str, str]],
    routes: list[tuple[str, str | None, str | None, str, bool]],
    tag: str,
    number: int,
) -> None:
    """The star of fnmatch crosses dots, so these globs mean the same to it."""

    def matches(glob: str) -> bool:
        return fnmatchcase(tag, glob.replace("**", "*"))

    settings = parse_settings("", "logferry.yaml", {}).model_copy(
        update={"severity": tuple(map(_gate, gates)), "routes": tuple(map(_route, routes))}
    )
    before = [LiveRule(f"g{at}", "severity", _gate(told), -at) for at, told in enumerate(live_gates)]
    before += [LiveRule(f"r{at}", "route", _route(told), -at) for at, told in enumerate(live_routes)]
    gate = next((minimum_number(name) for glob, name in live_gates + gates if matches(glob)), 0)  # type: ignore[arg-type]
    expected: list[str] = []
    for glob, low, high, topic, copies in live_routes + routes:
        fits = number >= (minimum_number(low) if low else 0) and number <= (minimum_number(high) + 3 if high else 24)  # type: ignore[arg-type]
        if matches(glob) and fits:
            expected += [topic] * (topic not in expected)
            if not copies:
                break
    if number and number < gate:
        expected = []
    found = Rules.of(settings, before).plan(facts(tag))
    assert found.topics[number] == tuple(expected)
    assert bool(found.drop_reasons[number]) == (not expected)


def _gate(told: tuple[str, str]) -> SeverityRule:
    return SeverityRule.model_validate({"match": told[0], "minimum": told[1]})


def _route(told: tuple[str, str | None, str | None, str, bool]) -> Route:
    glob, low, high, topic, copies = told
    return Route.model_validate({"match": glob, "minimum": low, "maximum": high, "topic": topic, "copy": copies})
