"""The destination `kafka`: records in another cluster, untouched or as documents; each delivery report read."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.stack import Stack
from schemas.document import DocumentWriter, shared_part
from schemas.errors import SettingsError
from schemas.settings import parse_settings
from sinks.kafka.client import verdict
from sinks.kafka.sink import KafkaDestination
from sinks.verdict import Done, Reject, Retry
from tests.e2e.broker_proxy import BrokerProxy
from tests.sinks.arrived import arrived, arrived_document, arrived_value
from tests.sinks.records import log_record

_numbers = itertools.count(1)


@pytest.fixture
def servers(stack: Stack) -> str:
    return stack.endpoints.bootstrap_servers


@pytest.fixture
def name() -> str:
    return f"copy{os.getpid()}x{next(_numbers)}"


def make_topic(servers: str, topic: str, **config: str) -> None:
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic(topic, 1, 1, config=config)])[topic].result(20)


def everything(servers: str, topic: str) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "unused"})
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)
    consumer.assign([TopicPartition(topic, 0, low)])
    found: list[Message] = []
    while len(found) < high - low:
        found += [each for each in consumer.consume(high - low - len(found), 1.0) if each.error() is None]
    consumer.close()
    return found


def destination(servers: str, **changes: Any) -> KafkaDestination:
    cluster = {"bootstrap_servers": servers, **changes.pop("kafka", {})}
    sink = {"type": "kafka", "topics": ["logs.app"], "kafka": cluster, **changes}
    return KafkaDestination("west", parse_settings(json.dumps({"sinks": {"west": sink}}), "logferry.yaml", {}))


def test_a_record_arrives_as_it_was_and_says_where_it_is_from(servers: str, name: str) -> None:
    make_topic(servers, f"{name}.in")
    make_topic(servers, f"{name}.west.{name}.in")
    producer = Producer({"bootstrap.servers": servers})
    for number, value in enumerate((b"\xff\x00 whatever", None, b"")):
        producer.produce(f"{name}.in", value, b"key", headers=[("a", b"1"), ("a", b"2")], timestamp=1_000_000 + number)
    assert producer.flush(20) == 0
    records = everything(servers, f"{name}.in")
    made = destination(servers, topic=f"{name}.west.{{topic}}")
    assert made.send(made.build(records).pieces) == [Done.DELIVERED] * 3
    for number, (here, there) in enumerate(zip(records, everything(servers, f"{name}.west.{name}.in"), strict=True)):
        assert (there.key(), there.value(), there.timestamp()) == (here.key(), here.value(), here.timestamp())
        assert there.headers() == [
            *(here.headers() or ()),
            ("logferry-topic", f"{name}.in".encode()),
            ("logferry-partition", b"0"),
            ("logferry-offset", str(number).encode()),
        ]


def test_documents_are_those_of_a_topic_with_format_json(servers: str, name: str) -> None:
    make_topic(servers, name)
    made = destination(servers, topic=name, format="json", origin_headers=False, compression="zstd")
    built = made.build([arrived_document(1), arrived(2), arrived_value(3, b"garbage")])
    assert [problem.reason for _, problem in built.rejected] == ["unknown_schema"]
    assert made.send(built.pieces) == [Done.DELIVERED] * 2
    for number, record in enumerate(everything(servers, name), 1):
        value = log_record(number)
        assert record.value() == DocumentWriter().document(value, shared_part(value["resource"]))
        assert record.headers() == [("id", value["id"].encode()), ("day", b"2026-11-21")]
        assert record.key() == value["resource"]["source_id"].encode()


def test_what_is_too_large_for_the_topic_is_rejected_and_its_neighbours_arrive(servers: str, name: str) -> None:
    make_topic(servers, name, **{"max.message.bytes": "2000"})
    made = destination(servers, topic=name, compression="none")
    values = (b"a", b"x" * 3000, b"b", b"y" * 17_000_000)
    records = [arrived_value(number, value) for number, value in enumerate(values)]
    verdicts = [made.send([piece])[0] for piece in made.build(records).pieces]
    assert [type(each) for each in verdicts] == [Done, Reject, Done, Reject]
    assert [each.value() for each in everything(servers, name)] == [b"a", b"b"]


def test_an_unknown_topic_is_waited_for_and_says_what_to_do(servers: str, name: str) -> None:
    made = destination(servers, topic=name, kafka={"properties": {"allow.auto.create.topics": "false"}})
    pieces = made.build([arrived(1)]).pieces
    answers = made.send(pieces)
    assert answers == [Retry(f"unknown topic {name}", remedy="create it in the other cluster")]
    make_topic(servers, name)
    until = time.monotonic() + 20
    while made.send(pieces) != [Done.DELIVERED]:
        assert time.monotonic() < until
    assert len(everything(servers, name)) == 1


def test_what_is_under_way_is_handed_over_once_however_long_the_cluster_is_away(servers: str, name: str) -> None:
    make_topic(servers, name)
    with BrokerProxy(servers) as proxy:
        made = destination(proxy.address, topic=name, request_timeout_secs=1)
        pieces = made.build([arrived(number) for number in range(50)]).pieces
        proxy.cut()
        late = Retry("no delivery report within 1 s")
        assert [made.send(pieces), made.send(pieces)] == [[late] * 50] * 2
        threading.Timer(0.5, proxy.heal).start()
        until = time.monotonic() + 20
        while made.send(pieces) != [Done.DELIVERED] * 50:
            assert time.monotonic() < until
        assert len(everything(servers, name)) == 50


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (KafkaError.MSG_SIZE_TOO_LARGE, Reject),
        (KafkaError.INVALID_RECORD, Reject),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Retry),
        (KafkaError.CLUSTER_AUTHORIZATION_FAILED, Retry),
        (KafkaError._ALL_BROKERS_DOWN, Retry),
    ],
)
def test_a_report_means_what_it_says_of_the_record(code: int, expected: type) -> None:
    assert type(verdict(KafkaError(code), "logs.app")) is expected


def test_properties_that_cannot_be_used_are_told_by_their_place() -> None:
    with pytest.raises(SettingsError, match="cannot be set up") as raised:
        destination("localhost:1", kafka={"properties": {"security.protocol": "ssl", "ssl.ca.location": "/nowhere"}})
    assert raised.value.where == "sinks.west.kafka.properties"
