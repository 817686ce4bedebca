"""Health of real processes: ready when they can work, live whatever is away, and found when they hang."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from confluent_kafka import Producer

from bench.pipeline import Pipeline
from sinks.consumer import GroupConsumer
from tests.conftest import PipelineMaker
from tests.e2e.broker_proxy import BrokerProxy
from tests.sinks.arrived import arrived

pytestmark = pytest.mark.timeout(180)

START_SECS = 90.0
OK = (200, "ok\n")


def ask(port: int, path: str) -> tuple[int, str]:
    """What an endpoint answers; status 0: it does not."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError as error:
        return 0, str(error)
    finally:
        connection.close()


def until(look: Callable[[], Any], good: Callable[[Any], bool], pipeline: Pipeline, secs: float = START_SECS) -> Any:
    deadline = time.monotonic() + secs
    while not good(found := look()):
        assert time.monotonic() < deadline, f"{found}\n{pipeline.tails()}"
        time.sleep(0.2)
    return found


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def begin(pipeline: Pipeline, *stages: str, workers: int = 1) -> dict[str, int]:
    """Start stages; their ports."""
    ports = dict(zip(stages, free_ports(len(stages)), strict=True))
    for stage, port in ports.items():
        pipeline.start(stage, metrics_port=port, workers=workers)
    return ports


def changed(pipeline: Pipeline, **changes: Any) -> None:
    """Sections of the settings in place of those that were there."""
    pipeline.configure(yaml.safe_dump(yaml.safe_load(pipeline.config.read_text()) | changes))


def health(port: int, *words: str) -> tuple[int, str]:
    """`logferry health` as an image's HEALTHCHECK runs it."""
    ran = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "health", *words],
        capture_output=True, text=True, timeout=30, check=False,
        env=os.environ | {"LOGFERRY_METRICS__HOST": "0.0.0.0", "LOGFERRY_METRICS__PORT": str(port)},
    )  # fmt: skip
    return ran.returncode, ran.stdout + ran.stderr


def test_every_stage_becomes_ready_and_workers_answer_through_their_parent(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    ports = begin(pipeline, "produce", "stream", "search", "archive", workers=2)
    for stage, port in ports.items():
        until(lambda port=port: ask(port, "/ready"), OK.__eq__, pipeline)  # type: ignore[misc]
        assert ask(port, "/live") == OK, stage
        assert ask(port, "/elsewhere")[0] == 404
    assert health(ports["produce"], "--ready") == (0, "ok\n")
    for name in ("logferry_stream_pending_bytes", "logferry_stream_control_offset"):
        assert {
            line.partition(" ")[0] for line in ask(ports["stream"], "/metrics")[1].splitlines() if name in line
        } >= {
            f'{name}{{worker="0"}}',
            f'{name}{{worker="1"}}',
        }
    worker, *_ = _children(pipeline.processes["stream"].pid)
    os.kill(worker, 9)
    until(lambda: ask(ports["stream"], "/ready"), lambda said: said[0] == 503 and "worker " in said[1], pipeline)
    assert ask(ports["stream"], "/live") == OK
    until(lambda: ask(ports["stream"], "/ready"), OK.__eq__, pipeline)


def _children(pid: int) -> list[int]:
    import psutil

    return [each.pid for each in psutil.Process(pid).children()]


@pytest.fixture
def out(new_pipeline: PipelineMaker) -> Iterator[Pipeline]:
    """A sink to a pipe that nobody reads, and one whose destination is not there."""
    pipeline = new_pipeline()
    topics = [f"{pipeline.index}.app"]
    (nowhere,) = free_ports(1)
    changed(
        pipeline,
        sinks={
            "out": {"type": "stdout", "topics": topics, "group": f"{pipeline.index}-out", "request_timeout_secs": 0.2},
            "away": {"type": "elasticsearch", "topics": topics, "group": f"{pipeline.index}-away",
                     "hosts": [f"http://127.0.0.1:{nowhere}"], "request_timeout_secs": 1},
        },
        metrics={"stall_secs": 2.0},
    )  # fmt: skip
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers})
    for number in range(2000):
        record = arrived(number)
        producer.produce(topics[0], record.value(), record.key())
    assert producer.flush(20) == 0
    return pipeline


def test_a_request_that_hangs_is_found_and_a_destination_that_is_away_is_no_reason_to_start_again(
    out: Pipeline,
) -> None:
    (port,) = free_ports(1)
    away = begin(out, "away")["away"]
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "sink", "out", "--config", str(out.config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"LOGFERRY_METRICS__PORT": str(port)},
    )
    assert process.stdout is not None
    try:
        until(lambda: ask(port, "/live"), lambda said: said[0] == 503, out)
        assert "a request to the destination has been under way for" in ask(port, "/live")[1]
        status, said = health(port)
        assert (status, "under way" in said) == (1, True)
        os.set_blocking(process.stdout.fileno(), False)

        def read_and_ask() -> tuple[int, str]:
            process.stdout.read()  # type: ignore[union-attr]
            return ask(port, "/live")

        until(read_and_ask, OK.__eq__, out)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert ask(away, "/live") == OK
    assert ask(away, "/ready")[0] == 503
    assert "the destination is not ready yet" in ask(away, "/ready")[1]


def test_while_kafka_is_away_every_stage_is_live_and_none_is_ready(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline(metrics={"stall_secs": 3.0})
    with BrokerProxy(pipeline.bootstrap_servers) as proxy:
        changed(pipeline, kafka={"bootstrap_servers": proxy.address})
        ports = begin(pipeline, "produce", "stream", "search")
        for port in ports.values():
            until(lambda port=port: ask(port, "/ready"), OK.__eq__, pipeline)  # type: ignore[misc]
        proxy.cut()
        for port in ports.values():
            until(lambda port=port: ask(port, "/ready"), lambda said: said[0] == 503, pipeline, 30)  # type: ignore[misc]
            assert "Kafka does not answer" in ask(port, "/ready")[1]
        until_all = time.monotonic() + 5  # more than stall_secs
        while time.monotonic() < until_all:
            assert [ask(port, "/live") for port in ports.values()] == [OK] * 3
            time.sleep(0.5)
        proxy.heal()
        for port in ports.values():
            until(lambda port=port: ask(port, "/ready"), OK.__eq__, pipeline)  # type: ignore[misc]
            assert ask(port, "/live") == OK


def test_a_member_of_a_group_that_has_no_partition_stands_by_and_is_ready(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline(topics={"partitions": 1})
    topic = [f"{pipeline.index}.app"]
    members = [GroupConsumer(pipeline.settings.kafka, f"{pipeline.index}-two", topic) for _ in range(2)]
    assert [each.check(0.0) for each in members] == ["it has not joined its consumer group yet"] * 2

    def settled() -> list[str | None]:
        for each in members:
            each.read(10, 0.2)
        return [each.check(0.0) for each in members]

    until(settled, [None, None].__eq__, pipeline)
    for each in members:
        each.close()
