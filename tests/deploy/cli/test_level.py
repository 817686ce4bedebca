"""``logferry level``: what is set holds, is shown with who and why, can be tried first, and leaves a trail."""

import time
from typing import Any

import pytest

from deploy.cli.live import who
from schemas.errors import LogferryError, SettingsError, TemporaryError
from streams.control import ControlTable
from tests.deploy.cli.conftest import NewSite, Site

PATTERN = "kube.shop.**"
TAG = "kube.shop.cart-1.app"


def in_force(site: Site) -> list[tuple[str, int, dict[str, Any]]]:
    """What a worker has: id, version, rule."""
    table = ControlTable(site.settings)
    try:
        table.load(20)
    finally:
        table.close()
    return [(each.id, each.version, each.rule.model_dump(mode="json", exclude_unset=True)) for each in table.rules]


def refusal(site: Site, *words: str) -> SettingsError:
    error = site.run(*words).exception
    assert isinstance(error, SettingsError), error
    return error


# -- set -----------------------------------------------------------------------------------------------------------


def test_what_is_set_is_what_workers_have(site: Site) -> None:
    before = time.time_ns()
    told = site.ask("level", "set", PATTERN, "debug", "--for", "15m", "--reason", "lost order", "--label", "app=cart")
    where = {"labels": {"app": ["cart"]}}
    assert in_force(site) == [(told["id"], 1, {"match": PATTERN, "minimum": "debug", "where": where})]
    assert (told["version"], told["author"], told["reason"], told["offset"]) == (1, who(), "lost order", 0)
    assert told["id"].startswith("severity-kube-shop-")
    assert told["replaces"] is None
    assert told["created_at"] < told["expires_at"]
    assert time.time_ns() - before < 60e9


def test_all_conditions_can_be_given(site: Site) -> None:
    words = ["--namespace", "shop", "--namespace", "cart", "--container", "app", "--pod", "x-*", "--node", "n1"]
    told = site.ask("level", "set", "**", "warn", "--reason", "r", *words)
    assert told["settings"]["where"] == {
        "namespaces": ["shop", "cart"],
        "containers": ["app"],
        "pods": ["x-*"],
        "nodes": ["n1"],
    }


def test_people_are_told_what_was_set_and_how_to_see_that_it_holds(site: Site) -> None:
    result = site.run("level", "set", PATTERN, "debug", "--reason", "r", "--for", "15m", "--id", "mine")
    first, last = result.stdout.splitlines()
    assert first.startswith("mine version 1: kube.shop.** minimum=debug until 20")
    assert first.endswith("(15m 00s)")
    assert last == "workers whose logferry_stream_control_offset is 0 or more obey it"


def test_setting_the_same_sources_again_replaces_and_says_what(site: Site) -> None:
    first = site.ask("level", "set", PATTERN, "debug", "--reason", "one", "--author", "ana")
    second = site.ask("level", "set", PATTERN, "trace", "--reason", "two", "--author", "bob")
    assert (second["id"], second["version"]) == (first["id"], 2)
    replaced = second["replaces"]
    assert (replaced["version"], replaced["author"], replaced["reason"]) == (1, "ana", "one")
    assert [rule["minimum"] for _, _, rule in in_force(site)] == ["trace"]
    words = site.run("level", "set", PATTERN, "info", "--reason", "three").stdout
    assert "replaces version 2 by bob: minimum=trace for good (two)" in words


