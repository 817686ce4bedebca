"""Inputs that listen while producers are killed, and while Kafka cannot be reached.

What a client was told is kept, and what it sent again is there once. Syslog has no confirmations: what was in sockets
and memory when the producer was killed is missing, but nothing is altered and nothing is there twice.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.measure import peak_rss_mb
from bench.pipeline import Pipeline
from deploy.local.ports import is_free
from tests.conftest import PipelineMaker
from tests.e2e import senders
from tests.e2e.broker_proxy import BrokerProxy
from tests.e2e.numbered import Verdict, judge, lines, route_everything
from tests.e2e.steadfast import ForwardClient, HttpClient, Steadfast, SyslogClient

pytestmark = pytest.mark.timeout(200)

KILLS = 8
PROCESS_MAX_MB = 128
"""Memory that a producer with all these inputs may have had; more means that something grows with what waits."""


def free_ports(count: int) -> list[str]:
    """Addresses below the range of outgoing connections, so that a client cannot connect to itself."""
    chosen = random.SystemRandom().sample(range(10_000, 20_000), 1000)
    return [f"127.0.0.1:{port}" for port in [port for port in chosen if is_free(port)][:count]]


def inputs(**http: Any) -> dict[str, Any]:
    """Inputs that listen at addresses that stay the same when the producer starts again."""
    first, second, third = free_ports(3)
    return {
        "http": {"type": "http", "listen": first, **http},
        "forward": {"type": "forward", "listen": second},
        "syslog": {"type": "syslog", "tcp": third, "tag": "syslog"},
    }


@contextmanager
def clients(pipeline: Pipeline, batch: int, size: int) -> Iterator[list[Steadfast]]:
    """Clients of each input that send as fast as they are confirmed, from now to the end of the block."""
    http, forward = senders.listening(pipeline, "http", "http"), senders.listening(pipeline, "forward", "tcp")
    with ExitStack() as stack:
        made = [
            *(HttpClient(f"http-{number}", http, batch, size) for number in range(3)),
            *(ForwardClient(f"forward-{number}", forward, batch, size) for number in range(3)),
            SyslogClient("syslog-0", senders.listening(pipeline, "syslog", "tcp"), batch, size),
        ]
        yield [stack.enter_context(each) for each in made]


def wait_for_progress(pipeline: Pipeline, confirming: list[Steadfast], batches: int) -> None:
    """Until each client has had so many more batches confirmed."""
    before = [each.sent for each in confirming]

    def slowest() -> int:
        return min(each.sent - start for each, start in zip(confirming, before, strict=True))

    pipeline.wait_until(slowest, lambda sent: sent >= batches * 20, f"{batches} batches of every client")


def test_a_producer_killed_between_receipt_and_confirmation_loses_and_doubles_nothing(
    new_pipeline: PipelineMaker,
) -> None:
    pipeline = new_pipeline(inputs=inputs())
    route_everything(pipeline)
    pipeline.start("produce", "stream", "search")
    chance = random.Random(20261121)
    with clients(pipeline, 20, 200) as running:
        for _ in range(KILLS):
            wait_for_progress(pipeline, running, 2)
            time.sleep(chance.uniform(0, 0.1))  # any moment will do
            pipeline.kill("produce")
            pipeline.start("produce")
        wait_for_progress(pipeline, running, 2)
    assert pipeline.stop("produce") == 0
    kept, again = lines_in_raw(pipeline)
    pipeline.wait_for_documents(kept)
    sent = {each.source: each.sent for each in running}
    verdict = judge(pipeline.documents(), sent)
    lost = len(verdict.missing.pop("syslog-0", []))
    unanswered = sum(each.unanswered for each in running)
    print(f"{sent} sent, of syslog {lost} lost; {unanswered} requests unanswered, {again} chunks twice in Kafka")  # noqa: T201
    assert verdict == Verdict()
    assert unanswered > KILLS
    assert pipeline.dead_letters() == []


def lines_in_raw(pipeline: Pipeline) -> tuple[int, int]:
    """Different lines in the raw topic, and how many chunks it holds twice."""
    found: dict[tuple[bytes, int], int] = {}
    again = 0
    for chunk in pipeline.values("raw", "raw_chunk"):
        name = (chunk["incarnation"], chunk["offset"])
        again += name in found
        found[name] = chunk["payload"].count(b" sum=")
    return sum(found.values()), again


def test_while_kafka_is_away_clients_are_refused_memory_is_bounded_and_then_all_arrives(
    new_pipeline: PipelineMaker, tmp_path: Path
) -> None:
    settings = inputs(answer_timeout_secs=1.0)
    settings["text"] = {"type": "files", "path": f"{tmp_path}/app.log"}
    with BrokerProxy(new_pipeline().bootstrap_servers) as proxy:
        pipeline = new_pipeline(inputs=settings, kafka={"bootstrap_servers": proxy.address})
        route_everything(pipeline)
        pipeline.start("produce")
        with clients(pipeline, 20, 5000) as running, ExitStack() as crowd:
            wait_for_progress(pipeline, running, 2)
            proxy.cut()
            (tmp_path / "app.log").write_text("".join(f"{text}\n" for text in lines("text", 10_000, size=1000)))
            running += [crowd.enter_context(each) for each in many_http_clients(pipeline)]
            confirming = [each for each in running if not isinstance(each, SyslogClient)]
            http = [each for each in running if isinstance(each, HttpClient)]
            pipeline.wait_until(lambda: [sum(each.statuses.values()) for each in http], all, "an answer for each")
            confirmed = [each.sent for each in confirming]
            time.sleep(5.0)  # however long it lasts
            assert [each.sent for each in confirming] == confirmed
            answers = sum((each.statuses for each in http), Counter())
            proxy.heal()
            wait_for_progress(pipeline, confirming, 2)
        peak, slowest = peak_rss_mb(pipeline.processes["produce"].pid), max(each.slowest_secs for each in http)
        print(f"peak memory {peak:.0f} MB; answers meanwhile {dict(answers)}; slowest after {slowest:.1f} s")  # noqa: T201
        assert answers.keys() == {200, 429, 503}
        assert slowest < 5.0
        assert peak < PROCESS_MAX_MB
        sent = {each.source: each.sent for each in running} | {"text": 10_000}
        pipeline.start("stream", "search")
        pipeline.wait_for_documents(sum(sent.values()))
        assert judge(pipeline.documents(), sent) == Verdict()


def many_http_clients(pipeline: Pipeline) -> list[HttpClient]:
    """So many that their requests together are more than the producer may hold."""
    address = senders.listening(pipeline, "http", "http")
    return [HttpClient(f"crowd-{number}", address, 20, 5000) for number in range(40)]
