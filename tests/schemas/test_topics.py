"""Topics are data that somebody reviewed, complete and in step with schemas and settings."""

from importlib.resources import files

import pytest

from schemas import topics
from schemas.settings import parse_settings
from schemas.settings.node import CHUNK_BYTES_AT_MOST
from schemas.topic_names import TopicNames
from schemas.topics import Topic, dynamic_topic_spec, topic_kinds, topics_for


def by_name(text: str) -> dict[str, Topic]:
    return {topic.name: topic for topic in topics_for(parse_settings(text, "logferry.yaml", {}))}


def test_there_is_a_file_for_every_fixed_topic_and_one_for_routed_ones():
    assert set(topic_kinds()) == {*TopicNames().fixed, topics.ROUTE}
    assert set(TopicNames().fixed) == {
        topics.RAW,
        topics.CONTROL,
        topics.PODS,
        topics.DEAD_LETTER,
        topics.LEDGER,
        topics.REPLAY,
    }
    assert (TopicNames().raw, TopicNames().dead_letter) == (topics.RAW, topics.DEAD_LETTER)


@pytest.mark.parametrize("name", topic_kinds())
def test_a_topic_says_what_it_is_for_and_who_uses_it(name: str):
    kind = topic_kinds()[name]
    assert all((kind.purpose, kind.key, kind.producers, kind.consumers))
    assert files("schemas").joinpath("avro", kind.value).is_file()


@pytest.mark.parametrize("name", topic_kinds())
def test_a_topic_is_either_kept_for_a_time_or_compacted(name: str):
    kind = topic_kinds()[name]
    assert (kind.cleanup_policy, kind.retention_hours is None) in {("delete", False), ("compact", True)}


def test_a_file_with_an_unknown_key_is_refused():
    with pytest.raises(TypeError, match="retention"):
        topics._kind({"name": "logs.raw", "retention": 5})


def test_the_raw_topic_takes_the_largest_chunk_with_room_for_what_surrounds_it():
    assert topic_kinds()[topics.RAW].max_message_bytes - CHUNK_BYTES_AT_MOST == 1024 * 1024


def test_dead_letters_are_kept_as_long_as_what_they_came_from():
    assert topic_kinds()[topics.DEAD_LETTER].retention_hours == topic_kinds()[topics.RAW].retention_hours


def test_routes_and_unmatched_add_their_topics_once_each():
    text = """
routes:
  - {match: "a.**", topic: logs.a, copy: true}
  - {match: "b.**", topic: logs.a}
unmatched: logs.rest
"""
    assert set(by_name(text)) - set(TopicNames().fixed) == {"logs.a", "logs.rest"}


def test_a_topic_made_while_running_has_the_overrides_of_the_template_that_made_it():
    text = """
topics: {partitions: 3, overrides: {"logs.ns.{namespace}": {partitions: 2, config: {retention.ms: 5}}}}
routes: [{match: "**", topic: "logs.ns.{namespace}"}]
"""
    settings = parse_settings(text, "logferry.yaml", {})
    found = {name: dynamic_topic_spec(name, settings) for name in ("logs.ns.a", "logs.live")}
    assert {name: (topic.name, topic.partitions) for name, topic in found.items()} == {
        "logs.ns.a": ("logs.ns.a", 2),
        "logs.live": ("logs.live", 3),
    }
    assert found["logs.ns.a"].config["retention.ms"] == "5"
    assert found["logs.live"].kind == topic_kinds()[topics.ROUTE]


def test_topics_made_while_running_are_not_made_beforehand():
    text = 'routes: [{match: "**", topic: "logs.ns.{namespace}"}]\nquotas: [{namespaces: a, bytes_per_minute: 1}]'
    assert set(by_name(text)) - set(TopicNames().fixed) == {"logs.delayed"}


def test_dropping_what_no_route_takes_makes_no_topic():
    assert set(by_name("")) - set(TopicNames().fixed) == {"logs.app"}


def test_a_topic_has_the_partitions_of_its_override_else_of_its_file_else_of_the_settings():
    found = by_name("topics: {partitions: 3, overrides: {logs.raw: {partitions: 16}}}")
    assert {name: found[name].partitions for name in ("logs.raw", "logs.control", "logs.app")} == {
        "logs.raw": 16, "logs.control": 1, "logs.app": 3,
    }  # fmt: skip


def test_the_settings_override_kafka_configuration_of_one_topic_only():
    found = by_name("topics: {overrides: {logs.raw: {config: {retention.ms: 1000, segment.ms: 500}}}}")
    assert dict(found["logs.raw"].config) == {
        "cleanup.policy": "delete",
        "compression.type": "producer",
        "max.message.bytes": "8388608",
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": "1",
        "retention.ms": "1000",
        "segment.ms": "500",
    }
    assert found["logs.app"].config["retention.ms"] == str(72 * 3_600_000)


@pytest.mark.parametrize(("copies", "in_sync"), [(1, "1"), (2, "1"), (3, "2")])
def test_an_acknowledged_record_stands_on_all_brokers_but_one(copies: int, in_sync: str):
    topic = by_name(f"topics: {{replication_factor: {copies}}}")["logs.raw"]
    assert (topic.replication_factor, topic.config["min.insync.replicas"]) == (copies, in_sync)