def test_a_rule_can_be_given_as_a_file_and_by_keys(site: Site) -> None:
    file = site.config.parent / "rule.yaml"
    file.write_text(f"match: {PATTERN}\nminimum: info\nwhere: {{namespaces: shop}}\n")
    told = site.ask("level", "set", "--file", str(file), "--set", "minimum=error", "--reason", "r")
    assert (told["match"], told["settings"]) == (PATTERN, {"minimum": "error", "where": {"namespaces": ["shop"]}})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((PATTERN, "wran"), "did you mean warn?"),
        (("kube.{shop", "warn"), "match:"),
        ((PATTERN, "warn", "--for", "soon"), "'soon' is no duration"),
        ((PATTERN, "warn", "--label", "cart"), "'cart' has no name and value"),
        ((PATTERN, "warn", "--set", "minimun=warn"), "did you mean minimum?"),
        ((PATTERN,), "minimum: is missing"),
        (("--set", "minimum=warn"), "match: is missing"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(site: Site, words: tuple[str, ...], told: str) -> None:
    assert told in str(refusal(site, "level", "set", *words, "--reason", "r"))
    assert in_force(site) == []


def test_a_reason_is_asked_for(site: Site) -> None:
    assert site.run("level", "set", PATTERN, "warn").exit_code == 2


def test_expired_rules_are_forgotten_by_the_next_change(site: Site) -> None:
    site.ask("level", "set", PATTERN, "debug", "--reason", "r", "--for", "0.001s", "--id", "short")
    time.sleep(0.01)
    told = site.ask("level", "set", "**", "info", "--reason", "r", "--id", "long")
    assert told["forgotten"] == ["short"]
    assert site.ask("level", "set", "**", "info", "--reason", "r", "--id", "long")["forgotten"] == []
    assert [each["id"] for each in site.ask("level", "list", "--all")] == ["long"]


def test_a_topic_that_is_missing_is_told_with_a_remedy(site: Site) -> None:
    text = site.config.read_text().replace(site.prefix, "nobody.has.made.")
    site.config.write_text(text)
    error = site.run("level", "list").exception
    assert isinstance(error, TemporaryError)
    assert "logferry topics apply" in error.remedy


# -- unset, list, history ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mine", PATTERN])
def test_a_rule_is_removed_by_its_id_or_pattern(site: Site, name: str) -> None:
    site.ask("level", "set", PATTERN, "debug", "--reason", "r", "--id", "mine")
    site.ask("level", "set", "**", "debug", "--reason", "r", "--id", "other")
    told = site.ask("level", "unset", name, "--reason", "found it", "--author", "bob")
    assert (told["removed"]["id"], told["offset"]) == ("mine", 3)
    assert [each[0] for each in in_force(site)] == ["other"]


def test_a_rule_that_is_not_there_cannot_be_removed(site: Site) -> None:
    assert "there is no severity rule mine" in str(refusal(site, "level", "unset", "mine"))


def test_of_several_rules_for_a_pattern_one_has_to_be_named(site: Site) -> None:
    for name in ("one", "two"):
        site.ask("level", "set", PATTERN, "debug", "--reason", "r", "--id", name)
    assert "one, two" in str(refusal(site, "level", "unset", PATTERN))
    assert len(in_force(site)) == 2


def test_the_list_has_the_newest_first(site: Site) -> None:
    assert "no live severity rule" in site.run("level", "list").stdout
    for name in ("one", "two"):
        site.ask("level", "set", PATTERN, "debug", "--reason", f"for {name}", "--id", name)
    assert [(each["id"], each["state"], each["reason"]) for each in site.ask("level", "list")] == [
        ("two", "in force", "for two"),
        ("one", "in force", "for one"),
    ]
    lines = site.run("level", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", "two", "one"]


def test_brackets_of_globs_are_shown_as_they_are(site: Site) -> None:
    site.ask("level", "set", "**", "debug", "--namespace", "[ab]*", "--reason", "[bold]", "--id", "mine")
    shown = site.run("level", "list").stdout
    assert '{"namespaces":["[ab]*"]}' in shown
    assert "[bold]" in shown


def test_what_cannot_be_read_is_listed(site: Site) -> None:
    site.put("control", "broken", b"no rule")
    (found,) = site.ask("level", "list")
    assert (found["id"], found["state"]) == ("broken", "unusable")
    assert "no known schema" in found["problem"]


def test_the_history_tells_who_did_what_and_why(site: Site) -> None:
    site.ask("level", "set", PATTERN, "debug", "--reason", "one", "--id", "mine", "--author", "ana")
    site.ask("level", "set", PATTERN, "info", "--reason", "two", "--id", "mine", "--author", "bob")
    site.ask("level", "unset", "mine", "--reason", "three", "--author", "eve")
    site.ask("level", "set", PATTERN, "warn", "--reason", "four", "--id", "mine", "--author", "ana")
    found = site.ask("level", "history", "mine")
    assert [(each["version"], each["state"], each["author"], each["reason"]) for each in found] == [
        (1, "replaced", "ana", "one"),
        (2, "removed", "bob", "two"),
        (3, "removed", "eve", "three"),
        (4, "in force", "ana", "four"),
    ]
    assert site.ask("level", "history", "another") == []


def test_each_kind_has_its_own_rules(site: Site) -> None:
    site.ask("level", "set", PATTERN, "debug", "--reason", "r", "--id", "mine")
    assert site.ask("sampling", "list") == []
    assert site.ask("sampling", "history") == []
    assert "id of a severity rule" in str(
        refusal(site, "sampling", "set", "**", "--keep-one-in", "2", "--reason", "r", "--id", "mine")
    )


# -- get -----------------------------------------------------------------------------------------------------------


def test_without_a_live_rule_the_settings_decide(site: Site) -> None:
    told = site.ask("level", "get", "kube.kube-system.dns-1.dns")
    assert (told["minimum"], told["because"]) == ("warn", "severity[0] (the settings)")
    told = site.ask("level", "get", TAG)
    assert (told["minimum"], told["because"]) == ("none", "no rule is for it, so everything is kept")


def test_a_live_rule_wins_over_annotation_and_settings(site: Site) -> None:
    site.know("kube-system", "dns-1", annotations={"logferry.io/minimum-severity": "error"}, labels={"app": "dns"})
    told = site.ask("level", "get", "kube.kube-system.dns-1.dns")
    assert (told["minimum"], told["because"]) == ("error", "the pod's annotation logferry.io/minimum-severity")
    words = ["--label", "app=dns", "--reason", "look", "--author", "ana", "--id", "mine"]
    site.ask("level", "set", "**", "debug", *words)
    told = site.ask("level", "get", "kube.kube-system.dns-1.dns")
    assert (told["minimum"], told["because"]) == ("debug", "live mine (ana: look)")
    assert [(each["rule"], each["decides"]) for each in told["rules"]] == [("live mine", True), ("severity[0]", False)]


def test_labels_can_be_given_where_no_pod_is_known(site: Site) -> None:
    site.ask("level", "set", "**", "debug", "--label", "app=cart", "--reason", "r")
    assert site.ask("level", "get", TAG)["minimum"] == "none"
    assert site.ask("level", "get", TAG, "--label", "app=cart")["minimum"] == "debug"


def test_people_read_the_answer_in_two_lines_and_a_table(site: Site) -> None:
    site.ask("level", "set", PATTERN, "debug", "--reason", "look", "--author", "ana", "--id", "mine")
    lines = site.run("level", "get", TAG).stdout.splitlines()
    assert lines[:2] == ["minimum: debug", "because: live mine (ana: look)"]
    assert lines[3].split()[:3] == ["yes", "live", "mine"]


# -- dry run -------------------------------------------------------------------------------------------------------

LINES = ("DEBUG one", "INFO two", "WARN three", "ERROR four")


def test_a_dry_run_shows_what_would_be_kept_and_changes_nothing(site: Site) -> None:
    site.ship("shop", "cart-1", *LINES)
    site.ship("kube-system", "dns-1", *LINES)
    told = site.ask("level", "set", PATTERN, "error", "--reason", "r", "--dry-run")
    figures = {name: told[name] for name in ("chunks", "records", "meant", "kept_before", "kept_after", "changed")}
    assert figures == {"chunks": 2, "records": 8, "meant": 4, "kept_before": 6, "kept_after": 3, "changed": 3}
    assert told["by_topic"] == [{"topic": f"{site.prefix}app", "before": 6, "after": 3}]
    by_severity = {each["severity"]: (each["kept_before"], each["kept_after"]) for each in told["by_severity"]}
    assert by_severity == {"ERROR": (2, 2), "WARN": (2, 1), "INFO": (1, 0), "DEBUG": (1, 0)}
    example = next(each for each in told["examples"] if each["severity"] == "INFO")
    assert (example["tag"], example["before"], example["after"]) == (TAG, [f"{site.prefix}app"], [])
    assert in_force(site) == []


def test_a_dry_run_sees_what_is_dropped_today(site: Site) -> None:
    site.ship("kube-system", "dns-1", *LINES)
    told = site.ask("level", "set", "kube.kube-system.**", "trace", "--reason", "r", "--dry-run")
    assert (told["kept_before"], told["kept_after"]) == (2, 4)


def test_a_dry_run_looks_at_the_newest_chunks_only(site: Site) -> None:
    for _ in range(5):
        site.ship("shop", "cart-1", "INFO old")
    told = site.ask("level", "set", PATTERN, "error", "--reason", "r", "--dry-run", "--sample", "2")
    assert told["chunks"] == 2


def test_people_read_a_dry_run_as_tables(site: Site) -> None:
    site.ship("shop", "cart-1", *LINES, "INFO \x1b[31mred")
    words = site.run("level", "set", PATTERN, "error", "--reason", "r", "--dry-run").stdout
    assert "nothing is changed; kube.shop.** minimum=error was tried on 1 chunks of logs.raw" in words
    assert "kept 5 now, 1 with it; 4 change" in words
    assert "\x1b" not in words


def test_an_empty_topic_can_be_tried_too(new_site: NewSite) -> None:
    told = new_site().ask("level", "set", PATTERN, "error", "--reason", "r", "--dry-run")
    assert (told["chunks"], told["records"], told["examples"]) == (0, 0, [])


def test_errors_are_for_people(site: Site) -> None:
    site.config.write_text("kafka: {bootstrap_servers: '127.0.0.1:9'}\n")
    error = site.run("level", "list").exception
    assert isinstance(error, LogferryError)
    assert "127.0.0.1:9" in error.where
