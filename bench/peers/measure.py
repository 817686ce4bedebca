"""CPU seconds and peak memory of a program with all its processes, beside how much has arrived.

The clock runs from the first arrival to the last, and the lines counted are those that arrived between: what a program
needs to start (a second of Python, a moment of Go) is no cost of a line, and is told apart. Arrivals are counted at
the destination, in the same way for every program, so none is trusted to say when it is through.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import psutil

from bench.measure import peak_rss_mb
from schemas.errors import FatalError

FIRST_SECS: Final = 180.0
"""Longest wait for the first arrival: a group waits for an ended session, a starved Elasticsearch makes its index."""
QUIET_SECS: Final = 20.0
"""So long nothing has arrived although something is missing: it has ended short."""
SETTLED_SECS: Final = 4.0
"""So long nothing has arrived where records hold many lines: it is through."""
GRACE_SECS: Final = 0.5
"""Looked at for so long after the last line, for what arrives twice."""


@dataclass(frozen=True)
class Sample:
    """What was seen at one moment."""

    at: float
    """Seconds of a clock that only rises."""
    cpu_secs: float
    peak_mb: float
    arrived: int


@dataclass(frozen=True)
class Span:
    """From the first arrival to the last."""

    share: float
    """Of all arrivals, those after the first that was seen."""
    wall_secs: float
    cpu_secs: float
    start_cpu_secs: float
    """Before the first arrival."""
    peak_mb: float


def span(samples: Sequence[Sample]) -> Span:
    """What samples say. Raises FatalError when all arrived between two of them: nothing can be said of so little."""
    final = samples[-1].arrived
    first = next((each for each in samples if each.arrived), samples[-1])
    last = next(each for each in samples if each.arrived == final)
    if first.arrived == final:
        raise FatalError(f"all {final} arrivals came at once", remedy="measure with more --lines")
    return Span(
        share=(final - first.arrived) / final,
        wall_secs=last.at - first.at,
        cpu_secs=last.cpu_secs - first.cpu_secs,
        start_cpu_secs=first.cpu_secs,
        peak_mb=max(each.peak_mb for each in samples),
    )


def watch(pid: int, arrived: Callable[[], int], expected: int | None, poll_secs: float) -> list[Sample]:
    """Look at a process tree until so much has arrived; None: until nothing more comes.

    Raises FatalError when the process ends by itself or nothing arrives.
    """
    samples = [_sample(pid, arrived)]
    changed = time.perf_counter()
    while not _is_over(samples[-1], expected, time.perf_counter() - changed):
        time.sleep(poll_secs)
        sample = _sample(pid, arrived)
        if sample.arrived != samples[-1].arrived:
            changed = sample.at
        samples.append(sample)
    return samples


def _is_over(sample: Sample, expected: int | None, quiet: float) -> bool:
    if sample.arrived == 0:
        if quiet > FIRST_SECS:
            raise FatalError(f"nothing arrived within {FIRST_SECS:.0f} s")
        return False
    if expected is None:
        return quiet > SETTLED_SECS
    return quiet > (GRACE_SECS if sample.arrived >= expected else QUIET_SECS)


def _sample(pid: int, arrived: Callable[[], int]) -> Sample:
    count = arrived()
    family = _family(pid)
    return Sample(time.perf_counter(), sum(map(_cpu_secs, family)), sum(map(_peak_mb, family)), count)


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        if parent.status() == psutil.STATUS_ZOMBIE:
            raise psutil.NoSuchProcess(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess as error:
        raise FatalError("the program has ended by itself") from error


def _cpu_secs(process: psutil.Process) -> float:
    """Of a process and of those of its children that have ended and were waited for."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _peak_mb(process: psutil.Process) -> float:
    try:
        return peak_rss_mb(process.pid)
    except OSError:
        return 0.0
