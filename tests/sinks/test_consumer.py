"""A sink reads the topics that patterns mean, also those made while it runs, and no others; under a name of its own."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.stack import Stack
from schemas.errors import FatalError
from schemas.settings import KafkaSettings
from sinks.consumer import FENCED, GroupConsumer
from sinks.subscription import NEW_TOPICS_SECS

_numbers = itertools.count(1)


@pytest.fixture
def kafka(stack: Stack) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=stack.endpoints.bootstrap_servers)


@pytest.fixture
def prefix() -> str:
    return f"pattern{os.getpid()}x{next(_numbers)}"


def make_topic(kafka: KafkaSettings, name: str, value: bytes) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(20)
    send(kafka, name, value)


def send(kafka: KafkaSettings, name: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "linger.ms": 0})
    producer.produce(name, value)
    assert producer.flush(20) == 0


def values(consumer: GroupConsumer, until: int, timeout: float = 40) -> Iterator[bytes | None]:
    """Values as they come, until there are so many."""
    end = time.monotonic() + timeout
    count = 0
    while count < until and time.monotonic() < end:
        records = consumer.read(10, 0.2)
        if records:
            consumer.finish(consumer.begin(records))
        for record in records:
            count += 1
            yield record.value()


def test_a_pattern_means_topics_of_now_and_later(kafka: KafkaSettings, prefix: str) -> None:
    make_topic(kafka, f"{prefix}.ns.a", b"a")
    make_topic(kafka, f"{prefix}.nsxa", b"not meant")
    make_topic(kafka, f"x{prefix}.ns.a", b"not meant")
    make_topic(kafka, f"{prefix}.app", b"app")
    consumer = GroupConsumer(kafka, prefix, [f"{prefix}.ns.*", f"{prefix}.app"])
    try:
        assert sorted(values(consumer, 2)) == [b"a", b"app"]
        make_topic(kafka, f"{prefix}.ns.b", b"b")
        began = time.monotonic()
        assert list(values(consumer, 1)) == [b"b"]
        assert time.monotonic() - began < 4 * NEW_TOPICS_SECS
    finally:
        consumer.close()


def test_a_pattern_that_means_nothing_yet_is_waited_for(kafka: KafkaSettings, prefix: str) -> None:
    consumer = GroupConsumer(kafka, prefix, [f"{prefix}.*"])
    try:
        assert list(values(consumer, 1, timeout=2)) == []
        make_topic(kafka, f"{prefix}.late", b"late")
        assert list(values(consumer, 1)) == [b"late"]
    finally:
        consumer.close()


def test_a_member_that_is_not_ready_to_read_keeps_no_partition_from_others(kafka: KafkaSettings, prefix: str) -> None:
    names = [f"{prefix}.{letter}" for letter in "abcd"]
    for name in names:
        make_topic(kafka, name, name.encode())
    waiting = GroupConsumer(kafka, prefix, names)
    ready = GroupConsumer(kafka, prefix, names)
    try:
        assert sorted(values(ready, 4, timeout=15)) == [name.encode() for name in names]
    finally:
        ready.close()
        waiting.close()


def test_partitions_that_come_back_after_a_pause_are_read(kafka: KafkaSettings, prefix: str) -> None:
    name = f"{prefix}.both"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(20)
    revoked: list[object] = []
    one = GroupConsumer(kafka, prefix, [name], on_revoke=revoked.append)
    other = GroupConsumer(kafka, prefix, [name])
    try:
        _write_to_both(kafka, name, b"before")
        assert list(values(one, 2)) == [b"before"] * 2
        one.commit(now=True)
        one.pause()
        end = time.monotonic() + 40
        while not revoked and time.monotonic() < end:
            other.read(10, 0.05)
            one.read(10, 0.0)
        one.resume()  # while it has nothing
        _write_to_both(kafka, name, b"behind")
        found: list[bytes | None] = []
        while len(found) < 2 and time.monotonic() < end:
            found += [each.value() for member in (one, other) for each in member.read(10, 0.1)]
        assert found == [b"behind"] * 2
    finally:
        one.close()
        other.close()


def _write_to_both(kafka: KafkaSettings, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "linger.ms": 0})
    for partition in (0, 1):
        producer.produce(topic, value, partition=partition)
    assert producer.flush(20) == 0


def test_who_does_not_come_back_into_the_group_joins_anew(
    kafka: KafkaSettings, prefix: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sinks.consumer.REJOIN_SECS", 1.0)
    make_topic(kafka, f"{prefix}.a", b"first")
    consumer = GroupConsumer(kafka.model_copy(update={"instance": "search"}), prefix, [f"{prefix}.a"])
    try:
        assert list(values(consumer, 1)) == [b"first"]
        consumer.commit(now=True)
        consumer._consumer.unsubscribe()  # librdkafka is out of the group, and does nothing about it
        send(kafka, f"{prefix}.a", b"second")
        assert list(values(consumer, 1)) == [b"second"]
        assert consumer.check(0.0) is None
        assert caplog.messages.count("not back in the group for 1 s: a new client takes the place of this one") == 1
        assert consumer.lag.by_topic().keys() == {f"{prefix}.a"}
    finally:
        consumer.close()


def test_who_loses_its_name_to_another_process_ends(kafka: KafkaSettings, prefix: str) -> None:
    named = kafka.model_copy(update={"instance": f"{prefix}-1"})
    make_topic(kafka, prefix, b"x")
    first, second = GroupConsumer(named, prefix, [prefix]), GroupConsumer(named, prefix, [prefix])
    try:
        assert list(values(first, 1)) == [b"x"]
        second.read(1, 5.0)
        with pytest.raises(FatalError, match="fenced") as told:
            list(values(first, 1))
        assert told.value.remedy == FENCED
    finally:
        second.close()
        first.close()


@pytest.mark.parametrize("now", [False, True])
def test_a_commit_that_kafka_refuses_for_one_partition_is_counted(kafka: KafkaSettings, prefix: str, now: bool) -> None:
    make_topic(kafka, prefix, b"x")
    consumer = GroupConsumer(kafka, prefix, [prefix])
    heard: list[str] = []
    consumer.failed = heard.append
    try:
        assert list(values(consumer, 1)) == [b"x"]
        consumer._positions[f"{prefix}.gone", 0] = 5
        consumer.commit(now=now)
        end = time.monotonic() + 20
        while not heard and time.monotonic() < end:
            consumer.read(1, 0.1)
        consumer.read(1, 0.5)
        assert heard == ["commit"]
    finally:
        consumer.close()
