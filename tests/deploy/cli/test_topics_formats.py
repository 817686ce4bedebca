"""`logferry topics list` and `rights` print the same truth in every form; nothing is asked of Kafka."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from deploy.cli.app import app
from schemas.errors import SettingsError
from schemas.settings import parse_settings
from schemas.topics import topics_for

TEXT = """
kafka: {bootstrap_servers: "kafka-1:9092,kafka-2:9092"}
topics:
  replication_factor: 3
  partitions: 12
  overrides: {logs.raw: {partitions: 24, config: {retention.ms: 86400000}}}
routes: [{match: "**", topic: logs.Shop_App}]
sinks: {search: {type: elasticsearch, topics: [logs.Shop_App]}}
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "logferry.yaml"
    path.write_text(TEXT)
    return str(path)


def run(config: str, *words: str) -> str:
    done = CliRunner().invoke(app, ["topics", *words, "--config", config], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def test_strimzi_topics_are_those_that_apply_makes(config: str) -> None:
    found = documents(run(config, "list", "--format", "strimzi", "--cluster", "west"))
    assert {each["metadata"]["labels"]["strimzi.io/cluster"] for each in found} == {"west"}
    assert {
        each["spec"]["topicName"]: (each["spec"]["partitions"], each["spec"]["replicas"], each["spec"]["config"])
        for each in found
    } == {
        each.name: (each.partitions, each.replication_factor, dict(each.config))
        for each in topics_for(parse_settings(TEXT, "test", {}))
    }


def test_a_topic_that_kubernetes_cannot_name_keeps_its_own_in_kafka(config: str) -> None:
    found = documents(run(config, "list", "--format", "strimzi"))
    names = {each["spec"]["topicName"]: each["metadata"]["name"] for each in found}
    assert names["logs.raw"] == "logs.raw"
    assert names["logs.Shop_App"].startswith("logs.shop-app-")


def test_values_for_the_chart_say_the_same(config: str) -> None:
    (values,) = documents(run(config, "list", "--format", "values"))
    resources = documents(run(config, "list", "--format", "strimzi"))
    assert [{"topicName": each.pop("name"), **each} for each in values["kafka"]["topics"]] == [
        each["spec"] for each in resources
    ]


def test_json_and_the_table_name_the_same_topics(config: str) -> None:
    rows = json.loads(run(config, "list", "--json"))
    assert json.loads(run(config, "list", "--format", "json")) == rows
    assert [each["topic"] for each in rows] == [line.split()[0] for line in run(config, "list").splitlines()[1:]]


def test_rights_are_commands_that_a_shell_can_run(config: str) -> None:
    lines = [line for line in run(config, "rights").splitlines() if not line.startswith("#")]
    beginning = "kafka-acls --bootstrap-server kafka-1:9092,kafka-2:9092 --command-config admin.properties --add"
    assert {" ".join(shlex.split(line)[:6]) for line in lines} == {beginning}
    assert [line for line in lines if "User:logferry-sink-search --operation Read --group" in line] != []


def test_users_may_have_other_names(config: str) -> None:
    printed = run(config, "rights", "--user", "CN=west {stage}", "--stage", "pods", "--command-config", "/etc/a b")
    (command,) = [line for line in printed.splitlines() if not line.startswith("#")]
    words = shlex.split(command)
    assert "User:CN=west pods" in words
    assert "/etc/a b" in words


def test_all_forms_give_the_same_rights(config: str) -> None:
    rights = json.loads(run(config, "rights", "--json"))
    users = documents(run(config, "rights", "--format", "strimzi", "--authentication", "scram-sha-512"))
    assert {each["spec"]["authentication"]["type"] for each in users} == {"scram-sha-512"}
    assert [
        (user["metadata"]["name"], acl["resource"]["type"], acl["resource"]["name"], acl["operations"])
        for user in users
        for acl in user["spec"]["authorization"]["acls"]
    ] == [(each["user"], each["resource"], each["name"], each["operations"]) for each in rights]
    commands = [line for line in run(config, "rights").splitlines() if not line.startswith("#")]
    assert {word for line in commands for word in shlex.split(line)} >= {each["name"] for each in rights}


def test_an_unknown_stage_is_named(config: str) -> None:
    with pytest.raises(SettingsError, match="no stage is called 'sink'") as caught:
        run(config, "rights", "--stage", "sink")
    assert "sink-search" in (caught.value.remedy or "")


def test_what_is_no_suffix_is_refused(config: str) -> None:
    with pytest.raises(SettingsError, match="is no suffix of a trial"):
        run(config, "rights", "--index-suffix", "try1")
