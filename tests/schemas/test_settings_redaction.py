"""Settings of redaction, transform and attribute limits: what is right, and what a mistake is answered with."""

import json
from typing import Any

import pytest

from schemas.settings import InvalidSettingsError, Settings, parse_settings
from schemas.settings.redaction import RedactionRule
from schemas.settings.transform import TransformRule

RIGHT = """
redaction:
  - {match: "**", detect: [email, token, card, iban, ip, base64]}
  - match: "kube.shop.**"
    where: {labels: {app: cart}}
    mode: hash
    key: {env: REDACTION_KEY}
    patterns:
      - {name: customer, regex: "cust-[0-9]{6}"}
      - {name: order, regex: "(?i)order=(\\\\w+)", replacement: "<{name}:{hash}>"}
transform:
  - {match: "kube.**", lift: [data], rename: {usr: user.name}, promote: {event: body}, remove: [x*],
     add: {env: prod, n: 1}}
attributes: {max_count: 10, max_depth: 3, max_bytes: 2048, keys_per_namespace_max: 50}
"""


def settings(text: str) -> Settings:
    return parse_settings(text, "logferry.yaml", {})


def test_a_file_with_everything() -> None:
    found = settings(RIGHT)
    assert [rule.template for rule in found.redaction] == ["[{name}]", "[{name}:{hash}]"]
    assert found.redaction[1].patterns[1].regex == r"(?i)order=(\w+)"
    assert found.transform[0].lift == {"data": ""}
    assert found.transform[0].add == {"env": "prod", "n": 1}
    assert found.attributes.keys_per_namespace_max == 50


def test_by_default_nothing_is_redacted_and_nothing_changed() -> None:
    found = Settings()
    assert (found.redaction, found.transform) == ((), ())
    assert found.attributes.model_dump() == {
        "max_count": 128,
        "max_depth": 8,
        "max_bytes": 65536,
        "keys_per_namespace_max": 1000,
    }


REDACTION: list[tuple[dict[str, Any], str, str, str]] = [
    ({}, "redaction[0]", "nothing is looked for", "detect: [email, token]"),
    ({"detect": ["base64"]}, "redaction[0].detect", "base64 alone finds nothing", "email"),
    ({"detect": ["mail"]}, "redaction[0].detect[0]", "'mail' is not one of the choices", "email"),
    ({"detect": ["email"], "mode": "hash"}, "redaction[0]", "hashes need a key", "key: {env: NAME}"),
    ({"detect": ["email"], "key": {"env": "A"}}, "redaction[0].key", "only hashes have a key", "mode: hash"),
    ({"detect": ["email"], "mode": "hash", "key": "x"}, "redaction[0].key", "must not stand in the settings", "env"),
    ({"detect": ["email"], "replacement": "a b"}, "redaction[0].replacement", "would end the value", "no spaces"),
    ({"detect": ["ip"], "replacement": "{hash}"}, "redaction[0].replacement", "only mode hash has a", "[{name}]"),
    (
        {"detect": ["email"], "mode": "hash", "key": {"env": "A"}, "replacement": "x"},
        "redaction[0].replacement",
        "mode hash needs {hash} once",
        "[{name}:{hash}]",
    ),
    (
        {"detect": ["email"], "mode": "remove", "replacement": "x"},
        "redaction[0].replacement",
        "puts nothing in its place",
        "leave it out",
    ),
    ({"patterns": [{"name": "a", "regex": "(x"}]}, "redaction[0].patterns[0].regex", "no expression of RE2", "group"),
    ({"patterns": [{"name": "a", "regex": "(?=x)"}]}, "redaction[0].patterns[0].regex", "no expression", "look-ahead"),
    ({"patterns": [{"name": "a", "regex": "x*"}]}, "redaction[0].patterns[0].regex", "where nothing", "at least one"),
    ({"patterns": [{"name": "a b", "regex": "x"}]}, "redaction[0].patterns[0].name", "a b", ""),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "key", "problem", "remedy"), REDACTION)
def test_mistakes_in_redaction(rule: dict[str, Any], key: str, problem: str, remedy: str) -> None:
    assert_mistake("redaction", rule, key, problem, remedy)


TRANSFORM: list[tuple[dict[str, Any], str, str, str]] = [
    ({}, "transform[0]", "nothing is changed", "lift"),
    ({"add": {"a": "{x"}}, "transform[0].add.a", "never closed", "{namespace}"),
    ({"add": {"a": "{}"}}, "transform[0].add.a", "no name", "{namespace}"),
    ({"promote": {"a": "level"}}, "transform[0].promote.a", "'level' is not one of the choices", "severity"),
    ({"promote": {"a": "span_id", "b": "span_id"}}, "transform[0].promote.a", "two attributes become span_id", "leave"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "key", "problem", "remedy"), TRANSFORM)
def test_mistakes_in_transform(rule: dict[str, Any], key: str, problem: str, remedy: str) -> None:
    assert_mistake("transform", rule, key, problem, remedy)


def assert_mistake(section: str, rule: dict[str, Any], key: str, problem: str, remedy: str) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        settings(json.dumps({section: [{"match": "**", **rule}]}))
    first = caught.value.findings[0]
    assert (first.key, problem in first.problem, remedy in first.remedy) == (key, True, True), first


def test_a_rule_says_what_it_is_for() -> None:
    for model, values in ((RedactionRule, {"detect": ["email"]}), (TransformRule, {"remove": ["a"]})):
        with pytest.raises(ValueError, match="is missing"):
            model.model_validate(values)


def test_braces_may_be_doubled() -> None:
    assert TransformRule.model_validate({"match": "**", "add": {"a": "{{x}} {pod}"}}).add == {"a": "{{x}} {pod}"}
