"""What the annotations of a pod ask for comes before the settings."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.settings.multiline import LinePatterns
from streams.core.rules import Facts
from tests.streams.ruling import DESIGN, plan, rules


def test_an_excluded_pod_leaves_nothing_whatever_the_severity() -> None:
    found = plan(DESIGN, exclude="true")
    assert set(found.topics) == {()}
    assert (set(found.drop_reasons), set(found.drop_details)) == ({"excluded"}, {"excluded"})


def test_an_annotation_for_one_container_leaves_the_others_alone() -> None:
    asked = {"logferry.io/exclude.db": "True", "logferry.io/parser": "json", "logferry.io/parser.db": "text"}
    found = {
        name: rules("").plan(Facts(f"kube.shop.cart-0.{name}", "shop", "cart-0", name, {}, asked, "n"))
        for name in ("app", "db")
    }
    assert {name: (each.topics[9], each.parser) for name, each in found.items()} == {
        "app": (("logs.app",), "json"),
        "db": ((), "text"),
    }


def test_the_minimum_of_an_annotation_wins_over_the_settings() -> None:
    text = 'severity: [{match: "**", minimum: error}]'
    found = plan(text, minimum_severity="DEBUG")
    assert (found.minimum, found.drop_reasons[4], found.drop_details[4]) == (5, "severity", "severity/annotation")
    assert plan(text).drop_details[4] == "severity"


def test_the_parser_of_an_annotation_wins_over_the_settings() -> None:
    text = 'parse: [{match: "kube.**", parser: json}]'
    assert [plan(text).parser, plan(text, parser="text").parser, plan(text, parser="auto").parser] == [
        "json",
        "text",
        None,
    ]


@pytest.mark.parametrize(
    ("asked", "mode"),
    [("off", "off"), ("go, java", ("java", "go")), ("start:^\\d", LinePatterns(start=r"^\d"))],
)
def test_the_way_of_joining_lines_of_an_annotation_wins_over_the_settings(asked: str, mode: Any) -> None:
    text = 'multiline: [{match: "kube.**", mode: auto, timeout_secs: 9}]'
    found, other = plan(text, multiline=asked), plan(text)
    assert (found.multiline, found.multiline_rule, found.problems) == (mode, None, ())
    assert other.multiline_rule is not None
    assert (other.multiline, other.multiline_rule.timeout_secs) == ("auto", 9.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exclude", "yes please"),
        ("exclude", ""),
        ("minimum_severity", "loud"),
        ("minimum_severity", ""),
        ("parser", "cobol"),
        ("multiline", "cobol"),
        ("parser", "x" * 10_000),
    ],
)
def test_an_annotation_that_nobody_understands_changes_nothing_and_is_reported(name: str, value: str) -> None:
    found, other = plan(DESIGN, **{name: value}), plan(DESIGN)
    (problem,) = found.problems
    assert f"logferry.io/{name.replace('_', '-')}: {value[:40]!r}"[:-1] in problem
    assert len(problem) < 200
    assert (found.topics, found.minimum, found.parser) == (other.topics, other.minimum, other.parser)


OBEYED = """
stream:
  annotations:
    - {namespaces: [shop, "bank-*"], obey: [parser]}
    - {namespaces: "*", obey: []}
"""


def test_where_annotations_are_limited_only_those_that_are_named_are_obeyed_and_the_others_are_reported() -> None:
    found = plan(DESIGN + OBEYED, exclude="true", parser="json")
    assert (found.topics, found.parser) == (plan(DESIGN).topics, "json")
    assert found.problems == ("annotation logferry.io/exclude is not obeyed here (stream.annotations)",)


def test_the_first_rule_that_names_a_namespace_says_which_annotations_are_obeyed() -> None:
    asked = {"exclude": "true", "parser": "json"}
    found = {each: plan(DESIGN + OBEYED, f"kube.{each}.x.c", **asked) for each in ("bank-1", "dev")}
    assert {name: (each.parser, len(each.problems)) for name, each in found.items()} == {
        "bank-1": ("json", 1),
        "dev": (None, 2),
    }


def test_without_rules_for_a_namespace_all_annotations_are_obeyed() -> None:
    limited = 'stream: {annotations: [{namespaces: "bank-*"}]}'
    assert set(plan(limited, exclude="true").topics) == {()}
