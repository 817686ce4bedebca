"""What the chart refuses, in words that say where and what to do; and what only looks as if it had to."""

from typing import Any

import pytest

from tests.deploy.kubernetes.chart import SEARCH, made
from tests.tools import helm

LITERAL = "hunter2"


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"kafka": {"properties": {"sasl.password": LITERAL}}}, "config.kafka.properties.sasl.password"),
        ({"kafka": {"properties": {"ssl.key.password": LITERAL}}}, "config.kafka.properties.ssl.key.password"),
        (
            {"kafka": {"properties": {"sasl.oauthbearer.client.secret": LITERAL}}},
            "config.kafka.properties.sasl.oauthbearer.client.secret",
        ),
        (
            {"sinks": {"s3": {"type": "object_storage", "topics": ["logs.app"], "url": "s3://a/b",
                              "options": {"secret_access_key": LITERAL}}}},
            "config.sinks.s3.options.secret_access_key",
        ),
        (
            {"sinks": {"hook": {"type": "http", "topics": ["logs.app"], "url": "https://a",
                                "headers": {"Authorization": LITERAL}}}},
            "config.sinks.hook.headers.Authorization",
        ),
    ],
)  # fmt: skip
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(config: dict[str, Any], where: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        made(config)
    assert f"{where} is a secret and must not stand in the values" in str(refused.value)
    assert "{file: /etc/logferry/" in str(refused.value)
    assert LITERAL not in str(refused.value)


@pytest.mark.parametrize(
    "config",
    [
        {"sinks": {"search": {**SEARCH, "api_key": LITERAL}}},
        {"inputs": {"http": {"type": "http", "listen": "0.0.0.0:4318", "tokens": [LITERAL]}}},
        {"inputs": {"f": {"type": "forward", "listen": "0.0.0.0:24224", "shared_key": LITERAL}}},
        {"inputs": {"http": {"type": "http", "listen": "0.0.0.0:4318", "users": {"anna": LITERAL}}}},
    ],
)
def test_a_literal_where_settings_take_references_only_is_refused_and_not_repeated(config: dict[str, Any]) -> None:
    with pytest.raises(helm.HelmError) as refused:
        made(config)
    assert LITERAL not in str(refused.value)


@pytest.mark.parametrize(
    "values",
    [
        {"env": [{"name": "KAFKA_PASSWORD", "value": LITERAL}]},
        {"streams": {"env": [{"name": "API_TOKEN", "value": LITERAL}]}},
        {"sinks": {"search": {"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": LITERAL}]}}},
    ],
)
def test_a_secret_in_a_variable_is_refused_and_not_repeated(values: dict[str, Any]) -> None:
    with pytest.raises(helm.HelmError, match="secretKeyRef") as refused:
        made(**values)
    assert LITERAL not in str(refused.value)


def test_names_that_only_sound_secret_and_references_pass() -> None:
    properties = {
        "sasl.password": {"file": "/etc/logferry/kafka/password"},
        "sasl.oauthbearer.token.endpoint.url": "https://login.example/token",
        "ssl.key.location": "/etc/logferry/kafka/tls.key",
    }
    search = {**SEARCH, "promote": {"token_count": "long"}, "api_key": {"env": "API_KEY"}}
    s3 = {"type": "object_storage", "topics": ["logs.app"], "url": "s3://a/b", "options": {"access_key_id": "AKIA"}}
    config = {"kafka": {"properties": properties}, "sinks": {"search": search, "s3": s3}}
    env = [{"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/var/run/token"}]
    assert made(config, env=env)


@pytest.mark.parametrize(
    ("config", "values", "words"),
    [
        ({"kafka": {"bootstrap_server": "kafka:9092"}}, {}, "bootstrap_server"),
        ({}, {"streams": {"replica": 3}}, "replica"),
        ({}, {"sinks": {"serach": {"replicas": 2}}}, "there is no config.sinks.serach that this would be about"),
        ({"sinks": {"defaults": SEARCH}}, {}, "config.sinks.defaults: a sink cannot have this name"),
        ({"sinks": {"a_b": SEARCH, "a.b": SEARCH}}, {}, "would both be called a-b in Kubernetes"),
        (
            {"sinks": {"disk": {"type": "file", "topics": ["logs.app"], "path": "/out/{day}.log"}}},
            {"sinks": {"disk": {"replicas": 2}}},
            "belong to one process",
        ),
        (
            {"inputs": {"a": {"type": "http", "listen": "0.0.0.0:9090"}}},
            {},
            "config.inputs.a listens on port 9090, which metrics.port has already",
        ),
        (
            {"inputs": {"a": {"type": "http", "listen": ":4318"}, "b": {"type": "forward", "listen": ":4318"}}},
            {},
            "config.inputs.b listens on port 4318, which config.inputs.a has already",
        ),
        ({"inputs": {"a": {"type": "http", "listen": "0.0.0.0:0"}}}, {}, "listens on any free port"),
        (
            {
                "inputs": {
                    "application-a": {"type": "http", "listen": ":4318"},
                    "application_b": {"type": "http", "listen": ":4319"},
                }
            },
            {},
            "their ports would both be called applicatio-tcp",
        ),
        ({"pods": {"lease": {"enabled": False}}}, {}, "several watchers write at once"),
        (
            {"producer": {"drain_secs": 20.5}},
            {},
            "drain_secs: 20.5 a producer may take 31 s to end, and Kubernetes would kill it after 30. Write 36",
        ),
        (
            {},
            {"streams": {"autoscaling": {"kind": "keda", "minReplicas": 9, "maxReplicas": 2}}},
            "maxReplicas is less than minReplicas",
        ),
        (
            {"sinks": {"all": {"type": "stdout", "topics": ["logs.ns.*"]}}},
            {"sinks": {"all": {"autoscaling": {"kind": "keda"}}}},
            "the lag of a pattern cannot be asked for",
        ),
    ],
)
def test_what_does_not_fit_is_refused(config: dict[str, Any], values: dict[str, Any], words: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        made(config, **values)
    assert words in str(refused.value)
