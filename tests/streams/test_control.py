"""Which live rules are in force: the newest first, until they expire, are replaced, or are removed."""

import json
from typing import Any

import pytest

from schemas.settings import Settings, parse_settings
from streams.core.rules.in_force import LiveRules, Unusable, is_over, read_rule
from streams.core.rules.live import LiveRule

SETTINGS = parse_settings("", "the defaults", {})


def value(rule_id: str = "a", kind: str = "severity", **changes: Any) -> dict[str, Any]:
    return {
        "id": rule_id,
        "kind": kind,
        "match": "kube.shop.**",
        "settings": '{"minimum":"debug"}',
        "version": 1,
        "author": "ana",
        "reason": "the lost order",
        "created_at": 1000,
        "expires_at": None,
        **changes,
    }


def rule(rule_id: str = "a", **changes: Any) -> LiveRule:
    found = read_rule(rule_id, value(rule_id, **changes), SETTINGS)
    assert isinstance(found, LiveRule), found
    return found


def problem(key: str = "a", beside: Settings = SETTINGS, **changes: Any) -> str:
    found = read_rule(key, value(**changes), beside)
    assert isinstance(found, Unusable), found
    return found.problem


# -- order and expiry ----------------------------------------------------------------------------------------------


def test_the_newest_rule_comes_first() -> None:
    live = LiveRules()
    for name, created_at in (("a", 2), ("b", 3), ("c", 1)):
        live.put(rule(name, created_at=created_at))
    assert [each.id for each in live.newest_first] == ["b", "a", "c"]


def test_of_two_rules_of_one_moment_all_workers_take_the_same_first() -> None:
    one, other = LiveRules(), LiveRules()
    for name in "abc":
        one.put(rule(name))
    for name in "cab":
        other.put(rule(name))
    assert one.newest_first == other.newest_first


def test_a_rule_replaces_the_one_of_its_id() -> None:
    live = LiveRules()
    live.put(rule("a", version=1, created_at=1))
    live.put(rule("b", created_at=2))
    live.put(rule("a", version=2, created_at=3))
    assert [(each.id, each.version) for each in live.newest_first] == [("a", 2), ("b", 1)]


def test_the_rules_are_the_same_object_as_long_as_nothing_changes() -> None:
    live = LiveRules()
    live.put(rule())
    before = live.newest_first
    assert live.remove("another") is False
    assert live.expire(10) == ()
    assert live.newest_first is before


@pytest.mark.parametrize(("now", "left"), [(1999, ["a", "b"]), (2000, ["b"]), (3000, ["b"])])
def test_a_rule_holds_until_the_moment_it_expires(now: int, left: list[str]) -> None:
    live = LiveRules()
    live.put(rule("a", expires_at=2000))
    live.put(rule("b"))
    over = live.expire(now)
    assert sorted(each.id for each in live.newest_first) == left
    assert [each.id for each in over] == (["a"] if left == ["b"] else [])


def test_a_withdrawal_is_over_whatever_the_clock_says() -> None:
    assert is_over(created_at=1000, expires_at=1000, now=0)
    assert not is_over(created_at=1000, expires_at=1001, now=0)


def test_a_rule_without_expiry_never_is_over() -> None:
    assert not is_over(created_at=1000, expires_at=None, now=1 << 62)


# -- what a rule says ----------------------------------------------------------------------------------------------


def test_a_rule_is_the_model_of_the_settings_with_who_and_why() -> None:
    found = rule(settings='{"minimum":"WARNING","where":{"labels":{"app":"cart"}}}', expires_at=5)
    assert found.rule.model_dump(exclude_unset=True) == {
        "match": "kube.shop.**",
        "minimum": "warn",
        "where": {"labels": {"app": ("cart",)}},
    }
    told = (found.id, found.kind, found.version, found.author, found.reason, found.created_at, found.expires_at)
    assert told == ("a", "severity", 1, "ana", "the lost order", 1000, 5)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("route", {"topic": "logs.shop", "minimum": "error", "copy": True}),
        ("sampling", {"keep_one_in": 10}),
        ("quota", {"namespaces": ["shop-*"], "bytes_per_minute": 1000}),
    ],
)
def test_every_kind_is_read_by_its_model(kind: str, settings: dict[str, Any]) -> None:
    found = rule(kind=kind, settings=json.dumps(settings))
    told = found.rule.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert {key: told[key] for key in settings} == settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"settings": "{"}, "no JSON"),
        ({"settings": "[]"}, "no JSON object"),
        ({"settings": "{}"}, "minimum: is missing"),
        ({"settings": '{"minimum":"wran"}'}, "did you mean warn?"),
        ({"settings": '{"minimun":"warn"}'}, "did you mean minimum?"),
        ({"match": "kube.{shop"}, "match:"),
        ({"kind": "route", "settings": '{"topic":"logs.raw"}'}, "logs.raw has a meaning of its own"),
        ({"kind": "sampling", "settings": "{}"}, "keep_one_in or per_second"),
        ({"settings": "[" * 100_000}, "no JSON"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told(changes: dict[str, Any], words: str) -> None:
    assert words in problem(**changes)


def test_a_rule_that_contradicts_the_settings_is_told() -> None:
    settings = parse_settings("routes: [{match: '**', topic: logs.app}]", "logferry.yaml", {})
    told = problem(beside=settings, kind="route", settings='{"topic":"logs.app","format":"json"}')
    assert "logs.app would hold json and avro values" in told


def test_a_key_that_is_not_the_id_is_told() -> None:
    assert problem(key="b") == "its key is not its id, 'a'"
