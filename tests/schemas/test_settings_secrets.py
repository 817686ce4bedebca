"""Secrets are named in the settings, never written there, and fetched when a stage starts."""

from collections.abc import Callable

import pytest

from schemas.errors import SettingsError
from schemas.settings import InvalidSettingsError, Secret, Settings, json_schema, parse_settings, resolve


def settings(text: str) -> Settings:
    return parse_settings(text, "logferry.yaml", {})


def files(**contents: str) -> Callable[[str], str]:
    def read(path: str) -> str:
        if path not in contents:
            raise FileNotFoundError(2, "No such file or directory", path)
        return contents[path]

    return read


def test_a_secret_comes_from_a_variable():
    assert Secret(env="PASSWORD").resolve({"PASSWORD": "geheim "}, files()) == "geheim "


def test_a_secret_comes_from_a_file_without_the_line_end():
    assert Secret(file="password").resolve({}, files(password="geheim \r\n")) == "geheim "


@pytest.mark.parametrize(("secret", "place"), [(Secret(env="P"), "variable P"), (Secret(file="p"), "file p")])
def test_a_missing_secret_says_where_it_was_looked_for(secret: Secret, place: str):
    with pytest.raises(SettingsError) as caught:
        secret.resolve({}, files())
    assert place in caught.value.where
    assert caught.value.remedy


def test_an_empty_secret_is_a_missing_one():
    with pytest.raises(SettingsError, match="missing"):
        Secret(env="P").resolve({"P": ""}, files())


def test_texts_and_secrets_are_fetched_alike():
    assert [resolve(value, {"P": "x"}, files()) for value in ("plain", Secret(env="P"))] == ["plain", "x"]


def test_properties_for_kafka_come_with_their_secrets():
    kafka = settings("kafka: {properties: {sasl.username: me, sasl.password: {env: P}}}").kafka
    assert kafka.client_properties({"P": "geheim"}, files()) == {"sasl.username": "me", "sasl.password": "geheim"}


LITERALS = [
    "kafka: {properties: {sasl.password: hunter2}}",
    "kafka: {properties: {ssl.key.password: hunter2}}",
    "kafka: {properties: {ssl.key.pem: hunter2}}",
    "kafka: {properties: {ssl.keystore.password: hunter2}}",
    "kafka: {properties: {sasl.oauthbearer.client.secret: hunter2}}",
    "kafka: {properties: {sasl.oauthbearer.assertion.private.key.passphrase: hunter2}}",
    "kafka: {properties: {sasl.oauthbearer.assertion.private.key.pem: hunter2}}",
    "kafka: {properties: {SASL.PASSWORD: hunter2}}",
    "sinks: {s: {type: elasticsearch, topics: [logs.app], api_key: hunter2}}",
    "sinks: {s: {type: elasticsearch, topics: [logs.app], username: u, password: hunter2}}",
    "sinks: {s: {type: elasticsearch, topics: [logs.app], username: u, password: [hunter2]}}",
    "sinks: {s: {type: elasticsearch, topics: [logs.app], hosts: ['http://u:hunter2@h:9200']}}",
    "sinks: {s: {type: object_storage, topics: [logs.app], url: 's3://b', options: {secret_access_key: hunter2}}}",
    "sinks: {s: {type: object_storage, topics: [logs.app], url: 's3://b', options: {secret_access_key: [hunter2]}}}",
]


@pytest.mark.parametrize("text", LITERALS)
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(text: str):
    with pytest.raises(InvalidSettingsError) as caught:
        settings(text)
    assert "hunter2" not in str(caught.value)


def test_the_refusal_says_why_and_what_to_write():
    with pytest.raises(InvalidSettingsError) as caught:
        settings(LITERALS[2])
    (found,) = caught.value.findings
    assert "whoever reads the file knows it" in found.problem
    assert found.remedy == "write {env: NAME_OF_A_VARIABLE} or {file: /path/of/a/file}"


@pytest.mark.parametrize("reference", ["{env: A, file: b}", "{}", "{env: }"])
def test_a_reference_names_one_place(reference: str):
    with pytest.raises(InvalidSettingsError):
        settings(f"sinks: {{s: {{type: elasticsearch, topics: [logs.app], api_key: {reference}}}}}")


KAFKA_TEXTS = [
    "https.ca.location",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "ssl.ca.pem",
    "ssl.certificate.pem",
    "ssl.key.location",
]


@pytest.mark.parametrize("key", KAFKA_TEXTS)
def test_what_is_no_secret_of_kafka_may_be_written_out(key: str):
    assert settings(f"kafka: {{properties: {{{key}: x}}}}").kafka.properties == {key: "x"}


@pytest.mark.parametrize("key", ["aws_access_key_id", "endpoint", "region", "token.endpoint.url"])
def test_what_only_sounds_secret_may_be_written_out(key: str):
    text = f"sinks: {{s: {{type: object_storage, topics: [logs.app], url: 's3://b', options: {{{key}: x}}}}}}"
    assert settings(text).sinks


def test_the_json_schema_offers_references_only():
    assert json_schema()["$defs"]["ElasticsearchSink"]["properties"]["api_key"]["anyOf"] == [
        {"$ref": "#/$defs/Secret"},
        {"type": "null"},
    ]
