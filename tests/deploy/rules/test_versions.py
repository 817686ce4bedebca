"""What became of each version of a rule, and what the next one is."""

import json
from typing import Any

import pytest

from deploy.rules.change import Wish, live_rules, meant, over, rule_value, withdrawal
from deploy.rules.given import parse_size, rule_data
from deploy.rules.versions import State, Version, latest, next_time, next_version, rule_id, states
from deploy.rules.view import current, history
from deploy.rules.words import row
from schemas.errors import SettingsError
from schemas.settings import parse_settings

NOW = 10_000
SETTINGS = parse_settings("", "the defaults", {})


def version(offset: int, rule: str = "a", number: int = 1, **changes: Any) -> Version:
    value = {
        "id": rule,
        "kind": "severity",
        "match": "kube.shop.**",
        "settings": '{"minimum":"debug"}',
        "version": number,
        "author": "ana",
        "reason": "the lost order",
        "created_at": 1000 + offset,
        "expires_at": None,
        **changes,
    }
    return Version(offset, 0, rule, value)


def tombstone(offset: int, rule: str = "a") -> Version:
    return Version(offset, 0, rule, None)


def removed(offset: int, rule: str = "a", number: int = 2) -> Version:
    return version(offset, rule, number, created_at=1000 + offset, expires_at=1000 + offset)


def shown(*versions: Version) -> list[tuple[int, str]]:
    return [(each.offset, str(state)) for each, state in states(versions, NOW)]


def wish(**changes: Any) -> Wish:
    given = {
        "kind": "severity",
        "data": {"match": "kube.shop.**", "minimum": "debug"},
        "id": None,
        "author": "ana",
        "reason": "why not",
        "lasts": None,
    }
    return Wish(**(given | changes))


# -- versions ------------------------------------------------------------------------------------------------------


def test_the_last_version_is_in_force_and_those_before_are_replaced() -> None:
    assert shown(version(0), version(1, number=2)) == [(0, "replaced"), (1, "in force")]


def test_a_rule_that_is_removed_says_so_once_and_its_version_before_too() -> None:
    assert shown(version(0), removed(1), tombstone(2)) == [(0, "removed"), (1, "removed")]


def test_a_tombstone_alone_removes_as_well() -> None:
    assert shown(version(0), tombstone(1)) == [(0, "removed"), (1, "removed")]


def test_an_expired_rule_stays_expired_when_it_is_forgotten() -> None:
    assert shown(version(0, expires_at=NOW), tombstone(1)) == [(0, "expired"), (1, "removed")]


def test_an_unreadable_record_is_told_and_replaces_what_was_there() -> None:
    assert shown(version(0), Version(1, 0, "a", None, "no rule")) == [(0, "replaced"), (1, "unusable")]


def test_the_latest_of_each_id_are_those_without_a_tombstone() -> None:
    found = latest([version(0), version(1, "b"), tombstone(2), version(3, "c")])
    assert list(found) == ["b", "c"]


def test_versions_count_on_after_a_removal() -> None:
    assert next_version([version(0, number=3), removed(1, number=4), tombstone(2)], "a") == 5
    assert next_version([version(0, number=3)], "b") == 1


def test_a_new_rule_is_newer_than_all_others_whatever_the_clock_says() -> None:
    assert next_time([version(0, created_at=50_000)], NOW) == 50_001
    assert next_time([version(0)], NOW) == NOW


@pytest.mark.parametrize(
    ("kind", "match", "settings", "begin"),
    [
        ("severity", "kube.shop.**", '{"minimum":"debug"}', "severity-kube-shop-"),
        ("severity", "**", "{}", "severity-all-"),
        ("quota", "**", '{"namespaces":["shop-*"],"bytes_per_minute":1}', "quota-shop-"),
    ],
)
def test_an_id_is_readable(kind: str, match: str, settings: str, begin: str) -> None:
    assert rule_id(kind, match, settings).startswith(begin)


def test_an_id_goes_by_the_sources_and_not_by_what_is_said_about_them() -> None:
    same = {rule_id("severity", "a.**", json.dumps({"minimum": minimum})) for minimum in ("warn", "debug")}
    narrower = rule_id("severity", "a.**", json.dumps({"minimum": "warn", "where": {"labels": {"app": ["x"]}}}))
    assert len(same) == 1
    assert narrower not in same
    assert rule_id("severity", "a.*", "{}") != rule_id("severity", "a.**", "{}")


# -- changes -------------------------------------------------------------------------------------------------------


def test_a_rule_is_written_with_its_next_version_and_its_expiry() -> None:
    before = [version(0, "mine", 4)]
    value = rule_value(wish(id="mine", lasts=500), before, SETTINGS, NOW)
    assert value == {
        "id": "mine",
        "kind": "severity",
        "match": "kube.shop.**",
        "settings": '{"minimum":"debug"}',
        "version": 5,
        "author": "ana",
        "reason": "why not",
        "created_at": NOW,
        "expires_at": NOW + 500,
    }


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        rule_value(wish(data={"match": "kube.{x", "minimum": "wran"}), [], SETTINGS, NOW)
    assert "did you mean warn?" in caught.value.problem
    assert "match:" in caught.value.problem


