"""A trial has rules, topics, indices and groups of its own, whatever the environment says of production."""

from __future__ import annotations

import pytest
import yaml

from deploy.replay.isolated import data_of, for_sinks, for_workers, plain_environment, settings_of, with_rules
from schemas.errors import SettingsError
from schemas.settings import ElasticsearchSink, Settings

TEXT = """
topics: {overrides: {logs.app: {partitions: 2}}}
routes:
  - {match: "kube.**", topic: "logs.ns.{namespace}"}
  - {match: "**", topic: logs.app}
unmatched: logs.rest
quotas: [{namespaces: a, bytes_per_minute: 1}]
sinks:
  search: {type: elasticsearch, topics: [logs.app, logs.ns.*], retention: 14d}
  raw: {type: object_storage, topics: [logs.raw], url: "file:///x", format: avro}
"""
ENVIRON = {"LOGFERRY_SINKS__SEARCH__INDEX": "prod-%Y.%m.%d", "LOGFERRY_STREAM__GROUP": "g", "PATH": "/bin", "KEY": "k"}


def sinks(rules: str | None = None) -> Settings:
    data = data_of(TEXT, ENVIRON)
    data = data if rules is None else with_rules(data, rules, "rules.yaml")
    return settings_of(for_sinks(data, settings_of(data_of(TEXT, ENVIRON), "x"), "-try1"), "y")


def test_everything_that_a_trial_writes_has_its_suffix() -> None:
    made = sinks()
    (search,) = made.sinks.values()
    assert isinstance(search, ElasticsearchSink)
    assert {*made.routed_topics, *made.dynamic_topics} == {
        "logs.app-try1", "logs.rest-try1", "logs.delayed-try1", "logs.ns.{namespace}-try1",
    }  # fmt: skip
    assert (search.index, search.topics) == ("prod-%Y.%m.%d-try1", ("logs.app-try1", "logs.ns.*-try1"))
    assert (search.group, search.template_name) == ("logferry-sink-search-try1", "logferry-search-try1")
    assert search.retention is None


def test_rules_of_a_file_replace_those_of_the_settings() -> None:
    made = sinks('routes: [{match: "**", topic: logs.app, minimum: warn}]\nunmatched: drop')
    assert made.routed_topics == ("logs.app-try1", "logs.delayed-try1")


@pytest.mark.parametrize("rules", ["kafka: {}", "[1]", "a: [", "sinks: {}"])
def test_what_is_no_rule_is_refused(rules: str) -> None:
    with pytest.raises(SettingsError, match=r"rules\.yaml"):
        with_rules({}, rules, "rules.yaml")


def test_workers_deliver_nothing_and_wait_for_nobody() -> None:
    made = settings_of(for_workers(data_of(TEXT, ENVIRON)), "x")
    assert (made.sinks, made.stream.pod_wait_secs, made.stream.group) == ({}, 0, "g")


def test_settings_can_be_made_of_nothing() -> None:
    data = {**data_of("", {}), "sinks": yaml.safe_load("{search: {type: elasticsearch, topics: [logs.app]}}")}
    made = settings_of(for_sinks(data, settings_of(data, "x"), "-a"), "y")
    assert made.routed_topics == ("logs.app-a",)


def test_children_see_no_variable_that_means_a_setting() -> None:
    assert plain_environment({**ENVIRON, "LOGFERRY_CONFIG": "x"}) == {"PATH": "/bin", "KEY": "k"}
