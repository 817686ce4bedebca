"""A sink's request that never returns is found; a destination that refuses or is away is no reason to start again."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Message

from runtime.health import UNREADY_SECS, Health
from runtime.metrics import Metrics
from schemas.errors import TemporaryError
from schemas.settings import parse_settings
from sinks.delivery import HUNG_REQUESTS, Delivery
from sinks.destination import Built, Destination
from sinks.gathering import Request
from sinks.object_storage.requests import HUNG_SECS, Requests
from sinks.object_storage.writer import LocalFiles
from sinks.threads import RequestThreads
from sinks.verdict import Done, Retry, Verdict


class Asked(Destination[int]):
    """A destination that the test speaks for."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.verdict: Verdict = Done.DELIVERED
        self.prepares = 0

    def prepare(self) -> None:
        self.prepares += 1
        if self.prepares == 1:
            raise TemporaryError("the cluster is red", delay=0.0)

    def build(self, records: Sequence[Message]) -> Built[int]:
        return Built()

    def send(self, pieces: Sequence[int]) -> list[Verdict]:
        self.answers.wait(30)
        return [self.verdict for _ in pieces]


@pytest.fixture
def destination() -> Asked:
    return Asked()


@pytest.fixture
def delivery(destination: Asked) -> Iterator[Delivery[int]]:
    sink = {"type": "stdout", "topics": ["logs.app"], "request_timeout_secs": 10}
    text = json.dumps({"kafka": {"bootstrap_servers": "127.0.0.1:1"}, "sinks": {"x": sink}})
    made = Delivery("x", parse_settings(text, "logferry.yaml", {}), destination)
    yield made
    made._stop.set()
    destination.answers.set()


def send(delivery: Delivery[int]) -> None:
    request = Request[int](0.0, 10, [], [None], [1])  # type: ignore[list-item]
    delivery._flying[RequestThreads(1).submit(delivery._deliver, request)] = request


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_request_that_never_returns_is_found_when_every_time_limit_is_behind_it(delivery: Delivery[int]) -> None:
    send(delivery)
    until(lambda: delivery.health._calls)
    limit = HUNG_REQUESTS * 10 + delivery.health.stall_secs
    delivery.health.beat(limit)  # the main loop goes on
    assert delivery.health.live(time.monotonic() + limit - 1) == []
    assert (
        "a request to the destination has been under way for 11"
        in delivery.health.live(time.monotonic() + limit + 1)[0]
    )


def test_a_request_that_waits_to_be_sent_again_is_no_hang(delivery: Delivery[int], destination: Asked) -> None:
    destination.verdict = Retry("status 503", 20.0)
    destination.answers.set()
    send(delivery)
    until(lambda: delivery._failing.check(time.monotonic() + UNREADY_SECS + 1))
    assert not delivery.health._calls
    later = time.monotonic() + UNREADY_SECS + 1
    assert "the destination has failed for 31 s: status 503" in delivery.health.ready(later)
    assert delivery.health.live(later) == []


def test_what_is_delivered_ends_the_trouble(delivery: Delivery[int], destination: Asked) -> None:
    delivery._failing.failed("status 503")
    destination.answers.set()
    send(delivery)
    until(lambda: next(iter(delivery._flying)).done())
    assert delivery._failing.check(time.monotonic() + 99) is None


def test_a_sink_is_not_ready_before_its_destination_is(delivery: Delivery[int], destination: Asked) -> None:
    assert "the destination is not ready yet" in delivery.health.ready(time.monotonic())
    delivery._prepare()
    assert destination.prepares == 2
    assert "the destination is not ready yet" not in delivery.health.ready(time.monotonic())
    assert "it has not joined its consumer group yet" in delivery.health.ready(time.monotonic())


def test_a_store_that_never_answers_is_found(tmp_path: Path) -> None:
    health, stayed = Health(60), threading.Event()
    requests = Requests("archive", Metrics("sink"), health, 1, stayed.set)
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # as a network file system whose lock server is gone
    working = threading.Thread(
        target=requests.one, args=("writing a", lambda: LocalFiles(tmp_path).create("a", b"body"))
    )
    working.start()
    assert stayed.wait(20)  # the main loop goes on beside it
    assert health.live(time.monotonic()) == []
    health.beat(HUNG_SECS + 60)
    assert health.live(time.monotonic() + HUNG_SECS + 59) == []
    assert "writing a has been under way for" in health.live(time.monotonic() + HUNG_SECS + 61)[0]
    os.close(folder)
    working.join(20)
    requests.close()
    assert (health._calls, (tmp_path / "a").read_bytes()) == ({}, b"body")
