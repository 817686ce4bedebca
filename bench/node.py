"""What a producer costs a node that is quiet, and how late lines come on a quiet and on a flooded one.

::

    python -m bench.node idle                    # CPU of 1,000 and 10,000 quiet containers, with inotify and polling
    python -m bench.node latency                 # single lines at random moments: from write until Kafka gives them
    python -m bench.node flood --json            # the same while another container writes 200 MB/s

Each task runs ``logferry produce`` as a process of its own against a Kafka that is started for it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import psutil

from bench.arrivals import Delays, Flood, Node, write_now
from bench.measure import Stopwatch, scrape
from bench.pipeline import Pipeline
from bench.tasks import free_port
from deploy.cli.output import print_json, print_table
from deploy.demo.logfile import ContainerLog
from deploy.local.stack import Stack

SETTLE_SECS: Final = 20.0
"""Longer than a producer looks more often at what was written to or ended a moment ago."""

NO_SINK: Final = "http://localhost:9200"
"""Stands in the settings; nothing that connects to it is started."""

Row = dict[str, Any]
PipelineMaker = Callable[[str], Pipeline]
"""Makes a pipeline whose producer has this setting of `watch`."""


def quantiles(delays: list[float]) -> Row:
    """Milliseconds: half of the lines, 99 % of them, and all came no later."""
    cuts = statistics.quantiles(delays, n=100, method="inclusive")
    figures = {"p50_ms": cuts[49], "p99_ms": cuts[98], "max_ms": max(delays)}
    return {"lines": len(delays)} | {name: round(value * 1000) for name, value in figures.items()}


def _cpu_secs(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _idle(make: PipelineMaker, files: int, watch: str, secs: float) -> Row:
    with make(watch) as pipeline:
        size = Node(pipeline.node).quiet(files)
        port = _start(pipeline)
        pid = pipeline.processes["produce"].pid
        name = "logferry_producer_acknowledged_bytes_total"
        first = Stopwatch(pid, port).stop("idle", files, lambda figures: figures.get(name, 0) >= size)
        time.sleep(SETTLE_SECS)
        before, wakes = _cpu_secs(pid), psutil.Process(pid).num_ctx_switches().voluntary
        time.sleep(secs)
        used, woken = _cpu_secs(pid) - before, psutil.Process(pid).num_ctx_switches().voluntary - wakes
        rss = psutil.Process(pid).memory_info().rss / 1024 / 1024
        pipeline.stop("produce")
    return {
        "task": "idle", "files": files, "watch": watch, "start_cpu_secs": round(first.cpu_secs, 2),
        "secs": secs, "cpu_secs": round(used, 3), "cpu_percent": round(used / secs * 100, 2),
        "wakes_per_sec": round(woken / secs, 1), "rss_mb": round(rss, 1),
    }  # fmt: skip


def idle(make: PipelineMaker, asked: argparse.Namespace) -> Iterator[Row]:
    """CPU and memory of a producer on a node whose containers are silent."""
    for files in asked.files:
        for watch in asked.watch:
            yield _idle(make, files, watch, asked.secs)


def latency(make: PipelineMaker, asked: argparse.Namespace) -> Iterator[Row]:
    """Single lines at random moments in one of many containers, the others silent."""
    for watch in asked.watch:
        with make(watch) as pipeline:
            node = Node(pipeline.node)
            log = node.container()
            node.quiet(min(asked.files) - 1)
            delays, _ = _watched(pipeline, log)
            sent, until = 1, time.monotonic() + asked.secs
            while time.monotonic() < until:
                time.sleep(random.uniform(0.1, 1.5))
                write_now(log)
                sent += 1
            delays.wait_for(sent)
            delays.stop()
            pipeline.stop("produce")
            yield {"task": "latency", "watch": watch, **quantiles(delays.seen[1:])}


def flood(make: PipelineMaker, asked: argparse.Namespace) -> Iterator[Row]:
    """A line every half second in one container while another one writes FLOOD_BYTES_PER_SEC."""
    for watch in asked.watch:
        with make(watch) as pipeline:
            node = Node(pipeline.node)
            log, others = node.container(), [node.container() for _ in range(16)]
            delays, port = _watched(pipeline, log, *others)
            loud = next(each for each in others if delays.partition_of(each) != delays.partition_of(log))
            delays.only(delays.partition_of(log))
            yield {
                "task": "flood",
                "watch": watch,
                **_flooded(log, Flood(loud.path), delays, pipeline, port, asked.secs),
            }
            pipeline.kill("produce")


def _flooded(log: ContainerLog, writer: Flood, delays: Delays, pipeline: Pipeline, port: int, secs: float) -> Row:
    pid, first = pipeline.processes["produce"].pid, len(delays.seen)
    used, sent = -_cpu_secs(pid), first
    writer.start()
    while writer.secs < secs:
        time.sleep(0.5)
        write_now(log)
        sent += 1
    delays.wait_for(sent)
    writer.stop()
    used += _cpu_secs(pid)
    read = scrape(port)["logferry_producer_read_bytes_total"]
    delays.stop()
    return {
        **quantiles(delays.seen[first:]), "written_mb_per_sec": round(writer.written / writer.secs / 1e6),
        "read_mb_per_sec": round(read / writer.secs / 1e6), "cpu_secs": round(used, 2),
    }  # fmt: skip


def _watched(pipeline: Pipeline, *logs: ContainerLog) -> tuple[Delays, int]:
    """Start the producer and a reader, and wait until a line of each of these containers has come."""
    delays = Delays(pipeline)
    delays.start()
    for each in logs:
        write_now(each)
    port = _start(pipeline)
    delays.wait_for(len(logs))
    time.sleep(SETTLE_SECS)
    return delays, port


def _start(pipeline: Pipeline) -> int:
    """Start the producer; returns the port of its metrics."""
    port = free_port()
    pipeline.start("produce", metrics_port=port)
    return port


TASKS: Final[Mapping[str, Callable[[PipelineMaker, argparse.Namespace], Iterator[Row]]]] = {
    "idle": idle,
    "latency": latency,
    "flood": flood,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.node", description="Measure a producer on one node.")
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10_000], help="quiet containers")
    parser.add_argument("--watch", nargs="+", default=["auto", "poll"], choices=["auto", "poll"])
    parser.add_argument("--secs", type=float, default=60.0, help="how long is measured; default 60")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where files and Kafka's data go; removed afterwards")
    parser.add_argument("--json", action="store_true", help="answer in JSON, for machines")
    return parser.parse_args()


def _rows(asked: argparse.Namespace, place: Path) -> Iterator[Row]:
    made: list[str] = []

    def make(watch: str) -> Pipeline:
        made.append(f"node{os.getpid()}x{len(made)}")
        folder = place / made[-1]
        folder.mkdir()
        producer = {"watch": watch, "scan_interval_secs": 1.0}
        return Pipeline(folder, made[-1], stack.endpoints.bootstrap_servers, NO_SINK, producer=producer)

    with Stack(place / "servers", servers=("kafka",)) as stack:
        for _ in range(asked.repeat):
            yield from TASKS[asked.task](make, asked)


def main() -> None:
    """Measure by command line."""
    asked = _arguments()
    place = Path(tempfile.mkdtemp(prefix="logferry-bench-", dir=asked.folder))
    place.chmod(0o755)
    rows: list[Row] = []
    try:
        for row in _rows(asked, place):
            rows.append(row)
            if not asked.json:
                print_table([row])
                sys.stdout.flush()
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if asked.json:
        print_json(rows)


if __name__ == "__main__":
    main()
