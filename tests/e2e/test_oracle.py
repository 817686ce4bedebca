"""Every line exactly once, whatever happens: the oracle over real servers and real stage processes.

Each generated line carries its source, its sequence number and a checksum of itself.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.measure import peak_rss_mb
from bench.pipeline import STAGES, Pipeline
from deploy.demo.oracle import Oracle
from deploy.local.stack import Stack
from tests.conftest import PipelineMaker

pytestmark = pytest.mark.timeout(400)

LINES = 40_000


class Writer:
    """A load generator in a process of its own: rotated every second, lines cut by rotations, some of them long."""

    def __init__(self, pipeline: Pipeline, lines: int, rate: int, first: int = 0) -> None:
        self._answer = pipeline.folder / f"load-{first}.json"
        options = ["--files", "8", "--lines", str(lines), "--rate", str(rate), "--first", str(first)]
        rotation = ["--rotate-every", "1", "--keep", "1000", "--straddle", "--long-share", "0.001"]
        with self._answer.open("w") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.demo.load", "--root", str(pipeline.node), *options, *rotation],
                stdout=out,
            )

    def is_writing(self) -> bool:
        return self._process.poll() is None

    def oracle(self) -> Oracle:
        assert self._process.wait(120) == 0
        return Oracle.of(json.loads(self._answer.read_text()))


def expect_everything(pipeline: Pipeline, writer: Writer, lines: int = LINES) -> int:
    """Missing 0, extra 0, altered 0 in Elasticsearch and in the archive; returns how many doubles the archive holds."""
    search, archive = writer.oracle(), writer.oracle()
    pipeline.wait_for_documents(lines)
    pipeline.wait_until(pipeline.archived_count, lambda count: count >= lines, "archived records")
    for id_, document in pipeline.documents():
        search.feed(id_, document["log"])
    verdict = search.verdict()
    assert (verdict.is_clean, verdict.repeated, verdict.examples) == (True, 0, [])
    for id_, line in pipeline.archived():
        archive.feed(id_, line)
    verdict = archive.verdict()
    assert (verdict.is_clean, verdict.examples) == (True, [])
    assert pipeline.dead_letters() == []
    return verdict.repeated


def test_steady_load_with_rotation_every_second_arrives_once(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    pipeline.start()
    doubles = expect_everything(pipeline, Writer(pipeline, LINES, 10_000))
    assert doubles == 0
    assert [pipeline.stop(stage) for stage in STAGES] == [0, 0, 0, 0]


def test_every_stage_killed_at_random_moments_loses_and_doubles_nothing(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    pipeline.start()
    writer = Writer(pipeline, LINES, 4_000)
    chance = random.Random(20261121)
    while writer.is_writing() or min(pipeline.kills[stage] for stage in STAGES) < 2:
        time.sleep(chance.uniform(0.3, 1.2))
        stage = chance.choice(STAGES)
        pipeline.kill(stage)
        pipeline.start(stage)
    expect_everything(pipeline, writer)


def test_a_second_start_goes_on_where_the_first_ended(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    half = LINES // 2
    pipeline.start()
    first = Writer(pipeline, half, 20_000)
    first.oracle()
    pipeline.wait_for_documents(1)
    for stage in STAGES:
        assert pipeline.stop(stage) == 0
    second = Writer(pipeline, half, 20_000, first=half // 8)
    pipeline.start()
    search = second.oracle()
    pipeline.wait_for_documents(LINES)
    seen = list(pipeline.documents())
    assert len(seen) == len({id_ for id_, _ in seen}) == LINES
    for id_, document in seen:
        if json_or_klog_sequence(document["log"]) >= half // 8:
            search.feed(id_, document["log"])
    assert search.verdict().is_clean


def json_or_klog_sequence(line: str) -> int:
    """The sequence number that a generated line carries."""
    text = line.split('"seq":', 1)[1] if '"seq":' in line else line.split("seq=", 1)[1]
    return int("".join(character for character in text[:12].split(",")[0].split(" ")[0] if character.isdigit()))


def test_a_stopped_broker_delays_and_loses_nothing(new_pipeline: PipelineMaker, stack: Stack) -> None:
    pipeline = new_pipeline(producer={"memory_max_bytes": 4 * 1024 * 1024})
    pipeline.start()
    writer = Writer(pipeline, LINES, 4_000)
    pipeline.wait_for_documents(1)
    stack.stop_server("kafka")
    try:
        time.sleep(10)
        assert peak_rss_mb(pipeline.processes["produce"].pid) < 96
    finally:
        stack.start_server("kafka")
    expect_everything(pipeline, writer)


def test_elasticsearch_away_for_20_seconds_delays_and_loses_nothing(new_pipeline: PipelineMaker, stack: Stack) -> None:
    pipeline = new_pipeline()
    pipeline.start()
    writer = Writer(pipeline, LINES, 4_000)
    pipeline.wait_for_documents(1)
    stack.stop_server("elasticsearch")
    try:
        time.sleep(20)
    finally:
        stack.start_server("elasticsearch")
    expect_everything(pipeline, writer)
    assert "records wait for the destination" in Path(pipeline.folder / "search.log").read_text()
