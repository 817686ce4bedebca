"""Kafka is away for long: what cannot be sent waits in its files, and all else goes on. No broker listens here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from producers import produce
from producers.checkpoint_store import CheckpointStore
from producers.produce import NodeProducer
from schemas.errors import FatalError
from schemas.settings import parse_settings

pytestmark = pytest.mark.timeout(60)

LINE = b"2026-11-21T01:02:03Z stdout F hello\n"
CONTAINERS = 3000
"""One short line each: what surrounds them in Kafka's records is ten times as long."""


def node(tmp_path: Path) -> NodeProducer:
    text = f"""
kafka: {{bootstrap_servers: "127.0.0.1:1"}}
producer: {{node: node-1, state_folder: {tmp_path / "state"}, memory_max_bytes: 1048576, line_max_bytes: 1024}}
inputs: {{containers: {{type: container_files, path: "{tmp_path}/pods/*/*/*.log"}}}}
"""
    return NodeProducer(parse_settings(text, "logferry.yaml", {}))


@pytest.fixture
def producer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeProducer]:
    monkeypatch.setattr(produce, "DRAIN_SECS", 0.1)
    made = node(tmp_path)
    yield made
    made._end()


def write(root: Path, pod: str) -> Path:
    folder = root / "pods" / f"dev_{pod}_uid-{pod}" / "app"
    folder.mkdir(parents=True)
    (folder / "0.log").write_bytes(LINE)
    return folder


def test_short_lines_of_many_containers_never_hold_up_the_loop(tmp_path: Path, producer: NodeProducer) -> None:
    for number in range(CONTAINERS):
        folder = write(tmp_path, "pod-" * 24 + str(number))
    while producer.tick(0.05):
        pass
    assert 1000 < producer._output.in_flight < CONTAINERS, "the rest waits in its files"
    restarted = folder / "1.log"
    restarted.write_bytes(LINE)
    until = time.monotonic() + 20
    while str(restarted) not in (mark.path for _, mark in producer._store.marks.items()):
        assert time.monotonic() < until, "a file that is not held open may be removed before Kafka is back"
        producer.tick(0.05)


@pytest.mark.parametrize("failure", [None, FatalError("Kafka refused a record")])
def test_a_run_of_which_kafka_refused_something_has_not_ended_in_order(
    tmp_path: Path, failure: FatalError | None
) -> None:
    producer = node(tmp_path)
    producer._output._failure = failure
    producer._end()
    store = CheckpointStore(tmp_path / "state")
    store.load()
    assert store.ended_in_order == (failure is None)
    store.close()
