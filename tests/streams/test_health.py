"""A worker is live only if what comes into Kafka is taken in, and dead only if that is not Kafka's fault."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from confluent_kafka import KafkaError, KafkaException
from faust.types import TP

from runtime.kafka_intake import IntakeCheck
from schemas.settings import parse_settings
from streams.app import StreamApp
from streams.health import NOT_JOINED, Membership


class Kafka:
    """Says where partitions end, or nothing."""

    def __init__(self) -> None:
        self.end = 10
        self.is_away = False
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        if self.is_away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return self.end


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


@pytest.fixture
def began() -> float:
    return time.monotonic()


@pytest.fixture
def intake(kafka: Kafka, began: float) -> IntakeCheck:
    made = IntakeCheck(60, kafka)
    made._moved_at = began
    return made


def test_kafka_is_not_asked_while_chunks_are_taken_in(intake: IntakeCheck, kafka: Kafka, began: float) -> None:
    assert intake.check(began + 60) is None
    assert kafka.asked == 0


def test_nothing_comes_and_nothing_is_taken_in(intake: IntakeCheck, began: float) -> None:
    assert [intake.check(began + secs) for secs in range(61, 1000, 10)] == [None] * 94


def test_what_comes_and_is_not_taken_in_for_as_long_again_is_found(
    intake: IntakeCheck, kafka: Kafka, began: float
) -> None:
    assert intake.check(began + 100) is None
    kafka.end += 1
    assert intake.check(began + 110) is None
    assert intake.check(began + 170) is None
    assert intake.check(began + 171) == "chunks come into Kafka, and none was taken in for 171 s"
    intake._moved_at = began + 172
    assert intake.check(began + 173) is None


def test_a_chunk_that_is_taken_in_begins_the_time_anew(intake: IntakeCheck, kafka: Kafka, began: float) -> None:
    assert intake.check(began + 100) is None
    kafka.end += 1
    assert intake.check(began + 110) is None
    intake._moved_at = began + 111
    kafka.end += 1
    assert [intake.check(began + secs) for secs in (172, 180, 300)] == [None] * 3


def test_the_time_counts_from_kafkas_last_silence(intake: IntakeCheck, kafka: Kafka, began: float) -> None:
    assert intake.check(began + 100) is None
    kafka.end += 1
    assert intake.check(began + 110) is None
    kafka.is_away = True
    assert intake.check(began + 500) is None
    kafka.is_away = False
    assert intake.check(began + 510) is None
    kafka.end += 1
    assert intake.check(began + 520) is None
    assert intake.check(began + 581) is not None


def test_nobody_waits_for_kafkas_answer_to_another(intake: IntakeCheck, began: float) -> None:
    asked, answered = threading.Event(), threading.Event()

    def slow() -> int:
        asked.set()
        answered.wait(10)
        return 10

    intake._ends = slow
    first = threading.Thread(target=intake.check, args=(began + 100,))
    first.start()
    assert asked.wait(10)
    assert intake.check(began + 100) is None
    assert first.is_alive()
    answered.set()
    first.join()


def test_a_worker_that_stands_by_without_a_partition_is_a_member_too() -> None:
    membership = Membership()
    assert membership.check(0.0) == NOT_JOINED
    membership.partitions = set()
    assert membership.check(0.0) is None


def test_partitions_that_were_just_assigned_owe_nothing(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = parse_settings('kafka: {bootstrap_servers: "127.0.0.1:1"}', "", {})
    app = StreamApp(settings)
    intake = app._intake
    monkeypatch.setattr(intake, "_ends", kafka)
    monkeypatch.setattr(app.worker, "assigned", int)  # it would ask a broker
    now = intake._moved_at + 100
    kafka.end = 0  # none is ours
    assert intake.check(now) is None
    asyncio.run(app._assigned(None, {TP(settings.topics.names.raw, 3)}))
    kafka.end = 1000
    assert [intake.check(now + secs) for secs in (1, 70, 200)] == [None] * 3
    app.worker.close()
