"""Severity gates and routes mean what fluentd's match and copy mean."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings import Route, SeverityRule, parse_settings
from schemas.severity import minimum_number
from streams.core.rules import SEVERITIES, Rules

TAG = "kube.shop.cart-0.app"


def rules(text: str) -> Rules:
    settings = parse_settings(text, "logferry.yaml", {})
    return Rules(settings.severity, settings.routes, settings.unmatched)


DESIGN = """
severity:
  - {match: "kube.kube-system.**", minimum: warn}
routes:
  - {match: "kube.*.gallery.access-log.**", topic: logs.access, copy: true}
  - {match: "**", minimum: error, topic: logs.errors, copy: true}
  - {match: "kube.**", topic: logs.app}
"""


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
    found = rules(DESIGN).of(tag)
    assert (found.topics[number], found.drop_reasons[number]) == (topics, reason)


def test_the_first_gate_that_matches_decides() -> None:
    found = rules('severity: [{match: "kube.shop.**", minimum: debug}, {match: "**", minimum: error}]').of(TAG)
    assert found.drop_reasons[5] != "severity"
    assert found.drop_reasons[4] == "severity"


def test_unknown_severity_passes_every_gate_but_no_minimum_of_a_route() -> None:
    text = """
severity: [{match: "**", minimum: fatal}]
routes: [{match: "**", minimum: trace, topic: logs.known}, {match: "**", topic: logs.rest}]
"""
    assert rules(text).of(TAG).topics[0] == ("logs.rest",)


def test_a_record_goes_to_a_topic_once_though_two_routes_name_it() -> None:
    text = 'routes: [{match: "**", topic: logs.app, copy: true}, {match: "kube.**", topic: logs.app}]'
    assert rules(text).of(TAG).topics[9] == ("logs.app",)


def test_what_no_route_takes_goes_where_unmatched_says() -> None:
    text = 'routes: [{match: "other.**", topic: logs.app}]\nunmatched: logs.rest'
    assert rules(text).of(TAG).topics[9] == ("logs.rest",)


names = st.sampled_from(["trace", "debug", "info", "warn", "error", "fatal"])
globs = st.sampled_from(["**", "kube.**", "kube.shop.*.*", "kube.other.**", "host.*"])
routes = st.lists(
    st.tuples(globs, st.none() | names, st.sampled_from(["logs.a", "logs.b", "logs.c"]), st.booleans()), max_size=5
)
gates = st.lists(st.tuples(globs, names), max_size=3)


@given(gates, routes, st.sampled_from([TAG, "host.syslog"]), st.integers(0, SEVERITIES - 1))
def test_any_rules_mean_what_walking_through_them_one_by_one_means(
    gates: list[tuple[str, str]], routes: list[tuple[str, str | None, str, bool]], tag: str, number: int
) -> None:
    """The star of fnmatch crosses dots, so these globs mean the same to it."""

    def matches(glob: str) -> bool:
        return fnmatchcase(tag, glob.replace("**", "*"))

    compiled = Rules(
        [SeverityRule.model_validate({"match": glob, "minimum": name}) for glob, name in gates],
        [
            Route.model_validate({"match": glob, "topic": topic, "copy": copies, "minimum": name})
            for glob, name, topic, copies in routes
        ],
        "drop",
    )
    gate = next((minimum_number(name) for glob, name in gates if matches(glob)), 0)  # type: ignore[arg-type]
    expected: list[str] = []
    for glob, name, topic, copies in routes:
        if matches(glob) and number >= (minimum_number(name) if name else 0):  # type: ignore[arg-type]
            expected += [topic] * (topic not in expected)
            if not copies:
                break
    if number and number < gate:
        expected = []
    assert compiled.of(tag).topics[number] == tuple(expected)