def test_an_id_belongs_to_one_kind() -> None:
    data = {"match": "**", "keep_one_in": 2}
    with pytest.raises(SettingsError, match="id of a severity rule"):
        rule_value(wish(kind="sampling", data=data, id="a"), [version(0)], SETTINGS, NOW)


def test_two_live_rules_cannot_contradict_each_other() -> None:
    first = version(0, kind="route", settings='{"topic":"logs.x"}')
    data = {"match": "**", "topic": "logs.x", "format": "json"}
    with pytest.raises(SettingsError, match=r"logs\.x"):
        rule_value(wish(kind="route", data=data, id="b"), [first], SETTINGS, NOW)


def test_the_end_goes_by_this_clock_though_the_order_goes_by_the_newest_rule() -> None:
    value = rule_value(wish(lasts=500), [version(0, "b", created_at=NOW + 100)], SETTINGS, NOW)
    assert (value["created_at"], value["expires_at"]) == (NOW + 101, NOW + 500)


def test_a_rule_that_would_end_before_the_newest_begins_is_refused() -> None:
    with pytest.raises(SettingsError, match="still to come"):
        rule_value(wish(lasts=50), [version(0, "b", created_at=NOW + 100)], SETTINGS, NOW)


@pytest.mark.parametrize("text", [" ", "a/b", "\x1b[31m", "x" * 201])
def test_an_id_is_a_plain_word(text: str) -> None:
    with pytest.raises(SettingsError, match="cannot be the id"):
        rule_value(wish(id=text), [], SETTINGS, NOW)


def test_what_others_wrote_does_not_steer_the_terminal() -> None:
    shown = row(version(0, "a\x1b[2J", author="x\x1b[2J", reason="y\x1b[2J", match="z\x1b[2J"), State.IN_FORCE)
    assert not any("\x1b" in str(each) for each in shown.values())


def test_a_withdrawal_is_newer_than_what_it_withdraws_and_over_at_once() -> None:
    gone = withdrawal(version(0, created_at=NOW + 5), "bob", "found it", NOW)
    assert (gone["version"], gone["author"], gone["reason"]) == (2, "bob", "found it")
    assert gone["created_at"] == gone["expires_at"] == NOW + 6


def test_what_is_over_can_be_forgotten() -> None:
    versions = [version(0, "a"), version(1, "b", expires_at=NOW), removed(2, "c"), version(3, "d"), tombstone(4, "d")]
    assert over(versions, NOW) == ["b", "c"]


def test_a_rule_is_found_by_its_id_or_its_pattern() -> None:
    versions = [version(0, "a"), version(1, "b", match="**"), version(2, "c", kind="sampling", match="**")]
    assert [each.id for each in meant(versions, "severity", "a")] == ["a"]
    assert [each.id for each in meant(versions, "severity", "**")] == ["b"]
    assert meant(versions, "severity", "c") == []


def test_the_rules_in_force_are_those_that_workers_have() -> None:
    unusable = version(3, "d", settings="{}")
    versions = [version(0, "a"), version(1, "b"), version(2, "c", expires_at=NOW), unusable]
    assert [each.id for each in live_rules(versions, SETTINGS, NOW)] == ["b", "a"]


def test_a_list_has_the_newest_first_and_shows_what_cannot_be_used() -> None:
    versions = [version(0, "a"), version(1, "b", settings="{}"), version(2, "c"), version(3, "x", kind="route")]
    found = [(each.id, state) for each, state in current(versions, "severity", SETTINGS, NOW)]
    assert found == [("c", State.IN_FORCE), ("b", State.UNUSABLE), ("a", State.IN_FORCE)]


def test_a_history_is_of_one_kind_or_one_rule() -> None:
    versions = [version(0, "a"), version(1, "x", kind="route"), version(2, "b"), tombstone(3, "b")]
    assert [each.offset for each, _ in history(versions, "severity", None, NOW)] == [0, 2, 3]
    assert [each.offset for each, _ in history(versions, "severity", "b", NOW)] == [2, 3]


# -- what is given -------------------------------------------------------------------------------------------------


def test_options_win_over_set_and_set_over_the_file(tmp_path: Any) -> None:
    file = tmp_path / "rule.yaml"
    file.write_text("match: a\nminimum: info\nwhere: {namespaces: [shop], nodes: [n1]}\n")
    given = {"match": None, "minimum": "warn", "where": {"namespaces": ["cart"]}}
    assert rule_data(file, ["match=b", "where.labels={app: x}"], given) == {
        "match": "b",
        "minimum": "warn",
        "where": {"namespaces": ["cart"], "nodes": ["n1"], "labels": {"app": "x"}},
    }


@pytest.mark.parametrize("text", ["minimum", "=x", "a.b=1", "c={"])
def test_a_set_that_sets_nothing_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        rule_data(None, ["a=1", text], {})


@pytest.mark.parametrize(("text", "size"), [("5", 5), ("64KiB", 65536), ("1.5 MB", 1_500_000), ("2g", 2_000_000_000)])
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text, "--x") == size


def test_a_size_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="many"):
        parse_size("many", "--x")
