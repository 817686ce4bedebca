"""What producers and streams tell the ledger together: of each byte that is in Kafka, and of each chunk."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from bench.pipeline import Pipeline
from tests.conftest import PipelineMaker
from tests.e2e.dying_node import Pod, Writing, expect_all_read, started

pytestmark = pytest.mark.timeout(300)

KILLS = 3


def ranges(found: list[tuple[str, int, int]]) -> dict[str, list[tuple[int, int]]]:
    """Incarnation -> ranges, those that touch or overlap as one."""
    joined: dict[str, list[tuple[int, int]]] = {}
    for life, start, end in sorted(found):
        known = joined.setdefault(life, [])
        if known and start <= known[-1][1]:
            known[-1] = known[-1][0], max(end, known[-1][1])
        else:
            known.append((start, end))
    return joined


def of_chunks(pipeline: Pipeline) -> dict[str, list[tuple[int, int]]]:
    chunks = pipeline.values("raw", "raw_chunk")
    return ranges(
        [(each["incarnation"].hex(), each["offset"], each["offset"] + len(each["payload"])) for each in chunks]
    )


def of_entries(entries: list[dict[str, Any]]) -> dict[str, list[tuple[int, int]]]:
    return ranges([(each["incarnation"], each["start"], each["end"]) for each in entries])


def entries(pipeline: Pipeline, stage: str, outcome: str = "") -> list[dict[str, Any]]:
    found = pipeline.values("ledger", "ledger_entry")
    return [each for each in found if each["stage"] == stage and (not outcome or outcome in each["outcomes"])]


def test_entries_of_killed_producers_and_workers_are_together_what_kafka_has(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline(producer={"checkpoint_interval_secs": 0.2, "drain_secs": 0.0, "ledger_interval_secs": 0.3})
    pods = [Pod(pipeline.node, name) for name in ("app-0", "app-1")]
    pipeline.start("stream")
    with Writing(pods, lines=20):
        for _ in range(KILLS):
            started(pipeline)
            time.sleep(1.0)
            for pod in pods:
                pod.rotate()
            pipeline.kill("produce")
        pipeline.kill("stream")
        started(pipeline)
        pipeline.start("stream")
        time.sleep(0.5)
    for pod in pods:
        pod.write(1)  # a rotated file ends when its successor has a line
    expect_all_read(pipeline, pods)
    assert pipeline.stop("produce", 30.0) == 0
    size = pipeline.topic_size("raw")
    pipeline.wait_until(
        lambda: told_offsets(pipeline), lambda found: len(found) >= size, "an entry for each chunk", 90.0
    )
    sent, there = of_entries(entries(pipeline, "producer", "sent")), of_chunks(pipeline)
    assert sent == there
    assert of_entries([each for each in entries(pipeline, "stream") if each["start"] < each["end"]]) == there
    assert holes(pipeline) == set()
    assert {(each["namespace"], each["container"]) for each in entries(pipeline, "stream")} == {("load", "app")}
    assert {each["pod"] for each in entries(pipeline, "producer", "sent")} == {"app-0", "app-1"}
    for pod in pods:
        pod.close()


def told_offsets(pipeline: Pipeline) -> Counter[tuple[int, int]]:
    """How often each place in logs.raw is accounted for."""
    return Counter((each["partition"], each["topic_offset"]) for each in entries(pipeline, "stream"))


def holes(pipeline: Pipeline) -> set[tuple[int, int]]:
    """Places in logs.raw below the last one of their partition that are not accounted for."""
    found = set(told_offsets(pipeline))
    last = {partition: max(at for each, at in found if each == partition) for partition, _ in found}
    return {(partition, at) for partition, end in last.items() for at in range(end)} - found
