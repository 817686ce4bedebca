"""Stages are started, noticed when they end, started again, and never outlive their supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.demo.backoff import BackoffLimits
from deploy.up.child import Folder, Stage
from deploy.up.supervisor import Slot, State, Supervisor

REPOSITORY = Path(__file__).parents[3]
SOON_SECS = 30.0
NOWHERE = "kafka: {bootstrap_servers: '127.0.0.1:1'}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "logferry.yaml"
    inputs = f"inputs: {{none: {{type: container_files, path: '{tmp_path}/none/*.log'}}}}\n"
    path.write_text(f"{NOWHERE}{inputs}producer: {{state_folder: '{tmp_path}/state'}}\n")
    return path


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def make(*stages: Stage, on_end: Callable[[Slot], None] = lambda _slot: None) -> Supervisor:
        limits = BackoffLimits(initial_secs=5.0, max_secs=30.0, reset_secs=60.0)
        made.append(Supervisor(stages, Folder(tmp_path), dict(os.environ), on_end, limits))
        return made[-1]

    yield make
    for each in made:
        each.kill()


def _until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + SOON_SECS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _pid(slot: Slot) -> int:
    assert slot.pid is not None
    return slot.pid


def test_a_killed_stage_starts_again_at_once_and_then_with_growing_delays(
    supervise: Callable[..., Supervisor], config: Path
) -> None:
    supervisor = supervise(Stage("produce", ("produce", "--config", str(config))))
    slot = supervisor.slots["produce"]
    supervisor.tick(0.0)
    for restarts, due_at in enumerate((1.0, 6.0, 11.0), start=1):
        os.kill(_pid(slot), signal.SIGKILL)
        _until(lambda: supervisor.tick(1.0))
        assert (slot.state, slot.last_exit) == (State.STARTING if due_at == 1.0 else State.WAITING, -9)
        assert (slot.restarts, slot.due_at) == (restarts, due_at)
        supervisor.tick(due_at)
        assert slot.pid is not None


def test_wrong_settings_are_not_tried_again(supervise: Callable[..., Supervisor], config: Path, tmp_path: Path) -> None:
    supervisor = supervise(Stage("sink nope", ("sink", "nope", "--config", str(config))))
    supervisor.tick(0.0)
    _until(lambda: supervisor.tick(1.0))
    slot = supervisor.slots["sink nope"]
    assert (slot.state, slot.last_exit, slot.restarts) == (State.FAILED, 2, 0)
    supervisor.tick(1e9)
    assert slot.pid is None
    assert "there is no sink 'nope'" in (tmp_path / "logs" / "sink-nope.log").read_text()


def test_a_stage_that_is_asked_ends_and_leaves_its_figures(
    supervise: Callable[..., Supervisor], config: Path, tmp_path: Path
) -> None:
    left: list[str] = []
    folder = Folder(tmp_path)
    stage = Stage("produce", ("produce", "--config", str(config)))
    supervisor = supervise(stage, on_end=lambda slot: left.append(folder.snapshot(slot.stage).read_text()))
    supervisor.tick(0.0)
    _until(lambda: "metrics at" in folder.log(stage).read_text())
    supervisor.ask(["produce"])
    assert supervisor.wait(["produce"], SOON_SECS) == []
    assert "logferry_producer_read_lines_total" in left[0]
    supervisor.tick(1e9)
    assert supervisor.slots["produce"].state is State.STOPPED


def test_a_stage_is_in_a_session_of_its_own(supervise: Callable[..., Supervisor], config: Path) -> None:
    supervisor = supervise(Stage("produce", ("produce", "--config", str(config))))
    supervisor.tick(0.0)
    pid = _pid(supervisor.slots["produce"])
    assert os.getsid(pid) == pid


def test_an_answer_of_an_earlier_process_does_not_make_a_stage_run(
    supervise: Callable[..., Supervisor], config: Path
) -> None:
    supervisor = supervise(Stage("produce", ("produce", "--config", str(config))))
    supervisor.tick(0.0)
    supervisor.answered("produce", 7)
    assert supervisor.slots["produce"].state is State.STARTING
    supervisor.answered("produce", 0)
    assert supervisor.slots["produce"].state is State.RUNNING


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG")
def test_stages_end_with_a_killed_supervisor(config: Path, tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path; from deploy.up.child import *\n"
        f"child = spawn(Stage('produce', ('produce', '--config', {str(config)!r})), Folder(Path({str(tmp_path)!r})),"
        " os.environ, 0)\n"
        "print(child.pid, flush=True); time.sleep(1000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
    _until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
