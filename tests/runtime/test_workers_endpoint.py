"""A parent of workers answers for all of them, whatever state each is in."""

from __future__ import annotations

import http.client
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from runtime.health import Health
from runtime.metrics import Metrics
from runtime.workers import Worker
from runtime.workers_endpoint import WorkersEndpoint
from schemas.settings import MetricsSettings


class Parent:
    """Two workers whose endpoints are in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        running = cast("subprocess.Popen[bytes]", object())
        self.workers = [Worker(number, running, time.monotonic()) for number in range(2)]
        self.endpoint = WorkersEndpoint(self.workers, MetricsSettings(stall_secs=30))
        self.folder = self.endpoint._folder
        self.health: list[Health] = []
        self.metrics: list[Metrics] = []
        self._patch = monkeypatch

    def start(self, number: int) -> None:
        for name, value in self.endpoint.environment(number).items():
            self._patch.setenv(name, value)
        self.health.append(Health(60))
        self.metrics.append(Metrics("stream"))
        self.metrics[-1].serve(MetricsSettings(), self.health[-1])


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parent]:
    made = Parent(monkeypatch)
    made.start(0)
    made.start(1)
    yield made
    made.endpoint.__exit__()
    assert not made.folder.exists()


def test_all_are_well(parent: Parent) -> None:
    assert parent.endpoint.live(time.monotonic()) == []
    assert parent.endpoint.ready(time.monotonic()) == []


def test_the_worker_that_has_something_wrong_is_named(parent: Parent) -> None:
    parent.health[1].ready_if(lambda _: "it has not joined its consumer group yet")
    parent.health[1].ready_if(lambda _: "Kafka does not answer")
    parent.health[0].beat(-99)
    said = "worker 0: the main loop has made no progress for 99 s"
    assert parent.endpoint.live(time.monotonic()) == [said]
    assert parent.endpoint.ready(time.monotonic()) == [
        said,
        "worker 1: it has not joined its consumer group yet",
        "worker 1: Kafka does not answer",
    ]


def test_a_worker_that_starts_is_live_for_as_long_as_a_loop_may_stand_still(parent: Parent) -> None:
    parent.endpoint.environment(1)
    assert parent.endpoint.live(time.monotonic()) == []
    assert parent.endpoint.ready(time.monotonic()) == ["worker 1: does not answer"]
    parent.workers[1].started_at -= 31
    assert parent.endpoint.live(time.monotonic()) == ["worker 1: does not answer 31 s after its start"]


def test_who_asks_whether_workers_live_does_not_wait_for_those_who_ask_whether_they_are_ready(parent: Parent) -> None:
    asked, answered = threading.Barrier(3), threading.Event()

    def slow(_: float) -> None:  # as a question to Kafka that is away
        asked.wait(10)
        answered.wait(10)

    for each in parent.health:
        each.ready_if(slow)
    other = threading.Thread(target=parent.endpoint.ready, args=(time.monotonic(),))
    other.start()
    asked.wait(10)
    assert parent.endpoint.live(time.monotonic()) == []
    assert other.is_alive(), "it still waits"
    answered.set()
    other.join()


def test_a_worker_that_has_ended_is_looked_after_and_not_ready(parent: Parent) -> None:
    parent.endpoint.environment(1)
    parent.workers[1].process, parent.workers[1].started_at = None, 0.0
    assert parent.endpoint.live(time.monotonic()) == []
    assert parent.endpoint.ready(time.monotonic()) == ["worker 1: has ended and is started again"]


def test_a_parent_that_looks_after_nobody_is_not_live(parent: Parent) -> None:
    parent.endpoint.health.beat(-40)
    assert parent.endpoint.live(time.monotonic()) == ["the main loop has made no progress for 40 s"]


def test_figures_of_all_workers_are_told_apart_by_a_label(parent: Parent, monkeypatch: pytest.MonkeyPatch) -> None:
    parent.metrics[0].count("logferry_stream_lines_total", 5)
    parent.metrics[1].count("logferry_stream_lines_total", 7)
    parent.metrics[1].count("logferry_stream_records_total", 3, 'a"b\n')
    port = _port_of(parent.endpoint, monkeypatch)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["logferry_stream_lines_total", "0"] == 5
    assert samples["logferry_stream_lines_total", "1"] == 7
    assert samples["logferry_stream_records_total", 'a"b\n', "1"] == 3
    assert text.count("# TYPE logferry_stream_lines_total counter") == 1


def _port_of(endpoint: WorkersEndpoint, monkeypatch: pytest.MonkeyPatch) -> int:
    file = f"{endpoint._folder}/own"
    monkeypatch.setenv("LOGFERRY_METRICS_PORT_FILE", file)
    endpoint.__enter__()
    with open(file, encoding="ascii") as written:  # noqa: PTH123
        return int(written.read())


def test_workers_listen_where_only_their_parent_asks(parent: Parent) -> None:
    told = parent.endpoint.environment(1)
    assert told["LOGFERRY_METRICS__HOST"] == "127.0.0.1"
    assert told["LOGFERRY_METRICS__PORT"] == "0"
    assert not os.path.exists(told["LOGFERRY_METRICS_PORT_FILE"])  # noqa: PTH110
