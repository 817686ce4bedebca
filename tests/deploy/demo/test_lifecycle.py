"""Init containers, sidecars and Jobs under the container runtime, with real processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.backoff import BackoffLimits
from deploy.demo.pods import ContainerSpec, EmptyDir, FieldRef, Mount, PodSpec
from deploy.demo.runtime import ContainerRuntime, RuntimeLimits
from tests.deploy.demo.processes import is_alive
from tests.deploy.demo.reading import CriLine, everything, parse

LIMITS = RuntimeLimits(backoff=BackoffLimits(initial_secs=1000), grace_secs=10)
UNTIL_ASKED = """
import signal, sys, time
def bye(*_):
    print("bye", flush=True)
    sys.exit()
signal.signal(15, bye)
print("hello", flush=True)
while True:
    time.sleep(0.05)
"""


def container(name: str, script: str, role: str = "main", **more: Any) -> ContainerSpec:
    return ContainerSpec(name, ("python", "-c", script), "logferry", role=role, **more)  # type: ignore[arg-type]


class Node:
    """A runtime, until the test ends."""

    def __init__(self, root: Path, pod: PodSpec, **more: Any) -> None:
        self.root = root
        self.runtime = ContainerRuntime(root, "node-1", lambda _pod: None, LIMITS, **more)
        self.runtime.start(pod)
        self._stopped = False

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, "nothing happened within 30 s"
            self.runtime.sync(time.time())
            time.sleep(0.01)

    def lines(self, name: str) -> list[CriLine]:
        files = self.root.glob(f"var/log/pods/*/{name}/*.log")
        return parse(b"".join(everything(path) for path in sorted(files)))

    def said(self, name: str) -> list[bytes]:
        return [line.content for line in self.lines(name)]

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self.runtime.stop()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Node]]:
    made: list[Node] = []

    def start(*containers: ContainerSpec, environ: dict[str, str] | None = None, **more: Any) -> Node:
        made.append(Node(tmp_path, PodSpec("dev", "p", containers, **more), environ=environ))
        return made[-1]

    yield start
    for node in made:
        node.stop()


def test_an_init_container_ends_before_the_others_start_and_a_sidecar_ends_after_them(run: Callable[..., Node]) -> None:
    slow = UNTIL_ASKED.replace('print("bye"', 'time.sleep(0.3); print("bye"')
    node = run(
        container("init", "import time; time.sleep(0.2); print('ready')", "init"),
        container("side", UNTIL_ASKED, "sidecar"),
        container("app", slow),
    )
    node.until(lambda: node.said("app"))
    node.stop()
    assert [node.said(name) for name in ("init", "side", "app")] == [[b"ready"], [b"hello", b"bye"], [b"hello", b"bye"]]
    (ready,) = node.lines("init")
    (begun, ended), (app_begun, app_ended) = node.lines("side"), node.lines("app")
    assert ready.time < begun.time
    assert ready.time < app_begun.time
    assert app_ended.time < ended.time


def test_a_job_takes_its_sidecars_with_it_the_last_one_first_and_nothing_starts_again(run: Callable[..., Node]) -> None:
    work = container("work", "import time; time.sleep(0.5); print('done')")
    sidecars = (container("first", UNTIL_ASKED, "sidecar"), container("second", UNTIL_ASKED, "sidecar"))
    node = run(*sidecars, work, restart_policy="OnFailure")
    node.until(lambda: node.said("work") and not node.runtime.processes)
    node.runtime.sync(time.time() + 10_000)
    assert not node.runtime.processes
    assert [node.said(name) for name in ("work", "first", "second")] == [[b"done"], *([[b"hello", b"bye"]] * 2)]
    assert node.lines("second")[-1].time < node.lines("first")[-1].time


def test_a_sidecar_that_will_not_end_is_killed_when_its_jobs_grace_is_over(run: Callable[..., Node]) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(1000)"
    first = container("side", deaf, "sidecar")
    ready = "import pathlib, time\nwhile not any(pathlib.Path('/data').iterdir()): time.sleep(0.01)"
    mount = (Mount("data", "/data"),)
    mark = container("mark", f"open('/data/x', 'w').close()\n{UNTIL_ASKED}", "sidecar", mounts=mount)
    work = container("work", ready, mounts=mount)
    node = run(first, mark, work, restart_policy="Never", grace_secs=0.2, volumes={"data": EmptyDir()})
    node.until(lambda: node.said("side") and not node.runtime.processes)
    assert node.said("side") == [b"deaf"]


def test_the_pods_grace_goes_before_the_runtimes(run: Callable[..., Node]) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(1000)"
    node = run(container("app", deaf), grace_secs=0.2)
    node.until(lambda: node.said("app"))
    began = time.monotonic()
    node.stop()
    assert time.monotonic() - began < 5


def test_a_container_gets_the_variables_of_its_manifest_and_those_for_all(run: Callable[..., Node]) -> None:
    tell = "import os; print(*(os.environ.get(n) for n in ('A', 'UID', 'B', 'POD_NAME', 'HOSTNAME')), flush=True)"
    spec = container("app", tell, env={"A": "own", "B": "own", "UID": FieldRef("metadata.uid")})
    node = run(spec, environ={"B": "for all"})
    node.until(lambda: node.said("app"))
    uid = node.runtime.register.uid(PodSpec("dev", "p", ()))
    assert node.said("app") == [f"own {uid} for all None p".encode()]


def test_an_init_container_that_fails_is_tried_again_and_holds_up_the_others(tmp_path: Path) -> None:
    limits = replace(LIMITS, backoff=BackoffLimits(initial_secs=0.01))
    count = "import pathlib, sys\nf = pathlib.Path('/d/n')\nn = len(f.read_text()) if f.exists() else 0\n"
    script = count + "f.write_text('x' * (n + 1))\nprint(n)\nsys.exit(n < 2)"
    init = container("init", script, "init", mounts=(Mount("d", "/d"),))
    pod = PodSpec("dev", "p", (init, container("app", UNTIL_ASKED)), volumes={"d": EmptyDir()})
    runtime = ContainerRuntime(tmp_path, "node-1", lambda _pod: None, limits)
    runtime.start(pod)
    end = time.monotonic() + 30
    while not any("app" in name for name in runtime.processes):
        assert time.monotonic() < end
        runtime.sync(time.time())
        time.sleep(0.01)
    runtime.stop()
    assert [life.restart for life in runtime.register.lives(pod, "init")][-1] == 2


def test_a_program_that_knows_nothing_of_the_demo_dies_with_a_runtime_that_is_killed(tmp_path: Path) -> None:
    script = f"""
import pathlib, time
from deploy.demo.pods import ContainerSpec, PodSpec
from deploy.demo.runtime import ContainerRuntime
wait = ContainerSpec("c", ("python", "-c", "import time; time.sleep(1000)"), "logferry")
runtime = ContainerRuntime(pathlib.Path({str(tmp_path)!r}), "node-1", lambda _pod: None)
runtime.start(PodSpec("dev", "p", (wait,)))
runtime.sync(time.time())
print(*runtime.processes.values(), flush=True)
time.sleep(1000)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as runtime:
        assert runtime.stdout
        pid = int(runtime.stdout.readline())
        assert is_alive(pid)
        runtime.kill()
    end = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < end
        time.sleep(0.01)
