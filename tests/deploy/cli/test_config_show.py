"""`logferry config show`: what holds, where it came from, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from deploy.cli.app import app
from deploy.settings_shown import masked
from schemas.settings import parse_settings

VALUE = "S3cr3tV4lue"

EVERYWHERE = """
kafka:
  bootstrap_servers: kafka:9093
  properties:
    security.protocol: SASL_SSL
    sasl.mechanism: SCRAM-SHA-512
    sasl.username: {env: A_USER}
    sasl.password: {env: A_SECRET}
    ssl.key.password: {file: SECRET_FILE}
inputs:
  fluent: {type: forward, listen: "0.0.0.0:24224", shared_key: {env: A_SECRET}, users: {ann: {env: A_SECRET}}}
  posted: {type: http, listen: "0.0.0.0:8080", tokens: [{env: A_SECRET}, {file: SECRET_FILE}], users: {bob: {env: A_SECRET}}}
redaction:
  - {match: "**", detect: [email], mode: hash, key: {env: A_SECRET}}
sinks:
  search: {type: elasticsearch, topics: [logs.app], hosts: ["https://es:9200"], username: {env: A_USER}, password: {env: A_SECRET}}
  keyed: {type: elasticsearch, topics: [logs.app], hosts: ["https://es:9200"], api_key: {file: SECRET_FILE}}
  posted: {type: http, topics: [logs.app], url: "https://h/in", headers: {X-Token: {env: A_SECRET}}, token: {env: A_SECRET}}
  traced: {type: otlp, topics: [logs.app], url: "https://h/v1/logs", username: me, password: {env: A_SECRET}}
  watched: {type: cloudwatch, topics: [logs.app], region: eu-west-1, access_key_id: {env: A_USER}, secret_access_key: {env: A_SECRET}}
  stored:
    type: object_storage
    topics: [logs.app]
    url: s3://b/x
    options: {secret_access_key: {env: A_SECRET}, proxy_url: "http://me:S3cr3tV4lue@proxy:3128"}
  other: {type: kafka, topics: [logs.app], kafka: {bootstrap_servers: "k:1", properties: {sasl.password: {env: A_SECRET}}}}
