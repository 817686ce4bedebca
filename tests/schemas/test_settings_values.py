"""Settings that are right: defaults, the sample of the design, and what an editor learns about them."""

import pytest
from pydantic import BaseModel, ValidationError

from schemas.settings import ElasticsearchSink, ObjectStorageSink, Settings, json_schema, parse_settings

SAMPLE = """
kafka: {bootstrap_servers: localhost:9092}
inputs:
  containers: {type: container_files, path: /var/log/containers/*.log}
severity:
  - {match: "kube.kube-system.**", minimum: warn}
routes:
  - {match: "kube.*.gallery.access-log.**", topic: logs.access, copy: true}
  - {match: "**", minimum: error, topic: logs.errors, copy: true}
  - {match: "kube.**", topic: logs.app}
unmatched: drop
sinks:
  search:  {type: elasticsearch, topics: [logs.app, logs.access], hosts: ["http://localhost:9200"]}
  archive: {type: object_storage, topics: [logs.app], url: "file:///var/lib/logferry/archive", format: parquet}
  raw:     {type: object_storage, topics: [logs.raw], url: "file:///var/lib/logferry/raw", format: avro}
"""


def settings(text: str) -> Settings:
    return parse_settings(text, "logferry.yaml", {})


def test_the_sample_of_the_design_loads():
    found = settings(SAMPLE)
    assert found.routed_topics == ("logs.access", "logs.errors", "logs.app")
    assert [route.copies for route in found.routes] == [True, True, False]
    assert {name: type(sink) for name, sink in found.sinks.items()} == {
        "search": ElasticsearchSink,
        "archive": ObjectStorageSink,
        "raw": ObjectStorageSink,
    }


@pytest.mark.parametrize("text", ["", "\n# nothing yet\n", "---\n", "{}"])
def test_a_file_without_settings_means_the_defaults(text: str):
    assert settings(text) == Settings()


def test_a_section_with_nothing_under_it_means_its_defaults():
    assert settings("kafka:\nroutes:\nsinks:\n") == Settings()


def test_by_default_container_logs_go_to_one_topic():
    found = Settings()
    assert [(name, each.path) for name, each in found.inputs.items()] == [("containers", "/var/log/containers/*.log")]
    assert (found.routed_topics, found.unmatched, found.sinks) == (("logs.app",), "drop", {})


def test_settings_never_change_after_loading():
    with pytest.raises(ValidationError):
        Settings().kafka.bootstrap_servers = "elsewhere:9092"  # type: ignore[misc]


def test_brokers_may_be_a_list_or_one_text():
    texts = ("[a:1, b:2]", "'a:1,b:2'", "'a:1, b:2'")
    assert {settings(f"kafka: {{bootstrap_servers: {text}}}").kafka.bootstrap_servers for text in texts} == {"a:1,b:2"}


def test_values_for_kafka_need_no_quotes():
    text = "kafka: {properties: {socket.keepalive.enable: true, session.timeout.ms: 6000}}"
    assert settings(text).kafka.properties == {"socket.keepalive.enable": "true", "session.timeout.ms": "6000"}


@pytest.mark.parametrize(
    ("word", "name"), [("warn", "warn"), ("WARNING", "warn"), ("err", "error"), ("INFO2", "info2")]
)
def test_a_minimum_may_be_spelt_as_programs_do(word: str, name: str):
    assert settings(f'severity: [{{match: "**", minimum: {word}}}]').severity[0].minimum == name


def test_a_sink_is_a_consumer_group_named_after_it_unless_it_says_otherwise():
    found = settings(SAMPLE.replace("format: avro}", "format: avro, group: archivists}"))
    assert [found.sink_group(name) for name in found.sinks] == [
        "logferry-sink-search",
        "logferry-sink-archive",
        "archivists",
    ]


def test_what_unmatched_names_is_a_routed_topic_too():
    assert settings("unmatched: logs.rest").routed_topics == ("logs.app", "logs.rest")


def test_topics_made_from_fields_are_told_apart_from_those_that_are_there_from_the_beginning() -> None:
    found = settings("""
topics: {prefix: test., overrides: {"logs.ns.{namespace}": {partitions: 2}}}
routes:
  - {match: "a.**", topic: "logs.ns.{namespace}"}
  - {match: "**", topic: logs.app}
quotas:
  - {namespaces: [a, b-*], bytes_per_minute: 1000}
  - {namespaces: "*", bytes_per_minute: 9000, topic: logs.late}
sinks:
  s: {type: elasticsearch, topics: [logs.ns.*, logs.ns.shop, logs.late]}
""")
    assert found.dynamic_topics == ("logs.ns.{namespace}",)
    assert found.routed_topics == ("logs.app", "test.delayed", "logs.late", "logs.ns.shop")


def test_conditions_may_be_one_text_or_number_or_a_list() -> None:
    (rule,) = settings("severity: [{where: {namespaces: a, labels: {x: 1, y: [true, b]}}, minimum: warn}]").severity
    assert rule.where is not None
    assert (rule.match, rule.where.namespaces, rule.where.labels) == ("**", ("a",), {"x": ("1",), "y": ("true", "b")})


def test_anchors_may_share_what_several_sinks_have_in_common():
    found = settings("""
sinks:
  a: &a {type: elasticsearch, topics: [logs.app], replicas: 0}
  b: {<<: *a, index: "other-%Y.%m"}
""")
    assert [(sink.index, sink.replicas) for sink in found.sinks.values() if isinstance(sink, ElasticsearchSink)] == [
        ("logstash-%Y.%m.%d", 0),
        ("other-%Y.%m", 0),
    ]


def models() -> list[type[BaseModel]]:
    import schemas.settings as package

    found = [getattr(package, name) for name in package.__all__]
    return [one for one in found if isinstance(one, type) and issubclass(one, BaseModel)]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_setting_explains_itself(model: type[BaseModel]):
    assert [name for name, field in model.model_fields.items() if len(field.description or "") < 10] == []


def test_the_json_schema_describes_keys_limits_and_choices():
    schema = json_schema()
    producer, sink = schema["$defs"]["ProducerSettings"], schema["$defs"]["ElasticsearchSink"]
    assert producer["properties"]["chunk_max_bytes"]["maximum"] == 7 * 1024 * 1024
    assert producer["properties"]["compression"]["enum"] == ["none", "lz4", "zstd", "snappy", "gzip"]
    assert "acknowledged" in producer["properties"]["memory_max_bytes"]["description"]
    assert (producer["additionalProperties"], sink["required"]) == (False, ["topics", "type"])


# Under these, keys are names.
OF_NAMES = {"properties", "$defs", "patternProperties", "mapping"}


def test_the_json_schema_uses_no_words_that_json_schema_does_not_know():
    def words(node: object, *, names: bool = False) -> set[str]:
        if isinstance(node, list):
            return {word for one in node for word in words(one)}
        if not isinstance(node, dict):
            return set()
        below = {
            word
            for key, one in node.items()
            if key not in ("default", "examples")
            for word in words(one, names=key in OF_NAMES and not names)
        }
        return below if names else below | set(node)

    assert words(json_schema()) - {"x-env-separator"} <= {
        "$schema", "$defs", "$ref", "title", "description", "type", "properties", "additionalProperties", "required",
        "patternProperties", "propertyNames", "maxProperties", "items", "minItems", "minLength", "maxLength",
        "minimum", "exclusiveMinimum", "maximum", "pattern",
        "enum", "const", "anyOf", "oneOf", "discriminator", "mapping", "propertyName", "default", "examples",
    }  # fmt: skip
