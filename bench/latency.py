"""How long a line takes from being written to being found by a search, through the whole pipeline, under load.

::

    python -m bench.latency --rate 2000 --secs 60
    python -m bench.latency --rate 2000 --secs 60 --stopped-secs 300   # for so long in between, the archive is away

A container of its own (the probe) writes 40 of the lines, one at a time. Elasticsearch is asked 20 times a second which
of them it finds; the time of a line is that of the answer less that in the line, which the container's runtime wrote.
So the figures hold the refresh interval (1 s), and up to 0.05 s that belong to the asking. Where another sink is
stopped in between, they are given for before, meanwhile and after.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final, Self

import elastic_transport
from elasticsearch import ApiError, Elasticsearch

from bench.pipeline import Pipeline
from deploy.cli.output import print_json
from deploy.demo.cri import label
from deploy.demo.logfile import ContainerLog
from deploy.local.stack import Stack
from schemas.document_reader import nanos

PROBE_SECS: Final = 1 / 40
LOOK_SECS: Final = 0.05
WARM_UP_SECS: Final = 10.0
LATE_SECS: Final = 30.0
"""Lines may come this late after the last one was written."""
CONTAINERS: Final = 20


class Probe:
    """A container that writes a line 40 times a second, and the search for these lines."""

    def __init__(self, pipeline: Pipeline) -> None:
        log = pipeline.node / "var/log/pods/probe_p_uid-p/app/0.log"
        self._log = ContainerLog(log)
        link = pipeline.node / f"var/log/containers/p_probe_app-{'0' * 64}.log"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(log)
        self._client = Elasticsearch(pipeline.url)
        self._index = f"{pipeline.index}-*"
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._write, self._look)]
        self._newest = 0
        self.written = 0
        self.found: dict[int, float] = {}
        """When each line was written, in nanoseconds since 1970, and how many seconds later it was found."""

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._log.close(time.time_ns())

    def _write(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            line = f'{{"level":"info","msg":"probe {self.written}"}}'.encode()
            self._log.write_pieces([(label("stdout"), line)], time.time_ns())
            self.written += 1
            due += PROBE_SECS
            time.sleep(max(0.0, due - time.monotonic()))

    def _look(self) -> None:
        until = float("inf")
        while time.monotonic() < until and (until == float("inf") or len(self.found) < self.written):
            if self._stop.is_set():
                until = min(until, time.monotonic() + LATE_SECS)
            self._ask()
            time.sleep(LOOK_SECS)

    def _ask(self) -> None:
        """Ask for the newest lines that were not there before."""
        query = {
            "bool": {
                "filter": [
                    {"term": {"kubernetes.namespace_name": "probe"}},
                    {"range": {"@timestamp": {"gte": self._newest // 1_000_000 - 10_000, "format": "epoch_millis"}}},
                ]
            }
        }
        try:
            answer = self._client.search(index=self._index, query=query, size=2000, source_includes=["@timestamp"])
        except (ApiError, elastic_transport.TransportError):  # no index yet, or its shard is about to be there
            return
        now = time.time_ns()
        for hit in answer["hits"]["hits"]:
            written = nanos(hit["_source"]["@timestamp"])
            self.found.setdefault(written, (now - written) / 1e9)
            self._newest = max(self._newest, written)


def run(pipeline: Pipeline, *, rate: float, secs: float, stopped_secs: float) -> dict[str, Any]:
    """Write, look, and say how long it took in each phase."""
    pipeline.start()
    lengths = {"before": secs, "archive away": stopped_secs, "after": secs} if stopped_secs else {"all": secs}
    marks: dict[str, tuple[int, int]] = {}
    with Load(pipeline, rate), Probe(pipeline) as probe:
        time.sleep(WARM_UP_SECS)
        for phase, length in lengths.items():
            if phase == "archive away":
                pipeline.stop("archive")
            elif phase == "after":
                pipeline.start("archive")
            begun = time.time_ns()
            time.sleep(length)
            marks[phase] = begun, time.time_ns()
    return {
        "lines_per_sec": rate,
        "probe_lines": probe.written,
        "never_found": probe.written - len(probe.found),
        "phases": {
            phase: quantiles([late for at, late in probe.found.items() if begun <= at < ended])
            for phase, (begun, ended) in marks.items()
        },
    }


class Load:
    """Other containers that write meanwhile, as a process of its own."""

    def __init__(self, pipeline: Pipeline, rate: float) -> None:
        files = ["--root", str(pipeline.node), "--files", str(CONTAINERS), "--node", "node-1"]
        amount = ["--rate", str(rate), "--lines", str(1_000_000_000)]
        self._command = [sys.executable, "-m", "deploy.demo.load", *files, *amount]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)


def quantiles(secs: list[float]) -> dict[str, float]:
    """Of delays: how many, and p50, p90, p99 and max in seconds."""
    ordered = sorted(secs) or [float("nan")]
    places = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    found = {f"{name}_secs": round(ordered[int(at * (len(ordered) - 1))], 3) for name, at in places.items()}
    return {"lines": len(secs), **found}


def main() -> None:
    """By command line; prints JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description="From line written to line found.")
    parser.add_argument("--rate", type=float, default=2000.0, help="lines a second, all containers together")
    parser.add_argument("--secs", type=float, default=60.0, help="length of each phase")
    parser.add_argument("--stopped-secs", type=float, default=0.0, help="how long the archive is away in between")
    parser.add_argument("--folder", type=Path, help="where files and the servers' data go; removed afterwards")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="logferry-latency-", dir=asked.folder))
    place.chmod(0o755)
    try:
        with Stack(place / "servers") as stack:
            where, name = stack.endpoints, f"latency{os.getpid()}"
            changes: dict[str, Any] = {"stream": {"pod_wait_secs": 0}}
            with Pipeline(
                place / "pipeline", name, where.bootstrap_servers, where.elasticsearch_url, **changes
            ) as pipeline:
                print_json(run(pipeline, rate=asked.rate, secs=asked.secs, stopped_secs=asked.stopped_secs))
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
