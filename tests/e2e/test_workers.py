"""``logferry stream --workers 2``: two workers under one parent that looks after them and ends with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from bench.pipeline import Pipeline
from tests.conftest import PipelineMaker

pytestmark = pytest.mark.timeout(120)

STOP_SECS = 15.0
START_SECS = 60.0


class Parent:
    """The parent process of two workers."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._log = (pipeline.folder / "workers.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "stream", "--workers", "2", "--config", str(pipeline.config)],
            stdout=self._log,
            stderr=self._log,
            env=os.environ | {"LOGFERRY_KAFKA__INSTANCE": "both"},
        )

    def workers(self) -> set[int]:
        """Process ids."""
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def end(self) -> None:
        """Kill what is left."""
        if self.process.poll() is None:
            for child in psutil.Process(self.process.pid).children():
                child.kill()
            self.process.kill()
            self.process.wait()
        self._log.close()


def until(good: Callable[[], Any], pipeline: Pipeline, secs: float = START_SECS) -> None:
    deadline = time.monotonic() + secs
    while not good():
        assert time.monotonic() < deadline, pipeline.tails()
        time.sleep(0.2)


@pytest.fixture
def pipeline(new_pipeline: PipelineMaker) -> Pipeline:
    return new_pipeline()


@pytest.fixture
def parent(pipeline: Pipeline) -> Iterator[Parent]:
    started = Parent(pipeline)
    yield started
    started.end()


def test_a_killed_worker_comes_back_and_all_end_with_their_parent(pipeline: Pipeline, parent: Parent) -> None:
    until(lambda: pipeline.log("workers").count("partitions assigned") >= 2, pipeline)
    first = parent.workers()
    victim = min(first)
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(parent.workers() - {victim}) == 2, pipeline, 20)
    assert f"ended with status -{int(signal.SIGKILL)}" in pipeline.log("workers")
    assert len(first & parent.workers()) == 1
    last = parent.workers()
    parent.process.send_signal(signal.SIGTERM)
    assert parent.process.wait(STOP_SECS) == 0
    assert [pid for pid in last if psutil.pid_exists(pid)] == []
