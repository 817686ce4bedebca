"""``logferry route``, ``sampling``, ``quota`` and ``redaction``: the same commands with options of their own."""

import json
from typing import Any

import pytest

from schemas.errors import SettingsError
from streams.control import ControlTable
from tests.deploy.cli.conftest import Site

LINES = ("DEBUG one", "INFO two", "WARN three ana@example.com", "ERROR four")


def in_force(site: Site) -> list[tuple[str, dict[str, Any]]]:
    """What a worker has: kind and rule."""
    table = ControlTable(site.settings)
    try:
        table.load(20)
    finally:
        table.close()
    dumped = [(each.kind, each.rule.model_dump(mode="json", by_alias=True, exclude_unset=True)) for each in table.rules]
    return json.loads(json.dumps([list(each) for each in dumped]))


def of(site: Site, *words: str) -> tuple[str, ...]:
    """Words with this test's prefix for topics."""
    return tuple(word.replace("PREFIX.", site.prefix) for word in words)


@pytest.mark.parametrize(
    ("words", "kind", "rule"),
    [
        (
            ("route", "set", "kube.shop.**", "PREFIX.shop", "--minimum", "warn", "--copy", "--attribute", "user=ana*"),
            "route",
            {
                "match": "kube.shop.**",
                "topic": "PREFIX.shop",
                "minimum": "warn",
                "copy": True,
                "attributes": {"user": ["ana*"]},
            },
        ),
        (
            ("sampling", "set", "**", "--per-second", "10", "--below", "error", "--namespace", "shop"),
            "sampling",
            {"match": "**", "per_second": 10, "below": "error", "where": {"namespaces": ["shop"]}},
        ),
        (
            ("quota", "set", "dev-* test", "64KiB", "--topic", "PREFIX.later"),
            "quota",
            {"namespaces": ["dev-*", "test"], "bytes_per_minute": 65536, "topic": "PREFIX.later"},
        ),
        (
            ("redaction", "set", "kube.crm.**", "--detect", "email", "--detect", "card", "--mode", "remove"),
            "redaction",
            {"match": "kube.crm.**", "detect": ["email", "card"], "mode": "remove"},
        ),
    ],
)
def test_every_kind_can_be_set_listed_and_removed(
    site: Site, words: tuple[str, ...], kind: str, rule: dict[str, Any]
) -> None:
    told = site.ask(*of(site, *words), "--reason", "r")
    expected = json.loads(json.dumps(rule).replace("PREFIX.", site.prefix))
    assert in_force(site) == [[kind, expected]]
    assert [each["id"] for each in site.ask(words[0], "list")] == [told["id"]]
    site.ask(words[0], "unset", told["id"])
    assert in_force(site) == []
    assert [each["state"] for each in site.ask(words[0], "history")] == ["removed", "removed"]


def test_a_quota_is_found_by_its_namespace(site: Site) -> None:
    site.ask("quota", "set", "dev-*", "1000", "--reason", "r", "--id", "dev")
    assert site.ask("quota", "unset", "dev-*")["removed"]["id"] == "dev"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("route", "set", "**", "PREFIX.raw"), "has a meaning of its own"),
        (("route", "set", "**", "PREFIX.app", "--format", "json"), "PREFIX.app would hold json and avro values"),
        (("route", "set", "**", "PREFIX.x", "--attribute", "user"), "'user' has no name and value"),
        (("sampling", "set", "**"), "either keep_one_in or per_second"),
        (("quota", "set", "shop", "many"), "'many' is no number of bytes"),
        (("quota", "set", "shop"), "bytes_per_minute: is missing"),
        (("redaction", "set", "**"), "nothing is looked for"),
    ],
)
def test_a_mistake_is_told(site: Site, words: tuple[str, ...], told: str) -> None:
    error = site.run(*of(site, *words), "--reason", "r").exception
    assert isinstance(error, SettingsError), error
    assert of(site, told)[0] in str(error)


def test_get_shows_the_way_of_a_record_through_the_routes(site: Site) -> None:
    words = of(site, "route", "set", "kube.shop.**", "PREFIX.shop", "--copy", "--reason", "r", "--id", "mine")
    site.ask(*words)
    told = site.ask("route", "get", "kube.shop.cart-1.app")
    assert [(each["rule"], each["decides"]) for each in told["rules"]] == [("live mine", True), ("routes[0]", True)]
    told = site.ask("route", "get", "host.syslog")
    assert [(each["rule"], each["decides"]) for each in told["rules"]] == [("routes[0]", True)]


def test_get_asks_quotas_by_namespace(site: Site) -> None:
    site.ask("quota", "set", "shop", "1000", "--reason", "r", "--id", "mine")
    assert [each["rule"] for each in site.ask("quota", "get", "kube.shop.cart-1.app")["rules"]] == ["live mine"]
    assert site.ask("quota", "get", "kube.cart.cart-1.app")["rules"] == []


def test_a_dry_run_of_a_route_shows_records_by_topic(site: Site) -> None:
    site.ship("shop", "cart-1", *LINES)
    words = of(site, "route", "set", "kube.shop.**", "PREFIX.shop", "--minimum", "warn", "--reason", "r", "--dry-run")
    told = site.ask(*words)
    assert told["by_topic"] == [
        {"topic": f"{site.prefix}app", "before": 4, "after": 2},
        {"topic": f"{site.prefix}shop", "before": 0, "after": 2},
    ]
    assert (told["changed"], told["kept_before"], told["kept_after"]) == (2, 4, 4)


def test_a_dry_run_of_a_route_in_json_works_too(site: Site) -> None:
    site.ship("shop", "cart-1", *LINES)
    words = of(site, "route", "set", "**", "PREFIX.shop", "--format", "json", "--reason", "r", "--dry-run")
    assert site.ask(*words)["by_topic"][1] == {"topic": f"{site.prefix}shop", "before": 0, "after": 4}


def test_a_dry_run_of_sampling_counts_what_is_left(site: Site) -> None:
    site.ship("shop", "cart-1", *["INFO again"] * 50, "WARN kept")
    told = site.ask("sampling", "set", "**", "--keep-one-in", "10", "--reason", "r", "--dry-run")
    assert told["kept_before"] == 51
    assert 1 < told["kept_after"] < 25


def test_a_dry_run_of_a_quota_shows_what_would_be_delayed(site: Site) -> None:
    site.ship("shop", "cart-1", *LINES)
    site.ship("crm", "web-1", *LINES)
    told = site.ask("quota", "set", "shop", "20", "--reason", "r", "--dry-run")
    delayed = next(each for each in told["by_topic"] if each["topic"] == f"{site.prefix}delayed")
    assert delayed["before"] == 0
    assert delayed["after"] in (2, 3)
    assert told["meant"] == 4


def test_a_dry_run_of_redaction_shows_the_lines_as_they_would_be(site: Site) -> None:
    site.ship("shop", "cart-1", *LINES)
    told = site.ask("redaction", "set", "**", "--detect", "email", "--reason", "r", "--dry-run")
    (example,) = told["examples"]
    assert (told["changed"], example["rewritten"], example["severity"]) == (1, True, "WARN")
    assert "ana@example.com" not in example["body"]
    assert example["body"].startswith("WARN three [email") or example["body"].startswith("three [email")
