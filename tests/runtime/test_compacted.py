"""A compacted topic is read whole without a group; what cannot be read never looks empty."""

import itertools
import os
import time
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.stack import Stack
from runtime.compacted import CompactedReader
from schemas.errors import TemporaryError
from schemas.settings import KafkaSettings

NewReader = Callable[[str], CompactedReader]
_numbers = itertools.count(1)


@pytest.fixture
def kafka(stack: Stack) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=stack.endpoints.bootstrap_servers)


@pytest.fixture
def reader_of(kafka: KafkaSettings) -> Iterator[NewReader]:
    made: list[CompactedReader] = []

    def make(topic: str) -> CompactedReader:
        made.append(CompactedReader(kafka, topic))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def producer(kafka: KafkaSettings) -> Producer:
    return Producer({"bootstrap.servers": kafka.bootstrap_servers, "linger.ms": 0})


@pytest.fixture
def topic(kafka: KafkaSettings) -> str:
    return make_topic(kafka, 1)


def make_topic(kafka: KafkaSettings, partitions: int) -> str:
    name = f"compacted{os.getpid()}x{next(_numbers)}"
    config = {"cleanup.policy": "compact"}
    new = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([new])[name].result(20)
    return name


def test_everything_is_read_in_order_tombstones_included(topic: str, producer: Producer, reader_of: NewReader) -> None:
    written = [("a", b"1"), ("b", b"2"), ("a", b"3"), ("b", None)]
    for key, value in written:
        producer.produce(topic, value, key)
    producer.flush(10)
    reader = reader_of(topic)
    assert list(reader.load(20)) == written
    assert reader.offset == 3


def test_an_empty_topic_is_empty_and_is_so_at_once(topic: str, reader_of: NewReader) -> None:
    began = time.monotonic()
    reader = reader_of(topic)
    assert list(reader.load(20)) == []
    assert reader.offset == -1
    assert time.monotonic() - began < 5


def test_all_partitions_are_read(kafka: KafkaSettings, producer: Producer, reader_of: NewReader) -> None:
    topic = make_topic(kafka, 3)
    for partition in range(3):
        for number in range(700):
            producer.produce(topic, b"value", f"{partition}/{number}", partition=partition)
    producer.flush(10)
    assert len(dict(reader_of(topic).load(20))) == 2100


def test_more_than_the_client_reads_ahead_is_read_without_pauses(
    topic: str, producer: Producer, reader_of: NewReader
) -> None:
    for number in range(40):
        producer.produce(topic, bytes(500_000), str(number))
        producer.flush(10)
    began = time.monotonic()
    assert len(list(reader_of(topic).load(20))) == 40
    assert time.monotonic() - began < 5


def test_what_comes_later_is_there_within_a_tenth_of_a_second(
    topic: str, producer: Producer, reader_of: NewReader
) -> None:
    reader = reader_of(topic)
    list(reader.load(20))
    took = []
    for number in range(30):
        time.sleep(0.03)
        producer.produce(topic, str(number).encode(), "key")
        producer.flush(10)
        began = time.monotonic()
        found: list[tuple[str, bytes | None]] = []
        while not found and time.monotonic() < began + 5:
            found = list(reader.poll())
            time.sleep(0.002)
        took.append(time.monotonic() - began)
        assert found == [("key", str(number).encode())]
    assert sorted(took)[-3] < 0.1
    assert reader.offset == 29


def test_a_topic_that_is_not_there_is_an_error_with_a_remedy(reader_of: NewReader) -> None:
    with pytest.raises(TemporaryError) as caught:
        list(reader_of("there-is-no-such-topic").load(5))
    assert caught.value.where == "topic there-is-no-such-topic"
    assert "logferry topics apply" in caught.value.remedy


def test_a_broker_that_does_not_answer_is_an_error(reader_of: NewReader) -> None:
    nowhere = CompactedReader(KafkaSettings(bootstrap_servers="127.0.0.1:9"), "any")
    with pytest.raises(TemporaryError, match="any cannot be read"):
        list(nowhere.load(1))
    nowhere.close()


def test_a_topic_that_is_made_just_now_is_waited_for(kafka: KafkaSettings, reader_of: NewReader) -> None:
    assert list(reader_of(make_topic(kafka, 2)).load(20)) == []
