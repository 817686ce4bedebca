"""Several worker processes of one stage under one parent, as ``logferry stream --workers N`` runs them.

Python uses one core a process, so a machine's share of the work is done by as many processes as cores are to be used.
Each is a member of the consumer group like any other worker. The parent holds no connection: it starts a worker again
that ended by itself, at first at once and then ever later, passes on SIGTERM, and ends when all have ended. Killed, it
takes them with it (`runtime.parent`). Its own endpoint speaks for all of them (`runtime.workers_endpoint`).
"""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runtime.backoff import Backoff
from runtime.parent import end_with
from schemas.errors import FatalError

_log = logging.getLogger(__name__)

RESTARTS: Final = Backoff(0.5, 30.0)
STOP_SECS: Final = 30.0
"""How long workers may take to end before they are killed."""
LOOK_SECS: Final = 0.2
HEALTHY_SECS: Final = 60.0
"""A worker that ran so long begins anew with its delays."""
FAILURES_MAX: Final = 5
"""So many ends in a row, each soon after the start, are no accident."""


@dataclass
class Worker:
    """One process, and how often it failed."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    next_start: float = 0.0


def run_workers(
    workers: Sequence[Worker],
    command: Sequence[str],
    environment: Callable[[int], Mapping[str, str]],
    stop: threading.Event,
    beat: Callable[[], object] = lambda: None,
) -> None:
    """Run until ``stop`` is set. ``environment`` of each worker is by its number; ``beat`` is called every round.

    Raises FatalError when a worker ends again and again.
    """
    try:
        while not stop.is_set():
            beat()
            for worker in workers:
                _look_after(worker, command, environment)
            stop.wait(LOOK_SECS)
    finally:
        _stop(workers)


def _look_after(worker: Worker, command: Sequence[str], environment: Callable[[int], Mapping[str, str]]) -> None:
    now = time.monotonic()
    process = worker.process
    if process is not None and process.poll() is not None:
        worker.process = None
        worker.failures = 1 if now - worker.started_at > HEALTHY_SECS else worker.failures + 1
        if worker.failures >= FAILURES_MAX:
            raise FatalError(
                f"worker {worker.number} ended {worker.failures} times in a row, last with status {process.returncode}",
                remedy="look at what it logged; without --workers it shows its error alone",
            )
        delay = RESTARTS.delay(worker.failures, random.random())  # noqa: S311 - spreads starts, guards nothing
        worker.next_start = now + delay
        _log.warning("worker %d ended with status %d; again in %.1f s", worker.number, process.returncode, delay)
    if worker.process is None and now >= worker.next_start:
        worker.process = subprocess.Popen(
            command,
            env={**os.environ, **environment(worker.number)},
            preexec_fn=end_with(os.getpid()),  # one system call, prepared before the fork
        )
        worker.started_at = now


def _stop(workers: Sequence[Worker]) -> None:
    running = [worker.process for worker in workers if worker.process is not None]
    for process in running:
        process.send_signal(signal.SIGTERM)
    until = time.monotonic() + STOP_SECS
    for process in running:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            _log.warning("worker with pid %d did not end and is killed", process.pid)
            process.kill()
            process.wait()
