"""Live rules come before annotations and settings, the newest first."""

from __future__ import annotations

import pytest

from schemas.settings import parse_settings
from schemas.settings.redaction import RedactionRule
from streams.core.rules import LiveRule, Rules
from tests.streams.ruling import DESIGN, facts, live, rules


def test_live_minimum_wins_over_annotation_and_settings_and_the_newest_first() -> None:
    text = 'severity: [{match: "**", minimum: error}]'
    older, newer = live("a1", "severity", 1, minimum="info"), live("b2", "severity", 2, minimum="trace2")
    found = rules(text, older, newer).plan(facts(minimum_severity="fatal"))
    assert (found.minimum, found.drop_details[1]) == (2, "severity/b2")
    assert (found.drop_reasons[1], found.drop_reasons[2]) == ("severity", "")
    assert rules(text, older).plan(facts()).minimum == 9


def test_a_live_rule_for_other_sources_changes_nothing() -> None:
    other = live("a", "severity", match="kube.dev.**", minimum="trace")
    assert rules('severity: [{match: "**", minimum: error}]', other).plan(facts()).minimum == 17


def test_live_routes_come_before_those_of_the_settings() -> None:
    copy = live("a", "route", 1, topic="logs.debug", copy=True)
    found = rules(DESIGN, copy).plan(facts())
    assert (found.topics[9], found.on_demand) == (("logs.debug", "logs.app"), {"logs.debug"})
    assert rules(DESIGN, copy, live("b", "route", 2, topic="logs.all")).plan(facts()).topics[9] == ("logs.all",)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"topic": "logs.raw"}, "live rule a is left out: logs.raw has a meaning of its own"),
        ({"topic": "logs.app", "format": "json"}, "live rule a is left out: logs.app holds avro values"),
        ({"topic": "logs.{label.x}", "format": "json"}, "live rule a is left out: logs.ns.{namespace} holds avro"),
    ],
)
def test_a_live_route_against_the_settings_is_left_out_and_reported(asked: dict[str, str], problem: str) -> None:
    text = DESIGN + '  - {match: "**", topic: "logs.ns.{namespace}"}'
    found = rules(text, live("a", "route", **asked))
    assert [each.startswith(problem) for each in found.problems] == [True]
    assert found.plan(facts()) == rules(text).plan(facts())


def test_of_two_live_routes_that_contradict_each_other_the_older_is_obeyed() -> None:
    older = live("a", "route", 1, topic="logs.new", format="json")
    found = rules(DESIGN, live("b", "route", 2, topic="logs.new"), older)
    assert len(found.problems) == 1
    assert found.plan(facts()).json_topics == {"logs.new"}


def test_all_redactions_and_transforms_for_a_source_apply_live_ones_first() -> None:
    text = """
redaction: [{match: "kube.**", detect: [email]}, {match: "host.**", detect: [email]}]
transform: [{where: {namespaces: shop}, remove: [password]}, {match: "**", remove: [token]}]
"""
    settings = parse_settings(text, "logferry.yaml", {})
    newer = LiveRule("r", "redaction", RedactionRule.model_validate({"match": "**", "detect": ["email"]}))
    found = Rules.of(settings, [newer]).plan(facts())
    assert found.redaction_rules == (newer.rule, settings.redaction[0])
    assert found.transform_rules == settings.transform
