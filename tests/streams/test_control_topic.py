"""Live rules reach a worker through a real Kafka; what is wrong among them stops nothing."""

import itertools
import json
import logging
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from deploy.local.stack import Stack
from deploy.topics import apply_topics
from runtime.metrics import Metrics
from schemas.codec import Codec
from schemas.settings import Settings
from schemas.topics import topics_for
from streams.control import ControlTable

HOUR = 3600 * 1_000_000_000
_numbers = itertools.count(1)


class Control:
    """The topic of one test."""

    def __init__(self, stack: Stack) -> None:
        kafka = {"bootstrap_servers": stack.endpoints.bootstrap_servers}
        prefix = f"control{os.getpid()}x{next(_numbers)}."
        self.settings = Settings.model_validate({"kafka": kafka, "topics": {"prefix": prefix}, "routes": []})
        self.topic = self.settings.topics.names.control
        apply_topics(self.settings.kafka, [each for each in topics_for(self.settings) if each.name == self.topic])
        self._producer = Producer({"bootstrap.servers": kafka["bootstrap_servers"], "linger.ms": 0})
        self._codec = Codec("rule")

    def put(self, rule_id: str, value: bytes | None) -> None:
        self._producer.produce(self.topic, value, rule_id)
        assert self._producer.flush(10) == 0

    def set(self, rule_id: str, minimum: str, **changes: Any) -> None:
        rule = {
            "id": rule_id,
            "kind": "severity",
            "match": "kube.**",
            "settings": json.dumps({"minimum": minimum}),
            "version": 1,
            "author": "ana",
            "reason": "why not",
            "created_at": time.time_ns(),
            "expires_at": None,
        }
        self.put(rule_id, self._codec.encode(rule | changes))


@pytest.fixture
def control(stack: Stack) -> Control:
    return Control(stack)


@pytest.fixture
def table(control: Control) -> Iterator[ControlTable]:
    made = ControlTable(control.settings)
    yield made
    made.close()


def shown(table: ControlTable) -> list[tuple[str, str]]:
    return [(each.id, each.rule.minimum) for each in table.rules]


def follow(table: ControlTable, offset: int) -> None:
    until = time.monotonic() + 10
    while table.version < offset:
        table.follow()
        assert time.monotonic() < until
        time.sleep(0.01)


def test_the_topic_is_read_to_its_end_and_then_followed(control: Control, table: ControlTable) -> None:
    control.set("a", "warn")
    control.set("b", "error")
    control.set("a", "info", version=2)
    table.load(20)
    assert (shown(table), table.version) == ([("a", "info"), ("b", "error")], 2)
    assert table.follow() is False
    control.put("a", None)
    follow(table, 3)
    assert shown(table) == [("b", "error")]


def test_a_worker_has_a_new_rule_within_a_tenth_of_a_second(control: Control, table: ControlTable) -> None:
    table.load(20)
    took = []
    for number in range(20):
        control.set("a", "warn", version=number)
        began = time.monotonic()
        while not table.follow():
            assert time.monotonic() < began + 5
            time.sleep(0.005)
        took.append(time.monotonic() - began)
        assert table.rules[0].version == number
    assert sorted(took)[-2] < 0.1


def test_a_rule_that_was_over_before_the_worker_began_is_not_in_force(control: Control, table: ControlTable) -> None:
    control.set("a", "warn", expires_at=time.time_ns() - HOUR)
    table.load(20)
    assert table.rules == ()


def test_a_rule_is_dropped_when_its_time_has_come(control: Control, table: ControlTable) -> None:
    control.set("a", "warn", expires_at=time.time_ns() + HOUR)
    table.load(20)
    assert table.expire(time.time_ns()) is False
    assert table.expire(time.time_ns() + 2 * HOUR) is True
    assert table.rules == ()


def test_a_withdrawal_holds_even_for_a_worker_whose_clock_is_behind(control: Control, table: ControlTable) -> None:
    control.set("a", "warn")
    table.load(20)
    tomorrow = time.time_ns() + 24 * HOUR
    control.set("a", "warn", created_at=tomorrow, expires_at=tomorrow, version=2)
    follow(table, 1)
    assert table.rules == ()


@pytest.mark.parametrize("bad", [b"no rule at all", b""])
def test_an_unreadable_version_disables_the_rule_and_is_told_once(
    control: Control, table: ControlTable, bad: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    control.set("a", "warn")
    control.set("b", "error")
    table.load(20)
    control.put("a", bad)
    follow(table, 2)
    table.follow()
    assert shown(table) == [("b", "error")]
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert len(told) == 1
    assert "rule a is not used, so its version before is not in force any more" in told[0]


def test_an_invalid_version_says_what_is_wrong_with_it(
    control: Control, table: ControlTable, caplog: pytest.LogCaptureFixture
) -> None:
    control.set("a", "wran")
    table.load(20)
    assert table.rules == ()
    assert "did you mean warn?" in caplog.text


def test_the_metrics_show_which_rules_a_worker_has(control: Control, table: ControlTable) -> None:
    metrics = Metrics("stream")
    control.set("a", "warn")
    table.load(20)
    table.measure(metrics)
    figures = {
        (sample.name, sample.labels.get("kind", "")): sample.value
        for metric in metrics.registry.collect()
        for sample in metric.samples
    }
    assert figures["logferry_stream_control_offset", ""] == 0
    assert figures["logferry_stream_live_rules", "severity"] == 1
    assert figures["logferry_stream_live_rules", "route"] == 0
