"""Measuring a stage process: CPU seconds, wall seconds and peak memory between two moments.

The clock starts when the stage's metrics endpoint answers, so importing packages is not counted, and stops when its own
counters say that all is done.
"""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from prometheus_client.parser import text_string_to_metric_families

from schemas.errors import FatalError

POLL_SECS = 0.02


@dataclass(frozen=True)
class Figures:
    """One row of the table."""

    task: str
    lines: int
    wall_secs: float
    cpu_secs: float
    peak_rss_mb: float

    def as_row(self) -> dict[str, Any]:
        """The row with what follows from it, rounded."""
        row = asdict(self) | {
            "cpu_secs_per_million": self.cpu_secs / self.lines * 1e6,
            "lines_per_sec": round(self.lines / self.wall_secs),
        }
        order = ("task", "lines", "wall_secs", "cpu_secs", "cpu_secs_per_million", "lines_per_sec", "peak_rss_mb")
        return {name: round(row[name], 3) if isinstance(row[name], float) else row[name] for name in order}


def scrape(port: int) -> dict[str, float]:
    """Every metric of a stage, summed over its labels, and ``up``; empty while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    totals = {"up": 1.0}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            totals[sample.name] = totals.get(sample.name, 0.0) + sample.value
    return totals


class Stopwatch:
    """Watches one process."""

    def __init__(self, pid: int, port: int, timeout_secs: float = 600.0) -> None:
        self._process = psutil.Process(pid)
        self._port = port
        self._until = time.monotonic() + timeout_secs
        self._wait(lambda figures: bool(figures))
        self._started = time.perf_counter()
        self._cpu = self._cpu_secs()

    def stop(self, task: str, lines: int, done: Callable[[dict[str, float]], bool]) -> Figures:
        """Wait until the stage's counters satisfy ``done``; raises FatalError when they never do."""
        self._wait(done)
        wall = time.perf_counter() - self._started
        return Figures(task, lines, wall, self._cpu_secs() - self._cpu, peak_rss_mb(self._process.pid))

    def _cpu_secs(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    def _wait(self, done: Callable[[dict[str, float]], bool]) -> None:
        figures = scrape(self._port)
        while not done(figures):
            if time.monotonic() > self._until or self._process.status() == psutil.STATUS_ZOMBIE:
                raise FatalError(f"the stage did not come to its end; its figures: {figures}")
            time.sleep(POLL_SECS)
            figures = scrape(self._port)


def peak_rss_mb(pid: int) -> float:
    """The most memory a process has had, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
