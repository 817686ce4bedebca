"""Every value can come from the environment, which wins over the file."""

import pytest

from schemas.settings import ElasticsearchSink, Finding, InvalidSettingsError, Settings, parse_settings

FILE = """
producer: {node: from-file, linger_ms: 7}
kafka: {properties: {security.protocol: SSL}}
sinks:
  my-search: {type: elasticsearch, topics: [logs.app], replicas: 2}
"""


def settings(text: str = "", **variables: str) -> Settings:
    return parse_settings(text, "logferry.yaml", {f"LOGFERRY_{name}": value for name, value in variables.items()})


def finding(text: str = "", **variables: str) -> Finding:
    with pytest.raises(InvalidSettingsError) as caught:
        settings(text, **variables)
    (found,) = caught.value.findings
    return found


def sink(found: Settings, name: str) -> ElasticsearchSink:
    one = found.sinks[name]
    assert isinstance(one, ElasticsearchSink)
    return one


def test_a_variable_wins_over_the_file_and_leaves_the_rest_of_the_section():
    found = settings(FILE, PRODUCER__NODE="from-environment")
    assert (found.producer.node, found.producer.linger_ms) == ("from-environment", 7)


def test_numbers_switches_and_texts_are_read_by_what_the_setting_expects():
    found = settings(FILE, METRICS__PORT="9100", SINKS__MY_SEARCH__TEMPLATE="false", PRODUCER__NODE="12")
    assert (found.metrics.port, sink(found, "my-search").template, found.producer.node) == (9100, False, "12")


def test_a_default_can_be_changed_in_one_place():
    found = settings(INPUTS__CONTAINERS__PATH="/data/*.log", ROUTES__0__MATCH="{a,b}.**")
    assert found.inputs["containers"].path == "/data/*.log"
    assert [(route.match, route.topic) for route in found.routes] == [("{a,b}.**", "logs.app")]


@pytest.mark.parametrize("text", ["http://a:1,http://b:2", '["http://a:1", "http://b:2"]', "[http://a:1, http://b:2]"])
def test_a_list_may_have_commas_or_be_json_or_yaml(text: str):
    assert sink(settings(FILE, SINKS__MY_SEARCH__HOSTS=text), "my-search").hosts == ("http://a:1", "http://b:2")


def test_a_mapping_is_merged_over_the_one_in_the_file():
    found = settings(FILE, SINKS='{"my-search": {"shards": 3}, "b": {"type": "elasticsearch", "topics": ["logs.app"]}}')
    assert (sink(found, "my-search").replicas, sink(found, "my-search").shards, list(found.sinks)) == (
        2,
        3,
        ["my-search", "b"],
    )


def test_a_whole_sink_can_come_from_the_environment_key_by_key():
    found = settings(SINKS__SEARCH__TYPE="elasticsearch", SINKS__SEARCH__TOPICS="logs.app", SINKS__SEARCH__SHARDS="2")
    assert sink(found, "search").shards == 2


def test_a_list_is_replaced():
    found = settings(FILE, ROUTES='[{match: "**", topic: logs.x}]', SINKS__MY_SEARCH__TOPICS="logs.x")
    assert found.routed_topics == ("logs.x",)


def test_names_are_found_whatever_their_case_dashes_and_dots():
    found = settings(
        FILE,
        SINKS__MY_SEARCH__REPLICAS="0",
        KAFKA__PROPERTIES__SECURITY_PROTOCOL="SASL_SSL",
        KAFKA__PROPERTIES__SASL_MECHANISM="PLAIN",
        TOPICS__OVERRIDES__LOGS_RAW__CONFIG__RETENTION_MS="1000",
    )
    assert sink(found, "my-search").replicas == 0
    assert found.kafka.properties == {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"}
    assert found.topics.overrides["logs.raw"].config == {"retention.ms": "1000"}


def test_a_secret_is_referred_to_key_by_key():
    found = settings(FILE, SINKS__MY_SEARCH__API_KEY__ENV="KEY")
    assert sink(found, "my-search").api_key is not None


def test_null_takes_a_value_away():
    assert settings(FILE, PRODUCER__NODE="null").producer.node is None


@pytest.mark.parametrize("name", ["METRICS_PORT", "SERVICE_HOST", "PORT_9100_TCP_ADDR", "PRODUCER_NODE", "CONFIG"])
def test_variables_that_only_look_similar_are_not_settings(name: str):
    assert settings(**{name: "tcp://10.0.0.1:9100"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "key", "problem", "remedy"),
    [
        ("PRODUCER__NOD", "a", "producer.nod", "no such setting", "did you mean LOGFERRY_PRODUCER__NODE?"),
        ("PRODUCERS__NODE", "a", "producers", "no such setting", "did you mean LOGFERRY_PRODUCER?"),
        ("METRICS__ZZZ", "a", "metrics.zzz", "no such setting", "choose from host, port, stall_secs"),
        ("METRICS__PORT__X", "1", "metrics.port.x", "no such setting", ""),
        ("ROUTES__7__TOPIC", "a", "routes.7", "no such setting", ""),
        ("METRICS__PORT", "high", "metrics.port", "expected a whole number such as 0, found 'high'", ""),
        ("ROUTES", "[{", "routes", "not readable as YAML or JSON", ""),
        ("SINKS__MY_SEARCH__TOPICS", "logs.ap", "sinks.my-search.topics[0]", "no route sends anything", "logs.app?"),
        ("SINKS__MY_SEARCH__PASSWORD", "hunter2", "sinks.my-search.password", "a secret must not stand", "{env:"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_variable_names_the_variable(name: str, value: str, key: str, problem: str, remedy: str):
    found = finding(FILE, **{name: value})
    assert (found.file, found.line, found.key) == (f"environment variable LOGFERRY_{name}", None, key)
    assert problem in found.problem
    assert remedy in found.remedy


def test_a_mistake_in_the_file_is_not_blamed_on_a_variable_beside_it():
    found = finding("producer:\n  linger_ms: soon\n", PRODUCER__NODE="a")
    assert (found.file, found.line) == ("logferry.yaml", 2)
