"""What the end of a container, a pod, a producer or a node does to lines: docs/node-failures.md, row by row.

Every byte that was written is looked for in Kafka under its incarnation and place; `judged` says which lines are
missing, which the ledger says are lost, and whether anything came that was not written. Several rows share a producer,
since its starts are what takes time.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench.pipeline import Pipeline
from bench.rotation import Arrived, Findings, arrived, judged
from deploy.local.stack import Stack
from tests.conftest import PipelineMaker
from tests.e2e.broker_proxy import BrokerProxy
from tests.e2e.dying_node import Pod, Writing, expect_all_read, expect_told, marks, started, told

pytestmark = pytest.mark.timeout(120)

ENDS_SECS = 10.0
"""A producer has ended so long after the time for reading on is over, whatever happens."""

FIRST_LINES = 20

NodeMaker = Callable[..., tuple[Pipeline, list[Pod]]]


@pytest.fixture
def new_node(new_pipeline: PipelineMaker) -> Iterator[NodeMaker]:
    """Makes nodes with pods that have written something which a producer, still running, has read."""
    made: list[Pod] = []

    def make(*pods: str, drain_secs: float, kafka: str = "", **settings: Any) -> tuple[Pipeline, list[Pod]]:
        changes = {"kafka": {"bootstrap_servers": kafka}} if kafka else {}
        producer = {"checkpoint_interval_secs": 0.2, "drain_secs": drain_secs, **settings}
        pipeline = new_pipeline(producer=producer, **changes)
        found = [Pod(pipeline.node, pod) for pod in pods]
        made.extend(found)
        for pod in found:
            pod.write(FIRST_LINES)
        started(pipeline)
        expect_all_read(pipeline, found)
        return pipeline, found

    yield make
    for pod in made:
        pod.close()


@pytest.fixture
def proxy(stack: Stack) -> Iterator[BrokerProxy]:
    with BrokerProxy(stack.endpoints.bootstrap_servers) as made:
        yield made


def stopped(pipeline: Pipeline) -> float:
    """Stop a producer as kubelet does; how long that took, in seconds."""
    began = time.monotonic()
    assert pipeline.stop("produce", 30.0) == 0
    return time.monotonic() - began


def findings(there: Arrived, *pods: Pod) -> Findings:
    return judged(list(pods), there)


def all_there(*pods: Pod) -> Findings:
    return Findings(written=sum(len(pod.written_at) for pod in pods))


def all_told(lost: int, *pods: Pod) -> Findings:
    """So many lines are missing, and each pod's loss is reported exactly."""
    return Findings(all_there(*pods).written, missing=lost, reported=lost, reports=len(pods))


def test_crashes_evictions_and_last_words_lose_nothing_while_a_producer_runs(
    new_node: NodeMaker, proxy: BrokerProxy
) -> None:
    pipeline, pods = new_node("crashing-0", "crashing-1", "evicted-0", "evicted-1", drain_secs=5.0, kafka=proxy.address)
    crashing, evicted = pods[:2], pods[2:]
    for _ in range(6):  # kubelet gives the later ones ten seconds and more between two crashes
        for pod in crashing:
            pod.write(30)
            pod.restart()
            pod.write(3)
        time.sleep(0.2)
    proxy.cut()
    for pod in evicted:
        pod.write(2000)
        pod.rotate()
        pod.write(1000)
    time.sleep(0.5)
    for pod in evicted:
        pod.delete()
    time.sleep(0.5)  # all that is left of it are files that this producer has open
    proxy.heal()
    with Writing(crashing, lines=2, pause_secs=0.3, secs=1.5):
        secs = stopped(pipeline)  # nobody starts it again, so what it has not read by now is lost
    assert 1.5 < secs < 5.0 + 1.0
    assert findings(arrived(pipeline), *pods) == all_there(*pods)
    assert told(pipeline, "left/unread") == []


def test_what_kubelet_removes_while_no_producer_runs_is_in_the_ledger_line_by_line(new_node: NodeMaker) -> None:
    pipeline, pods = new_node("crashed-0", "crashed-1", "crashed-2", "crashed-4", "deleted", drain_secs=5.0)
    stopped(pipeline)
    begins = [pod.end() for pod in pods]
    for pod, crashes in zip(pods, (0, 1, 2, 4, 0), strict=True):  # the second crash takes what was there first
        for _ in range(crashes):
            pod.write(10)
            pod.restart()
        pod.write(10)
    pods[4].delete()
    unseen = Pod(pipeline.node, "came-and-went")
    unseen.write(10)
    unseen.delete()
    started(pipeline)
    expect_told(pipeline, "lost/removed", 3)
    expect_all_read(pipeline, pods[:4])
    there = arrived(pipeline)
    assert findings(there, *pods[:2]) == all_there(*pods[:2])
    assert findings(there, pods[2]) == all_told(10, pods[2])
    assert findings(there, pods[3]) == all_told(30, pods[3])
    assert findings(there, pods[4]) == all_told(pods[4].lines_from(begins[4]), pods[4])
    assert findings(there, unseen).silent == 10, "nobody on the node ever knew of it; logs.pods does"


