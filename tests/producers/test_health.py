"""A producer is live while both of its loops move, and ready while Kafka acknowledges and the checkpoint is on disk."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from producers.checkpoint_store import FILE_NAME
from producers.network import Network
from producers.network_health import LoopCheck
from producers.produce import NodeProducer
from runtime.health import UNREADY_SECS
from tests.producers.unheard import unheard_producer


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def producer(tmp_path: Path) -> Iterator[NodeProducer]:
    text = f"""\
producer: {{node: node-1, state_folder: {tmp_path / "state"}}}
inputs:
  files: {{type: files, path: "{tmp_path}/*.log", tag: host}}
  syslog: {{type: syslog, udp: "127.0.0.1:0"}}
"""
    with unheard_producer(text) as made:
        assert made._network is not None
        yield made
        if not made._network._thread.is_alive():
            made._network._loop.close()


@pytest.fixture
def network(producer: NodeProducer) -> Iterator[Network]:
    assert producer._network is not None
    producer._network.start()
    yield producer._network
    producer._network.stop(lambda: None)


def test_a_tick_is_progress(producer: NodeProducer) -> None:
    producer.health.beat(-99)
    assert producer.health.live(time.monotonic()) == ["the main loop has made no progress for 99 s"]
    producer.tick(0.01)
    assert producer.health.live(time.monotonic()) == []


def test_the_loop_of_the_inputs_that_listen_answers(network: Network) -> None:
    check = LoopCheck(network, 60)
    assert check.check(time.monotonic()) is None
    until(lambda: check._asked_at is None)


def test_a_loop_of_inputs_that_is_held_up_is_found(network: Network) -> None:
    check, hold = LoopCheck(network, 60), threading.Event()
    network.call(lambda: hold.wait(30) and None)
    assert check.check(time.monotonic()) is None
    assert check.check(time.monotonic() + 59) is None
    assert check.check(time.monotonic() + 75) == "the loop of the inputs that listen has not answered for 75 s"
    hold.set()
    until(lambda: check._asked_at is None)
    assert check.check(time.monotonic()) is None


def test_an_input_whose_own_thread_does_not_return_is_found(network: Network) -> None:
    class Journal:
        busy_since: float | None = time.monotonic()

    network._inputs = {**network._inputs, "journal": Journal()}  # type: ignore[dict-item]
    check = LoopCheck(network, 60)
    assert check.check(time.monotonic()) is None
    until(lambda: check._asked_at is None)
    assert check.check(time.monotonic() + 61) == "input journal has been reading for 61 s"
    Journal.busy_since = None
    del network._inputs["journal"]


def test_kafka_that_does_not_acknowledge_makes_it_unready(producer: NodeProducer, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("a line\n")
    until(lambda: producer.tick(0.01) or producer._output.in_flight)
    later = time.monotonic() + UNREADY_SECS + 5
    assert any("Kafka has acknowledged nothing for 3" in each for each in producer.health.ready(later))
    assert producer.health.live(time.monotonic()) == []
    assert any("Kafka does not answer" in each for each in producer.health.ready(time.monotonic()))


def test_a_checkpoint_that_cannot_be_written_makes_it_unready_until_it_can(
    producer: NodeProducer, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "state" / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    producer._store.advance("x", "1")
    producer._save()
    (told,) = [each for each in producer.health.ready(time.monotonic()) if "checkpoint" in each]
    assert "the checkpoint cannot be written" in told
    assert "database is locked" in told
    other.execute("ROLLBACK")
    other.close()
    producer._save()
    assert [each for each in producer.health.ready(time.monotonic()) if "checkpoint" in each] == []
