"""What a sink commits stands in the ledger before: an unbroken chain of offsets, each record counted once."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.local.stack import Stack
from schemas.settings import KafkaSettings
from sinks.accounts import Accounts
from sinks.consumer import GroupConsumer
from sinks.ledger import Ledger
from tests.e2e.broker_proxy import BrokerProxy
from tests.sinks.accounted import STAGE, Accounted, Spoken, source
from tests.sinks.told import of_sources, outcomes

Make = Callable[..., Accounted]


@pytest.fixture
def make(stack: Stack, tmp_path: Path) -> Make:
    return lambda **sink: Accounted(stack.endpoints.bootstrap_servers, tmp_path, **sink)


def values(word: str, count: int) -> list[bytes]:
    return [b"%s %d" % (word.encode(), each) for each in range(count)]


def test_each_record_is_told_under_its_source_with_what_became_of_it(make: Make) -> None:
    sink = make(batch_max_records=30)
    words = {"delivered": 100, "there": 7, "refused": 5, "later": 3, "unreadable": 4, "nothing": 2}
    mixed = [value for word, count in words.items() for value in values(word, count)]
    sink.send(0, *mixed[::2], *mixed[1::2])
    sink.send(1, *values("there", 60))
    sink.send(1, b"of nobody", key=b"not a source")
    with sink.running(Spoken()):
        sink.wait_for_commits()
    one, other = sink.path(0), sink.path(1)
    expected = {
        "delivered": 103,
        "already_there": 7,
        "dead_letter/rejected_by_destination": 5,
        "dead_letter/malformed_value": 4,
        "passed": 2,
    }
    assert of_sources(one) == {source(0): Counter(expected)}
    assert outcomes(one) == Counter(expected) + Counter(bytes=sum(map(len, mixed)))
    assert sum(each["lines"] for each in one) == len(mixed)
    assert of_sources(other) == {source(1): Counter(already_there=60), "": Counter(delivered=1)}
    assert {each["stage"] for each in (*one, *other)} == {STAGE}


def test_the_chain_stays_unbroken_when_the_sink_is_killed(make: Make, tmp_path: Path) -> None:
    sink = make(type="file", path=f"{tmp_path}/out/all.log", format="json")
    for _ in range(3):
        before = sink.committed()
        process = sink.process(tmp_path / "log")
        for _ in range(4):
            for partition in (0, 1):
                sink.send(partition, *values("unreadable", 700))
            time.sleep(0.3)
        sink.wait(partial(_has_moved, sink, before))
        process.kill()
        process.wait()
    process = sink.process(tmp_path / "log")
    try:
        sink.wait_for_commits()
    finally:
        process.terminate()
        process.wait(30)
    for partition in (0, 1):
        found = sink.path(partition)
        assert sum(each["lines"] for each in found) == sink.sent[partition]
        assert of_sources(found) == {source(partition): Counter({"dead_letter/unknown_schema": sink.sent[partition]})}


def _has_moved(sink: Accounted, before: list[int]) -> bool:
    return sink.committed() != before


def test_the_chain_stays_unbroken_when_partitions_move(make: Make) -> None:
    sink = make()
    for partition in (0, 1):
        sink.send(partition, *values("delivered", 500))
    with sink.running(Spoken()):
        sink.wait(lambda: max(sink.committed()) > 0)
        for partition in (0, 1):
            sink.send(partition, *values("delivered", 500))
        with sink.running(Spoken()) as other:
            sink.wait(lambda: other.health.ready(time.monotonic()) == [])
            for partition in (0, 1):
                sink.send(partition, *values("there", 300))
            sink.wait_for_commits()
        for partition in (0, 1):
            sink.send(partition, *values("delivered", 100))
        sink.wait_for_commits()
    for partition in (0, 1):
        found = sink.path(partition)
        assert sum(each["lines"] for each in found) == 1400
        assert of_sources(found)[source(partition)] == Counter(delivered=1100, already_there=300)


def test_what_is_finished_at_the_end_is_told_and_committed(make: Make) -> None:
    sink, destination = make(batch_max_age_secs=0.1), Spoken()
    with sink.running(destination) as delivery:
        sink.send(0, *values("delivered", 10))
        sink.wait(lambda: sink.committed()[0] == 10)
        sink.send(0, *values("delivered", 3))  # too few for an entry so soon
        sink.wait(lambda: delivery.metrics.registry.get_sample_value(*DELIVERED) == 13)
    assert sink.committed()[0] == 13
    assert sum(each["lines"] for each in sink.path(0)) == 13


DELIVERED = ("logferry_sink_documents_total", {"sink": "x", "outcome": "delivered"})


def test_records_that_retention_removed_unread_are_lost_and_said_so_once(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    sink = make()
    sink.send(0, *values("delivered", 100))
    with sink.running(Spoken()):
        sink.wait(lambda: sink.committed()[0] == 100)
    sink.send(0, *values("delivered", 400))
    admin = AdminClient({"bootstrap.servers": sink.servers})
    admin.delete_records([TopicPartition(sink.topic, 0, 450)])[TopicPartition(sink.topic, 0)].result(20)
    with caplog.at_level(logging.ERROR), sink.running(Spoken()) as delivery:
        sink.wait(lambda: sink.committed()[0] == 500)
        lost = delivery.metrics.registry.get_sample_value("logferry_sink_lost_records_total", {"sink": "x"})
    found = sink.path(0)
    assert [
        (each["start"], each["end"], each["outcomes"]) for each in found if each["outcomes"].get("lost/expired")
    ] == [(100, 450, {"lost/expired": 350})]
    assert outcomes(found)["delivered"] == 150
    assert lost == 350
    said = [each.getMessage() for each in caplog.records if "are lost to this sink" in each.getMessage()]
    assert said == [
        f"up to 350 records of {sink.topic}[0] are lost to this sink: Kafka's retention removed them, at offsets 100 "
        "to 449, before they were read. Let the topic keep its records longer, or find out why the sink was behind"
    ]


def test_a_sink_of_the_ledger_does_not_account_for_the_ledger(make: Make) -> None:
    sink = make(topics=["app", "ledger"], type="kafka", kafka={"bootstrap_servers": "127.0.0.1:1"})
    sink.send(0, *values("delivered", 50))
    with sink.running(Spoken()):
        sink.wait(lambda: sink.committed()[0] == 50)
        ledger = f"{sink.prefix}.ledger"
        sink.wait(lambda: max(sink.committed(ledger)) == 1)
        time.sleep(3.0)  # an account of the account would follow
    assert [each["topic"] for each in sink.entries()] == [sink.topic]


def test_a_kafka_that_is_slow_makes_commits_late_and_holds_nobody_up(stack: Stack, make: Make) -> None:
    sink = make()
    sink.send(0, *values("delivered", 100))
    with BrokerProxy(sink.servers) as proxy:
        by_proxy = sink.settings.model_copy(update={"kafka": KafkaSettings(bootstrap_servers=proxy.address)})
        ledger = Ledger(by_proxy, "x")
        consumer = GroupConsumer(
            sink.settings.kafka, sink.prefix, [sink.topic], accounts=Accounts(ledger, "delivered", lambda _: None)
        )
        try:
            proxy.cut()
            until = time.monotonic() + 20
            count = 0
            while count < 100 and time.monotonic() < until:
                records = consumer.read(100, 0.2)
                count += len(records)
                if records:
                    consumer.finish(consumer.begin(records))
            longest = 0.0
            for _ in range(20):
                began = time.monotonic()
                consumer.commit()
                longest = max(longest, time.monotonic() - began)
                consumer.read(100, 0.05)
            assert longest < 1.0
            assert sink.committed()[0] < 0
            proxy.heal()
            sink.wait(lambda: _step(consumer) or sink.committed()[0] == 100)
        finally:
            consumer.close()
    assert sum(each["lines"] for each in sink.path(0)) == 100


def _step(consumer: GroupConsumer) -> bool:
    consumer.read(100, 0.1)
    consumer.commit()
    return False


def test_what_is_tried_out_is_no_account(make: Make) -> None:
    from sinks.delivery import Delivery

    sink = make()
    delivery = Delivery("x", sink.settings, Spoken(), tells_ledger=False)
    assert delivery._consumer._accounts is None


def test_a_ledger_that_is_not_there_ends_the_sink_with_what_to_do(make: Make, tmp_path: Path) -> None:
    sink = make()
    ledger = f"{sink.prefix}.ledger"
    admin = AdminClient({"bootstrap.servers": sink.servers})
    admin.delete_topics([ledger])[ledger].result(20)
    sink.send(0, *values("unreadable", 5))
    process = sink.process(tmp_path / "log")
    try:
        assert process.wait(90) == 1
    finally:
        process.kill()
        process.wait()
    log = (tmp_path / "log").read_text()
    assert f"where: topic {ledger}\ndo: create the topics with `logferry topics apply`" in log
    assert "Traceback" not in log
    assert sink.committed()[0] < 0
