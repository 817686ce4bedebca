"""Lag, latency and back-pressure tell the truth, on real servers: what waits is told, and that it waits no longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bench.elastic_proxy import ElasticProxy, Fault, Weather
from bench.pipeline import Pipeline
from deploy.local.stack import Stack
from tests.conftest import PipelineMaker
from tests.e2e.broker_proxy import BrokerProxy
from tests.e2e.test_health import OK, ask, begin, changed, until

pytestmark = pytest.mark.timeout(240)

POD_WAIT_SECS = 6.0
Samples = dict[tuple[str, ...], float]


class Log:
    """The log of a container whose pod nobody has told of."""

    def __init__(self, node: Path) -> None:
        folder = node / "var/log/pods/dev_app-1_11111111-2222-3333-4444-555555555555/app"
        folder.mkdir(parents=True)
        self._path = folder / "0.log"
        link = node / f"var/log/containers/app-1_dev_app-{'c0' * 32}.log"
        link.parent.mkdir(parents=True)
        self._path.touch()
        link.symlink_to(self._path)
        self._written = 0

    def write(self, count: int, size: int = 40) -> None:
        """Lines that are written now."""
        with self._path.open("a") as file:
            for _ in range(count):
                self._written += 1
                file.write(
                    f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} stdout F line {self._written:06d} {'x' * size}\n"
                )


def figures(port: int) -> Samples:
    """Name and values of labels of each sample, the latter in the order of their names; nothing without an answer."""
    status, text = ask(port, "/metrics")
    if status != 200:
        return {}
    return {
        (each.name, *(value for _, value in sorted(each.labels.items()))): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def total(found: Samples, name: str) -> float:
    return sum(value for key, value in found.items() if key[0] == name)


@pytest.fixture
def search(new_pipeline: PipelineMaker, stack: Stack) -> Iterator[tuple[Pipeline, ElasticProxy]]:
    """A pipeline with small requests, and a sink that asks a proxy."""
    with ElasticProxy(stack.endpoints.elasticsearch_url) as proxy:
        few = {"hosts": [proxy.url], "batch_max_records": 50, "requests_in_flight": 2, "request_timeout_secs": 5}
        yield new_pipeline(stream={"pod_wait_secs": POD_WAIT_SECS}, sinks={"search": few}), proxy


def test_what_waits_is_behind_and_what_waited_is_late(search: tuple[Pipeline, ElasticProxy]) -> None:
    pipeline, proxy = search
    log, topic = Log(pipeline.node), f"{pipeline.index}.app"
    ports = begin(pipeline, "produce", "stream", "search", "archive")
    for port in ports.values():
        until(lambda port=port: ask(port, "/ready"), OK.__eq__, pipeline)  # type: ignore[misc]

    def wait_for(stage: str, good: Callable[[Samples], bool]) -> Samples:
        found: Samples = until(lambda: figures(ports[stage]), lambda told: bool(told) and good(told), pipeline)
        return found

    log.write(200)
    waiting = wait_for("stream", lambda found: total(found, "logferry_stream_waiting_pods") == 1)
    assert total(waiting, "logferry_stream_lag_records") >= 1
    assert total(waiting, "logferry_stream_waiting_bytes") > 200 * 40
    older = wait_for("stream", lambda found: total(found, "logferry_stream_lag_seconds") > 2)
    assert total(older, "logferry_stream_latency_seconds_count") == 0
    done = wait_for("stream", lambda found: total(found, "logferry_stream_lag_records") == 0)
    assert total(done, "logferry_stream_waiting_pods") == 0
    assert total(done, "logferry_stream_lag_seconds") == 0
    assert done["logferry_stream_latency_seconds_bucket", "2.5"] == 0
    assert done["logferry_stream_latency_seconds_bucket", "60.0"] == total(
        done, "logferry_stream_latency_seconds_count"
    )

    for sink in ("search", "archive"):
        names = (f"logferry_sink_lag_{unit}" for unit in ("records", "seconds"))
        lag_records, lag_seconds = ((name, sink, topic) for name in names)
        sent = wait_for(sink, lambda found, key=lag_records: total(  # type: ignore[misc]
            found, "logferry_sink_latency_seconds_count") > 0 and found.get(key) == 0)  # fmt: skip
        assert sent[lag_seconds] == 0
        assert sent["logferry_sink_latency_seconds_bucket", "2.5", sink] == 0, "the lines are older than the wait"
        late = total(sent, "logferry_sink_latency_seconds_sum") / total(sent, "logferry_sink_latency_seconds_count")
        assert POD_WAIT_SECS - 1 < late < 90

    proxy.weather = Weather(lasting=Fault.UNAVAILABLE)
    log.write(600)
    away = wait_for("search", lambda found: found.get(("logferry_sink_lag_records", "search", topic)) == 600)
    away = wait_for("search", lambda found: found["logferry_sink_held_up", "search"] == 1)
    at = time.monotonic()
    later = wait_for("search", lambda _: time.monotonic() > at + 3)
    passed = time.monotonic() - at
    grown = later["logferry_sink_lag_seconds", "search", topic] - away["logferry_sink_lag_seconds", "search", topic]
    assert passed - 2 < grown < passed + 2
    assert later["logferry_sink_failing_seconds", "search"] > 2
    assert later["logferry_sink_requests_limit", "search"] == 1
    assert later["logferry_sink_lag_records", "search", topic] == 600, "known while it is held up, too"
    assert ask(ports["search"], "/live") == OK

    proxy.weather = Weather()
    well = wait_for("search", lambda found: found.get(("logferry_sink_lag_records", "search", topic)) == 0)
    assert (well["logferry_sink_failing_seconds", "search"], well["logferry_sink_lag_seconds", "search", topic]) == (
        0,
        0,
    )
    assert well["logferry_sink_held_up_seconds_total", "search"] > 3
    wait_for("search", lambda found: found["logferry_sink_held_up", "search"] == 0)


def test_a_producer_that_kafka_holds_up_says_so_and_how_old_its_lines_are(new_pipeline: PipelineMaker) -> None:
    small = {"memory_max_bytes": 1024 * 1024, "line_max_bytes": 65536, "chunk_max_bytes": 65536}
    pipeline = new_pipeline(producer=small)
    log = Log(pipeline.node)
    with BrokerProxy(pipeline.bootstrap_servers) as proxy:
        changed(pipeline, kafka={"bootstrap_servers": proxy.address})
        port = begin(pipeline, "produce")["produce"]
        until(lambda: ask(port, "/ready"), OK.__eq__, pipeline)

        def wait_for(good: Callable[[Samples], bool]) -> Samples:
            found: Samples = until(lambda: figures(port), lambda told: bool(told) and good(told), pipeline)
            return found

        def value(found: Samples, name: str) -> float:
            return found[f"logferry_producer_{name}",]

        log.write(10)
        wait_for(lambda found: value(found, "acknowledged_bytes_total") > 0)
        calm = wait_for(lambda found: value(found, "checkpoint_age_seconds") == 0)
        assert (value(calm, "held_up"), value(calm, "unacknowledged_seconds")) == (0, 0)
        proxy.cut()
        log.write(12_000, 200)
        held = wait_for(lambda found: value(found, "held_up") == 1 and value(found, "oldest_unsent_seconds") > 2)
        assert value(held, "backlog_bytes") > 1e6
        later = wait_for(lambda found: value(found, "unacknowledged_seconds") > 3)
        assert value(later, "held_up_seconds_total") > 1
        assert value(later, "oldest_unsent_seconds") < 60
        assert later["logferry_producer_errors_total", "kafka"] >= 1
        assert ask(port, "/live") == OK
        proxy.heal()
        well = wait_for(lambda found: value(found, "backlog_bytes") == 0 and value(found, "pending_bytes") == 0)
        assert (value(well, "held_up"), value(well, "unacknowledged_seconds")) == (0, 0)
        wait_for(lambda found: value(found, "oldest_unsent_seconds") == 0)
        wait_for(lambda found: value(found, "checkpoint_age_seconds") == 0)
