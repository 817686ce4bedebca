"""Whether an hour of steady load leaves memory and delay as they were.

::

    python -m bench.endurance --rate 3000 --secs 3600 > endurance.jsonl

All four stages run for real while twenty containers write (`bench.latency` finds the lines of one more, 40 a second, by
search). Each minute is a JSON line: delay from written to found, resident memory and CPU seconds of each stage. The
last line judges: the medians of the first and last quarter behind the warm-up, and how memory leans over all of it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import psutil

from bench.latency import Load, Probe, quantiles
from bench.pipeline import STAGES, Pipeline
from deploy.cli.output import print_json
from deploy.local.stack import Stack

MINUTE_SECS: Final = 60.0
LATE_SECS: Final = 10.0
"""A minute is judged so much later, for its last lines are not found at once."""
WARM_UP_MINUTES: Final = 5
MIB: Final = 1024 * 1024
SETTINGS: Final[dict[str, Any]] = {
    "stream": {"pod_wait_secs": 0},
    "sinks": {"archive": {"object_max_age_secs": 60}},
}


def minutes(pipeline: Pipeline, rate: float, secs: float) -> Iterator[dict[str, Any]]:
    """Run everything; a row for each minute."""
    pipeline.start()
    with Load(pipeline, rate), Probe(pipeline) as probe:
        started, last = time.monotonic(), _Moment(pipeline, probe)
        for minute in range(int(secs / MINUTE_SECS)):
            _sleep_until(started + (minute + 1) * MINUTE_SECS)
            now = _Moment(pipeline, probe)
            rss = _rss_mb(pipeline)
            time.sleep(LATE_SECS)
            found = [late for at, late in list(probe.found.items()) if last.at <= at < now.at]
            cpu = {stage: round(secs - last.cpu_secs[stage], 2) for stage, secs in now.cpu_secs.items()}
            delays = {"probe_lines": now.written - last.written, **quantiles(found)}
            yield {"minute": minute + 1, **delays, "rss_mb": rss, "cpu_secs": cpu}
            last = now


class _Moment:
    """What is known between two minutes."""

    def __init__(self, pipeline: Pipeline, probe: Probe) -> None:
        self.at, self.written = time.time_ns(), probe.written
        self.cpu_secs = _cpu_secs(pipeline)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _rss_mb(pipeline: Pipeline) -> dict[str, float]:
    sizes = {stage: sum(each.memory_info().rss for each in _tree(pipeline.processes[stage].pid)) for stage in STAGES}
    return {stage: round(size / MIB, 1) for stage, size in sizes.items()}


def _cpu_secs(pipeline: Pipeline) -> dict[str, float]:
    times = {stage: [each.cpu_times() for each in _tree(pipeline.processes[stage].pid)] for stage in STAGES}
    return {stage: sum(each.user + each.system for each in found) for stage, found in times.items()}


def verdict(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """First against last quarter, and the lean of memory, of the minutes behind the warm-up."""
    steady = rows[WARM_UP_MINUTES:] if len(rows) > 2 * WARM_UP_MINUTES else rows
    quarter = max(1, len(steady) // 4)
    parts = {"first_quarter": steady[:quarter], "last_quarter": steady[-quarter:]}
    return {
        "minutes": len(steady),
        **{
            name: {
                "p50_secs": _median(part, "p50_secs"),
                "p99_secs": _median(part, "p99_secs"),
                "rss_mb": {
                    stage: round(statistics.median(row["rss_mb"][stage] for row in part), 1) for stage in STAGES
                },
            }
            for name, part in parts.items()
        },
        "rss_mb_per_hour": {stage: _lean([row["rss_mb"][stage] for row in steady]) for stage in STAGES},
        "cpu_secs_per_minute": {
            stage: round(statistics.mean(row["cpu_secs"][stage] for row in steady), 2) for stage in STAGES
        },
    }


def _median(rows: Sequence[dict[str, Any]], name: str) -> float:
    return round(float(statistics.median(row[name] for row in rows)), 3)


def _lean(values: Sequence[float]) -> float:
    """What a straight line through values of each minute gains in an hour."""
    if len(values) < 2:
        return 0.0
    slope: float = statistics.linear_regression(range(len(values)), values).slope
    return round(slope * 60, 1)


def main() -> None:
    """By command line; prints a JSON object a line."""
    parser = argparse.ArgumentParser(prog="python -m bench.endurance", description="An hour of steady load.")
    parser.add_argument("--rate", type=float, default=3000.0, help="lines a second, all containers together")
    parser.add_argument("--secs", type=float, default=3600.0)
    parser.add_argument("--folder", type=Path, help="where files and the servers' data go; removed afterwards")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="logferry-endurance-", dir=asked.folder))
    place.chmod(0o755)
    rows: list[dict[str, Any]] = []
    try:
        with Stack(place / "servers") as stack:
            where, name = stack.endpoints, f"endurance{os.getpid()}"
            with Pipeline(
                place / "pipeline", name, where.bootstrap_servers, where.elasticsearch_url, **SETTINGS
            ) as pipeline:
                for row in minutes(pipeline, asked.rate, asked.secs):
                    rows.append(row)
                    _say(row)
                _say(verdict(rows))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _say(row: dict[str, Any]) -> None:
    print_json(row)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