"""  # noqa: E501 - YAML


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    secret = tmp_path / "secret"
    secret.write_text(VALUE)
    monkeypatch.setenv("A_SECRET", VALUE)
    monkeypatch.setenv("A_USER", f"user-{VALUE}")
    config = tmp_path / "logferry.yaml"

    def run(text: str, *words: str, **variables: str) -> Result:
        config.write_text(text.replace("SECRET_FILE", str(secret)))
        for name, value in variables.items():
            monkeypatch.setenv(f"LOGFERRY_{name}", value)
        return CliRunner().invoke(app, ["config", "show", "--config", str(config), *words])

    return run


def shown(result: Result) -> Any:
    if result.exception is not None:
        raise result.exception
    return yaml.safe_load(result.stdout)


STAGES = ["", "produce", "pods", "stream", "sink:search", "sink:stored", "sink:posted", "sink:other"]


@pytest.mark.parametrize("form", [[], ["--json"], ["--defaults"], ["--defaults", "--json"]], ids=" ".join)
@pytest.mark.parametrize("stage", STAGES)
def test_no_secret_is_ever_shown(show: Callable[..., Result], stage: str, form: list[str]) -> None:
    result = show(EVERYWHERE, *form, *(["--stage", stage] if stage else []))
    assert result.exception is None
    assert VALUE not in result.output
    assert result.stdout


def test_references_to_secrets_are_shown_as_they_are(show: Callable[..., Result], tmp_path: Path) -> None:
    data = shown(show(EVERYWHERE))
    assert data["kafka"]["properties"]["sasl.password"] == {"env": "A_SECRET"}
    assert data["inputs"]["posted"]["tokens"] == [{"env": "A_SECRET"}, {"file": str(tmp_path / "secret")}]
    assert data["sinks"]["stored"]["options"]["proxy_url"] == "http://me:***@proxy:3128"


def test_a_text_whose_name_sounds_like_a_secret_is_masked_though_nobody_knows_the_name(
    show: Callable[..., Result],
) -> None:
    names = f"{{some.api.key: {VALUE}, ssl.ca.location: /ca, sasl.oauthbearer.token.endpoint.url: 'https://h/token'}}"
    assert shown(show(f"kafka: {{properties: {names}}}"))["kafka"]["properties"] == {
        "some.api.key": "***",
        "ssl.ca.location": "/ca",
        "sasl.oauthbearer.token.endpoint.url": "https://h/token",
    }


SECRET_PLACES = [
    "KAFKA__PROPERTIES__SASL_PASSWORD",
    "INPUTS__FLUENT__SHARED_KEY",
    "INPUTS__POSTED__USERS__BOB",
    "SINKS__SEARCH__PASSWORD",
    "SINKS__SEARCH__HOSTS",
    "SINKS__POSTED__HEADERS__AUTHORIZATION",
    "SINKS__POSTED__TOKEN",
    "SINKS__STORED__OPTIONS__SECRET_ACCESS_KEY",
    "SINKS__STORED__OPTIONS__SAS_KEY",
    "SINKS__STORED__OPTIONS__SSE_CUSTOMER_KEY_BASE64",
    "SINKS__OTHER__KAFKA__PROPERTIES__SASL_PASSWORD",
    "REDACTION__0__KEY",
]


@pytest.mark.parametrize("place", SECRET_PLACES)
def test_a_secret_written_where_a_reference_belongs_is_refused_without_being_shown(
    show: Callable[..., Result], place: str
) -> None:
    value = f"https://me:{VALUE}@es:9200" if place.endswith("HOSTS") else VALUE
    result = show(EVERYWHERE, **{place: value})
    assert result.exception is not None
    assert VALUE not in f"{result.output}{result.exception}"


def test_what_came_from_the_environment_names_its_variable(show: Callable[..., Result]) -> None:
    text = "severity:\n- {match: 'kube.**', minimum: warn}\n"
    result = show(
        text,
        METRICS__PORT="9090",
        KAFKA__INSTANCE="pod-1",
        TOPICS="{partitions: 3}",
        SEVERITY__0__MINIMUM="error",
        PODS__LEASE__NAME="own",
    )
    assert result.stdout.splitlines() == [
        "kafka:",
        "  instance: pod-1  # from LOGFERRY_KAFKA__INSTANCE",
        "topics:  # from LOGFERRY_TOPICS",
        "  partitions: 3",
        "pods:",
        "  lease:",
        "    name: own  # from LOGFERRY_PODS__LEASE__NAME",
        "severity:",
        "  - match: kube.**",
        "    minimum: error  # from LOGFERRY_SEVERITY__0__MINIMUM",
        "metrics:",
        "  port: 9090  # from LOGFERRY_METRICS__PORT",
    ]
    assert json.loads(show(text, "--json").stdout)["from_environment"] == {
        "kafka.instance": "LOGFERRY_KAFKA__INSTANCE",
        "metrics.port": "LOGFERRY_METRICS__PORT",
        "pods.lease.name": "LOGFERRY_PODS__LEASE__NAME",
        "severity[0].minimum": "LOGFERRY_SEVERITY__0__MINIMUM",
        "topics": "LOGFERRY_TOPICS",
    }


def test_a_list_in_one_line_names_the_variables_of_its_elements(show: Callable[..., Result]) -> None:
    text = "sinks: {x: {type: elasticsearch, topics: [logs.app], hosts: ['http://a:1', 'http://b:1']}}"
    lines = show(text, SINKS__X__HOSTS__1="http://c:1").stdout.splitlines()
    assert lines[-1] == "    hosts: ['http://a:1', 'http://c:1']  # from LOGFERRY_SINKS__X__HOSTS__1"


@pytest.mark.parametrize("defaults", [[], ["--defaults"]], ids=["set", "all"])
def test_what_is_shown_is_a_settings_file_that_means_the_same(show: Callable[..., Result], defaults: list[str]) -> None:
    text = EVERYWHERE.replace(f":{VALUE}@", "@").replace(', proxy_url: "http://me@proxy:3128"', "")
    result = show(text, *defaults, METRICS__PORT="9090")
    again = show(result.stdout, *defaults)
    assert shown(again) == shown(result)
    meant = parse_settings(result.stdout, "shown", {})
    assert (meant.metrics.port, len(meant.sinks), len(meant.inputs)) == (9090, 7, 2)


def test_nothing_set_is_nothing_shown_and_defaults_are_shown_on_demand(show: Callable[..., Result]) -> None:
    assert shown(show("")) == {}
    everything = shown(show("", "--defaults"))
    assert everything["metrics"] == {"host": "127.0.0.1", "port": 0, "stall_secs": 60.0}


@pytest.mark.parametrize(
    ("stage", "sections"),
    [
        ("produce", {"kafka", "inputs"}),
        ("pods", {"kafka"}),
        ("stream", {"kafka", "redaction"}),
        ("sink:search", {"kafka", "sinks"}),
    ],
)
def test_a_stage_has_the_sections_that_concern_it(show: Callable[..., Result], stage: str, sections: set[str]) -> None:
    data = shown(show(EVERYWHERE, "--stage", stage))
    assert set(data) == sections
    assert list(data.get("sinks", {"search": {}})) == ["search"]


@pytest.mark.parametrize(
    ("stage", "said"), [("sinks", "no stage"), ("sink", "no stage"), ("pods:x", "no stage"), ("sink:x", "no sink 'x'")]
)
def test_a_stage_that_does_not_exist_is_told(show: Callable[..., Result], stage: str, said: str) -> None:
    assert said in str(show(EVERYWHERE, "--stage", stage).exception)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("http://me:pw@h:1/x", "http://me:***@h:1/x"),
        ("http://me:p:w@d@h:1/x", "http://me:***@h:1/x"),
        ("http://:pw@h", "http://:***@h"),
        ("https://token@h/x", "https://***@h/x"),
        ("a://u:p@x, b://v:q@y", "a://u:***@x, b://v:***@y"),
        ("https://h/x?sig=abc&a=1", "https://h/x?sig=***&a=1"),
        ("https://h/x?a=1&access_token=abc#b", "https://h/x?a=1&access_token=***#b"),
        ("http://h:9200/a@b", "http://h:9200/a@b"),
        ("me@example.org", "me@example.org"),
    ],
)
def test_passwords_in_addresses_are_masked(text: str, safe: str) -> None:
    assert masked(text) == safe
