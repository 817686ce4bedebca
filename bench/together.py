"""Throughput of workers of one stage for as long as all of them are busy.

Starting, joining the consumer group and the last chunks of whoever has more to do are left out, and lines that a worker
had begun before another took its partition over count as often as they are worked on: what is measured is how much work
so many workers do in a second, to be compared with one that is measured in the same way.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psutil

from bench.measure import Figures, peak_rss_mb, scrape
from schemas.errors import FatalError

LOOK_SECS: Final = 0.05
QUIET_SECS: Final = 3.0
"""So long nobody has done anything: it is done."""
START_SECS: Final = 60.0


@dataclass(frozen=True)
class Sample:
    """Counters at one moment."""

    at: float
    cpu_secs: float
    counts: tuple[float, ...]
    """Of each worker."""


def measure(task: str, pid: int, ports: Sequence[int], metric: str) -> Figures:
    """Watch the workers under a process, or the one that it is itself, until their counters of ``metric`` rest.

    Raises FatalError when one of them gets nothing to do.
    """
    samples = [_sample(pid, ports, metric)]
    rest = time.monotonic() + START_SECS
    while time.monotonic() < rest:
        time.sleep(LOOK_SECS)
        sample = _sample(pid, ports, metric)
        if sample.counts != samples[-1].counts:
            rest = time.monotonic() + QUIET_SECS
        samples.append(sample)
    first, last = _all_busy(samples)
    memory = sum(peak_rss_mb(each.pid) for each in _workers(pid))
    lines = int(sum(last.counts) - sum(first.counts))
    return Figures(task, lines, last.at - first.at, last.cpu_secs - first.cpu_secs, memory)


def _all_busy(samples: Sequence[Sample]) -> tuple[Sample, Sample]:
    """The first moment at which all have begun, and the last before one of them is through."""
    final = samples[-1].counts
    begun = next((at for at, sample in enumerate(samples) if all(sample.counts)), len(samples))
    through = next(
        at for at, sample in enumerate(samples) if any(map(lambda now, end: now >= end, sample.counts, final))
    )
    if not all(final) or begun >= through:
        raise FatalError(
            f"the workers were never busy together; their counters: {final}", remedy="measure with more --lines"
        )
    return samples[begun], samples[through]


def _sample(pid: int, ports: Sequence[int], metric: str) -> Sample:
    counts = tuple(scrape(port).get(metric, 0.0) for port in ports)
    times = [each.cpu_times() for each in _workers(pid)]
    return Sample(time.perf_counter(), sum(each.user + each.system for each in times), counts)


def _workers(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return parent.children() or [parent]
