"""Who owns a stack, and what happens when the owner dies: shown with a real broker and real killed processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import deploy
from deploy.local.endpoints import find_endpoints
from deploy.local.processes import is_alive
from deploy.local.progress import Progress, Step
from deploy.local.stack import Stack
from deploy.local.state import read_running
from deploy.local.users import make_folder, server_user
from schemas.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER = """
import sys, time
from pathlib import Path
from deploy.local.stack import Stack

stack = Stack(Path(sys.argv[1]), servers=("kafka",))
stack.start(detached=sys.argv[2] == "detached")
print(stack.pid("kafka") or 0, flush=True)
if sys.argv[2] == "attached":
    time.sleep(600)
"""


@pytest.fixture
def data(open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = open_folder / request.node.name
    yield folder
    if find_endpoints(folder):
        stack = Stack(folder, servers=("kafka",))
        stack.start()
        stack.stop()


def start_owner(data: Path, how: str) -> subprocess.Popen[str]:
    owner = subprocess.Popen(
        (sys.executable, "-c", OWNER, str(data), how),
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(deploy.__file__).parent.parent,
    )
    assert owner.stdout
    assert owner.stdout.readline().strip()
    owner.stdout.close()
    return owner


def guard_of(owner: int) -> int:
    for stat in Path("/proc").glob("[0-9]*/cmdline"):
        words = stat.read_bytes().split(b"\0")
        if b"deploy.local.guard" in words and str(owner).encode() in words:
            return int(stat.parent.name)
    raise AssertionError("no guard")


def wait_until_gone(data: Path) -> None:
    deadline = time.monotonic() + 30
    while find_endpoints(data) and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_killed_owner_leaves_nothing_running(data: Path) -> None:
    owner = start_owner(data, "attached")
    kafka = read_running(data / "running.json").servers["kafka"]
    assert is_alive(kafka)

    owner.kill()
    owner.wait()
    wait_until_gone(data)

    assert not is_alive(kafka)


def test_a_start_right_after_the_owner_was_killed_waits_for_the_former_servers(data: Path) -> None:
    owner = start_owner(data, "attached")
    before = find_endpoints(data)
    owner.kill()
    owner.wait()

    with Stack(data, servers=("kafka",)) as stack:
        assert stack.is_alive("kafka")
        assert stack.endpoints == before


def test_another_process_is_refused_while_the_owner_lives(data: Path) -> None:
    owner = start_owner(data, "attached")

    with pytest.raises(FatalError, match=f"started by process {owner.pid}.*"):
        Stack(data).start()

    owner.send_signal(signal.SIGINT)
    owner.wait()
    wait_until_gone(data)


def test_servers_that_were_left_running_are_adopted(data: Path) -> None:
    owner = start_owner(data, "detached")
    assert owner.wait() == 0
    process = read_running(data / "running.json").servers["kafka"]
    seen: list[Progress] = []

    stack = Stack(data, servers=("kafka",))
    stack.start(seen.append)
    adopted = stack.pid("kafka")
    stack.stop()

    assert adopted == process.pid
    assert [progress.step for progress in seen] == [Step.READY]
    assert not is_alive(process)


def test_servers_whose_owner_and_guard_were_killed_are_adopted(data: Path) -> None:
    owner = start_owner(data, "attached")
    process = read_running(data / "running.json").servers["kafka"]
    os.kill(guard_of(owner.pid), signal.SIGKILL)
    owner.kill()
    owner.wait()

    with Stack(data, servers=("kafka",)) as stack:
        assert stack.pid("kafka") == process.pid


def test_a_process_that_merely_has_the_pid_is_not_touched(data: Path) -> None:
    stack = Stack(data, servers=("kafka",))
    stack.start()
    stack.stop()
    with subprocess.Popen(("sleep", "300")) as bystander:
        stale = {"pid": bystander.pid, "started": "another boot 1"}
        (data / "running.json").write_text(json.dumps({"owner": stale, "servers": {"kafka": stale}}))

        with stack:
            assert stack.pid("kafka") != bystander.pid

        assert bystander.poll() is None
        bystander.kill()


def test_a_first_start_that_was_killed_half_way_does_not_spoil_the_next(data: Path) -> None:
    for leftover in ("elasticsearch/config/elasticsearch.keystore.tmp", "kafka/log/bootstrap.checkpoint"):
        make_folder((data / leftover).parent, server_user())
        (data / leftover).write_bytes(b"")

    with Stack(data) as stack:
        assert stack.is_alive("elasticsearch")
        assert stack.is_alive("kafka")


def test_a_failed_start_names_the_server_and_shows_its_last_lines(data: Path) -> None:
    stack = Stack(data, servers=("kafka",))
    with stack:
        pass
    meta = data / "kafka" / "log" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=7"))

    with pytest.raises(FatalError) as failure:
        stack.start()

    assert "kafka stopped while starting (exit status 1)" in str(failure.value)
    assert str(data / "logs" / "kafka.log") in str(failure.value)
    assert "configured node id matches" in str(failure.value)
    assert find_endpoints(data) is None