def test_after_a_boot_only_what_is_not_on_the_disk_any_more_is_missing(new_node: NodeMaker, proxy: BrokerProxy) -> None:
    pipeline, pods = new_node("whole", "cut", "emptied", "removed", drain_secs=0.0, kafka=proxy.address)
    whole, cut, emptied, removed = pods
    proxy.cut()
    begin = removed.end()
    removed.write(50)
    time.sleep(1.5)  # the producer has read it, and remembers once a second how long files are
    pipeline.kill("produce")
    removed.delete()
    os.truncate(cut.live, 700)  # a power cut: the kernel had not written all of it to the disk
    os.truncate(emptied.live, 0)
    for pod in (whole, cut, emptied):
        pod.write(0 if pod is not whole else 10)
        pod.restart()
        pod.write(10)
    proxy.heal()
    started(pipeline)
    losses = expect_told(pipeline, "lost/removed", 2)
    pipeline.wait_until(
        lambda: findings(arrived(pipeline), whole, cut, emptied).missing, lambda missing: missing == 0, "what is there"
    )
    there = arrived(pipeline)
    assert findings(there, whole, cut) == all_there(whole, cut), "Kafka had what the disk has lost"
    assert findings(there, removed) == all_told(50, removed)
    lengths = {entry["incarnation"]: (entry["start"], entry["end"]) for entry in losses}
    assert lengths == {
        removed.lives()[0].hex(): (begin[1], len(removed.files[0])),
        emptied.lives()[0].hex(): (len(emptied.files[0]),) * 2,  # it cannot be known that nothing followed
    }
    assert told(pipeline, "lost/truncated") == []


def test_a_stop_in_a_flood_is_bounded_and_the_ledger_says_what_the_next_producer_must_read(new_node: NodeMaker) -> None:
    slow = [{"namespaces": "*", "bytes_per_sec": 100_000, "burst_bytes": 200_000}]
    pipeline, pods = new_node("loud-0", "loud-1", "loud-2", drain_secs=1.0, rate_limits=slow)
    with Writing(pods, lines=500, pause_secs=0.02, secs=2.0):
        time.sleep(0.5)
        secs = stopped(pipeline)
    assert 1.0 < secs < 1.0 + ENDS_SECS
    acknowledged, left = marks(pipeline), told(pipeline, "left/unread")
    lives = [pod.lives()[0].hex() for pod in pods]
    assert {entry["incarnation"]: entry["start"] for entry in left} == {
        life: acknowledged[life].offset for life in lives
    }
    assert all(entry["end"] <= len(pod.files[0]) for entry, pod in zip(by_life(left, lives), pods, strict=True))
    pipeline.configure(pipeline.config.read_text().replace("bytes_per_sec: 100000", "bytes_per_sec: 1000000000"))
    for pod in pods:
        pod.rotate()
        pod.write(10)
    started(pipeline)  # a rolling update, as the next producer sees it
    expect_all_read(pipeline, pods)
    assert findings(arrived(pipeline), *pods) == all_there(*pods)


def by_life(entries: list[dict[str, Any]], lives: list[str]) -> list[dict[str, Any]]:
    found = {entry["incarnation"]: entry for entry in entries}
    return [found[life] for life in lives]


def test_a_stop_while_kafka_is_away_is_bounded_and_the_next_producer_sends_what_waited(
    new_node: NodeMaker, proxy: BrokerProxy
) -> None:
    pipeline, pods = new_node("app-0", "app-1", drain_secs=0.5, kafka=proxy.address, memory_max_bytes=1048576)
    proxy.cut()
    for pod in pods:
        pod.write(6000)
    assert 0.5 < stopped(pipeline) < 0.5 + ENDS_SECS
    proxy.heal()
    started(pipeline)
    expect_all_read(pipeline, pods)
    assert findings(arrived(pipeline), *pods) == all_there(*pods)


def test_a_lost_node_takes_the_youngest_lines_alone_and_its_successor_is_not_taken_for_it(new_node: NodeMaker) -> None:
    names = ("app-0", "app-1", "app-2")
    pipeline, pods = new_node(*names, drain_secs=0.0)
    with Writing(pods, lines=20):
        time.sleep(1.5)
        died = time.time()
        pipeline.kill("produce")
    there, taken = arrived(pipeline), 0.0
    for pod in pods:
        last = max(offset + len(payload) for offset, payload in there.chunks[pod.lives()[0]])
        behind = [at for line, at in pod.written_at.items() if line[1] >= last]
        assert findings(there, pod).silent == len(behind), "no holes, and nobody is left to report it"
        taken = max(taken, died - min(behind, default=died))
    assert taken < 2.0, "seconds before its end, with a Kafka that is near"
    # The disk is found again, but for the checkpoint.
    shutil.rmtree(pipeline.folder / "producer")
    started(pipeline)
    expect_all_read(pipeline, pods)
    assert findings(arrived(pipeline), *pods) == all_there(*pods), "what was there already came under the same places"
    # Another machine takes its name: static pods have the same uids there.
    pipeline.kill("produce")
    shutil.rmtree(pipeline.folder / "producer")
    shutil.rmtree(pipeline.node)
    again = [Pod(pipeline.node, name) for name in names]
    for pod in again:
        pod.write(FIRST_LINES)
    started(pipeline)
    expect_all_read(pipeline, again)
    there = arrived(pipeline)
    assert [pod.source for pod in again] == [pod.source for pod in pods]
    assert findings(there, *pods) == all_there(*pods)
    assert findings(there, *again) == all_there(*again)
    for pod in again:
        pod.close()
