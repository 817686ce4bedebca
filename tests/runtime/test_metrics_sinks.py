"""How late lines are at a destination, whatever their values are, and what retention and failing clients count."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import KafkaError
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from runtime.kafka import count_errors, log_error
from runtime.metrics import Metrics
from schemas.replay import RECORD, Replayed, headers_of
from schemas.settings import parse_settings
from sinks.elasticsearch.retention import HourlyRetention
from sinks.hourly import Hourly
from sinks.latency import Latency, spread
from tests.schemas.examples import example
from tests.sinks.arrived import Arrived, arrived, arrived_document, arrived_value
from tests.sinks.elasticsearch_stand_in import StandIn
from tests.sinks.records import NOON, RAW
from tests.sinks.test_retention import INDEX, NOW, daily

SECOND = 1_000_000_000


def latency(metrics: Metrics, late_secs: float = 0.0) -> Latency:
    return Latency("search", parse_settings("{}", "", {}), metrics, lambda: NOON / SECOND + late_secs)


def told(metrics: Metrics, name: str) -> float:
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


@pytest.mark.parametrize(
    ("count", "places"), [(0, []), (1, [0]), (3, [0, 1, 2]), (4, [0, 1, 3]), (5, [0, 2, 4]), (1000, [0, 499, 999])]
)
def test_samples_are_spread_evenly(count: int, places: list[int]) -> None:
    assert list(spread(count)) == places


def test_a_line_is_as_late_as_its_own_time_is_old() -> None:
    metrics = Metrics("sink")
    made = latency(metrics, 42.0)
    made.acknowledged(made.sample([arrived(n, timestamp=NOON + n * SECOND) for n in range(11)]))
    assert told(metrics, "logferry_sink_latency_seconds_count") == 3
    assert told(metrics, "logferry_sink_latency_seconds_sum") == pytest.approx(42 + 37 + 32)


def test_a_document_tells_its_time_too() -> None:
    made = latency(Metrics("sink"))
    assert made.sample([arrived_document(0, timestamp=NOON + 5 * SECOND)]) == [NOON / SECOND + 5]


def test_a_line_of_a_clock_that_is_ahead_is_not_late() -> None:
    metrics = Metrics("sink")
    latency(metrics).acknowledged([NOON / SECOND + 3600])
    assert told(metrics, "logferry_sink_latency_seconds_sum") == 0


class Chunk(Arrived):
    def headers(self) -> list[tuple[str, bytes]] | None:
        return headers_of(Replayed("run", 1.0, RECORD)) if self.number else None


def test_chunks_have_the_time_at_which_they_were_read_and_replayed_ones_none() -> None:
    value = RAW.encode({**example("raw_chunk"), "observed_timestamp": NOON})
    chunks: list[Any] = [Chunk(number, b"key", value, "logs.raw") for number in (0, 1)]
    assert latency(Metrics("sink")).sample(chunks) == [NOON / SECOND]


@pytest.mark.parametrize("value", [None, b"", b"{", b"{}", b'{"@timestamp": 5}', b"\xc3\x01nothing", b"\x00"])
def test_what_cannot_be_read_says_nothing(value: bytes | None) -> None:
    assert latency(Metrics("sink")).sample([arrived_value(1, value)]) == []


def test_indices_that_go_are_counted_and_those_that_cannot_are_failures() -> None:
    counted: list[tuple[Any, ...]] = []
    day = datetime.fromtimestamp(NOW, UTC).date()
    days: list[date] = [day - timedelta(days=ago) for ago in (30, 20, 1)]
    with StandIn() as cluster:
        cluster.indices.update(daily(*days))
        made = HourlyRetention(cluster.client(**INDEX), cluster.sink(**INDEX), lambda: NOW)
        made.count = lambda *words: counted.append(words)
        assert len(made.run()) == 2
        assert counted == [("logferry_sink_deleted_indices_total", 1)] * 2
        counted.clear()
        cluster.refusing["GET /logstash-*"] = 403
        assert made.run() == []
        assert counted == [("logferry_sink_errors_total", 1, "retention")]


def test_hourly_work_that_raises_is_counted() -> None:
    counted: list[tuple[Any, ...]] = []

    def work() -> None:
        hourly._stop.set()
        raise ValueError

    hourly = Hourly(work, "retention", 0.0, 0.0)
    hourly.count = lambda *words: counted.append(words)
    hourly._run()
    assert counted == [("logferry_sink_errors_total", 1, "retention")]


def test_what_kafkas_client_reports_is_counted() -> None:
    heard: list[int] = []
    count_errors(lambda: heard.append(1))
    log_error(KafkaError(KafkaError._TRANSPORT))
    count_errors(lambda: None)
    log_error(KafkaError(KafkaError._TRANSPORT))
    assert heard == [1]
