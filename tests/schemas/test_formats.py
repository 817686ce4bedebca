"""The format of a topic follows from the routes, and nobody archives documents."""

import pytest

from schemas.errors import SettingsError
from schemas.settings import Settings, parse_settings

ROUTES = """
routes:
  - {match: "a.**", topic: logs.documents, format: json}
  - {match: "b.**", topic: "logs.json.{namespace}", format: json}
  - {match: "c.**", topic: "logs.ns.{namespace}"}
  - {match: "**", topic: logs.json.plain}
unmatched: logs.rest
quotas: [{namespaces: a, bytes_per_minute: 1000}]
"""


def settings(sinks: str = "") -> Settings:
    return parse_settings(ROUTES + sinks, "logferry.yaml", {})


@pytest.mark.parametrize(
    ("topic", "form"),
    [
        ("logs.documents", "json"),
        ("logs.json.shop", "json"),
        ("logs.json.other", "json"),
        ("logs.json.plain", "avro"),  # a name made from fields keeps clear of those that stand in full
        ("logs.ns.shop", "avro"),
        ("logs.rest", "avro"),
        ("logs.delayed", "avro"),
        ("logs.raw", None),
        ("logs.unknown", None),
    ],
)
def test_a_topic_has_the_format_of_the_route_that_names_it_or_may_make_its_name(topic, form):
    assert settings().format_of(topic) == form


@pytest.mark.parametrize("topic", ["logs.documents", "logs.json.shop", "logs.json.*", "logs.do*", "logs.*.shop"])
@pytest.mark.parametrize("form", ["parquet", "avro"])
def test_documents_are_archived_as_the_records_that_they_were_made_of(topic, form):
    sinks = f'sinks: {{archive: {{type: object_storage, topics: ["{topic}"], url: "file:///a", format: {form}}}}}'
    assert settings(sinks).sinks["archive"].topics == (topic,)


@pytest.mark.parametrize("topic", ["logs.pods", "logs.ledger", "logs.dead-letter"])
def test_what_holds_no_records_is_archived_as_it_is(topic):
    sinks = f'sinks: {{raw: {{type: object_storage, topics: [logs.raw, {topic}], url: "file:///a", format: avro}}}}'
    assert settings(sinks).sinks["raw"].topics == ("logs.raw", topic)
    with pytest.raises(SettingsError, match="not records"):
        settings(sinks.replace("format: avro", "format: parquet"))


@pytest.mark.parametrize("topic", ["logs.pods", "logs.ledger", "logs.raw"])
def test_what_holds_no_records_is_not_indexed(topic):
    with pytest.raises(SettingsError, match="not records"):
        settings(f"sinks: {{search: {{type: elasticsearch, topics: [{topic}]}}}}")


def test_dead_letters_are_indexed_as_records_of_their_own():
    sinks = "sinks: {search: {type: elasticsearch, topics: [logs.dead-letter]}}"
    assert settings(sinks).sinks["search"].topics == ("logs.dead-letter",)


@pytest.mark.parametrize("topic", ["logs.json.plain", "logs.ns.shop", "logs.ns.*", "logs.rest", "logs.raw"])
def test_everything_else_is(topic):
    sinks = f'sinks: {{archive: {{type: object_storage, topics: ["{topic}"], url: "file:///a"}}}}'
    assert settings(sinks).sinks["archive"].topics == (topic,)


def test_one_sink_may_index_both_formats():
    topics = ["logs.documents", "logs.json.*", "logs.ns.*", "logs.rest"]
    found = settings(f"sinks: {{search: {{type: elasticsearch, topics: {topics}}}}}".replace("'", '"'))
    assert found.sinks["search"].topics == tuple(topics)
