"""Real processes under the container runtime: nothing that they wrote is lost."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deploy.demo.backoff import BackoffLimits
from deploy.demo.pods import ContainerSpec, EmptyDir, Mount, PodSpec
from deploy.demo.rotation import RotationLimits
from deploy.demo.runtime import ContainerRuntime, RuntimeLimits
from schemas.errors import TemporaryError
from tests.deploy.demo.processes import is_alive
from tests.deploy.demo.reading import CriLine, everything, parse, rejoin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ONCE = RuntimeLimits(backoff=BackoffLimits(initial_secs=1000), grace_secs=10)


def pod(script: str, *more: str) -> PodSpec:
    specs = [
        ContainerSpec(f"c{n}", ("python", "-c", text), "demo.example/c:1") for n, text in enumerate((script, *more))
    ]
    return PodSpec("dev", "p", tuple(specs), labels={"app": "p"})


class Node:
    """A runtime under test and what it published."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.published: list[dict[str, Any]] = []
        self.runtime: ContainerRuntime | None = None

    def start(self, spec: PodSpec, limits: RuntimeLimits = ONCE) -> ContainerRuntime:
        self.runtime = ContainerRuntime(self.root, "node-1", self.published.append, limits)
        self.runtime.start(spec)
        return self.runtime

    def stop(self) -> None:
        if self.runtime:
            self.runtime.stop()
            self.runtime = None

    def lines(self, restart: int = 0, container: str = "c0") -> list[CriLine]:
        (live,) = self.root.glob(f"var/log/pods/dev_p_*/{container}/{restart}.log")
        return parse(everything(live))

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "nothing happened within 20 s"
            assert self.runtime
            self.runtime.sync(time.time())
            time.sleep(0.01)

    def life_of(self, script: str) -> list[CriLine]:
        """Run a script once to its end and return the lines of that life."""
        self.start(pod(script))
        self.until(lambda: len(self.published) == 2)  # the restart after the first exit
        self.stop()
        return self.lines()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.stop()


def test_stdout_and_stderr_share_one_file(node: Node) -> None:
    lines = node.life_of("import sys; print('out'); print('err', file=sys.stderr)")
    assert sorted(line[1:] for line in lines) == [("stderr", "F", b"err"), ("stdout", "F", b"out")]


def test_a_line_of_100_kb_is_cut_and_can_be_rejoined(node: Node) -> None:
    lines = node.life_of("print('x' * 100_000); print('after')")
    assert [line.tag for line in lines] == ["P"] * 6 + ["F", "F"]
    assert rejoin(lines) == ([b"x" * 100_000, b"after"], b"")


def test_output_without_a_line_end_is_kept_as_a_partial_line(node: Node) -> None:
    lines = node.life_of("print('whole'); print('half', end='')")
    assert [(line.tag, line.content) for line in lines] == [("F", b"whole"), ("P", b"half")]


def test_nothing_is_lost_when_a_program_kills_itself(node: Node) -> None:
    script = "import os\nos.write(1, b''.join(b'%d\\n' % n for n in range(100_000)))\nos.kill(os.getpid(), 9)"
    whole, rest = rejoin(node.life_of(script))
    assert (whole, rest) == ([b"%d" % n for n in range(100_000)], b"")


def test_times_rise_from_line_to_line(node: Node) -> None:
    lines = node.life_of("import sys\nfor n in range(2000): print(n, file=(sys.stdout, sys.stderr)[n % 2])")
    padded = [line.time.removesuffix(b"Z").ljust(29, b"0") if b"." in line.time else line.time for line in lines]
    assert padded == sorted(set(padded))


def test_what_a_program_leaves_running_dies_with_its_container(node: Node) -> None:
    script = "import subprocess, sys; print(subprocess.Popen(['sleep', '1000']).pid)"
    left = int(node.life_of(script)[0].content)
    assert not is_alive(left)


def test_metadata_is_published_before_the_first_line_of_every_life(tmp_path: Path) -> None:
    seen: list[tuple[list[int], list[str]]] = []

    def publish(record: dict[str, Any]) -> None:
        files = sorted(path.name for path in tmp_path.glob("var/log/pods/**/*.log"))
        seen.append(([entry["restart"] for entry in record["containers"]], files))

    runtime = ContainerRuntime(tmp_path, "node-1", publish, ONCE)
    runtime.start(pod("print('hello')"))
    while len(seen) < 2:
        runtime.sync(time.time())
        time.sleep(0.01)
    runtime.stop()
    assert seen == [([0], []), ([0, 1], ["0.log"])]


def test_a_pod_waits_until_its_metadata_is_safe(tmp_path: Path) -> None:
    answers = [TemporaryError("Kafka is away", delay=5.0)]

    def publish(_record: dict[str, Any]) -> None:
        if answers:
            raise answers.pop()

    runtime = ContainerRuntime(tmp_path, "node-1", publish, ONCE)
    runtime.start(pod("import time; time.sleep(1000)"), now=100.0)
    runtime.sync(100.0)
    runtime.sync(104.9)
    assert not runtime.processes
    runtime.sync(105.0)
    assert list(runtime.processes) == ["dev/p/c0"]
    runtime.stop()
    assert [life.restart for life in runtime.register.lives(pod(""), "c0")] == [0]


def test_containers_of_a_pod_share_a_folder(node: Node) -> None:
    begin = "import pathlib, time\nf = pathlib.Path('/shared/f')\n"
    write = begin + "f.write_text('hello'); time.sleep(1000)"
    wait = "while not f.exists() or not f.read_text(): time.sleep(0.01)\n"
    read = begin + wait + "print(f.read_text(), flush=True); time.sleep(1000)"
    spec = pod(write, read)
    mounted = tuple(replace(each, mounts=(Mount("data", "/shared"),)) for each in spec.containers)
    node.start(replace(spec, containers=mounted, volumes={"data": EmptyDir()}))
    node.until(lambda: _size(node, "c1"))
    assert node.lines(container="c1")[0].content == b"hello"
    assert [entry["name"] for entry in node.published[0]["containers"]] == ["c0", "c1"]


def _size(node: Node, container: str) -> int:
    return sum(path.stat().st_size for path in node.root.glob(f"var/log/pods/*/{container}/*.log"))


def test_a_program_that_exits_is_started_again_after_its_back_off(tmp_path: Path) -> None:
    published: list[dict[str, Any]] = []
    runtime = ContainerRuntime(
        tmp_path, "node-1", published.append, RuntimeLimits(backoff=BackoffLimits(initial_secs=10))
    )
    runtime.start(pod("raise SystemExit(1)"), now=0.0)
    starts, now = list[float](), 0.0
    while len(starts) < 4:
        before = len(published)
        runtime.sync(now)
        if len(published) > before:
            starts.append(now)
            pid = next(iter(runtime.processes.values()))
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        now += 1.0
    runtime.stop()
    # Each death is noticed one pass later: at once, then 10 s and 20 s after that.
    assert starts == [0.0, 1.0, 12.0, 33.0]


def test_a_running_container_is_rotated_and_loses_nothing(node: Node) -> None:
    script = "import time\nfor n in range(300): print(n, flush=True); time.sleep(0.002)\ntime.sleep(1000)"
    rotation = RotationLimits(check_interval_secs=0.05, max_bytes=1, max_files=1000, unique_names=True)
    node.start(pod(script), RuntimeLimits(rotation=rotation))
    node.until(lambda: b" 299\n" in b"".join(everything(p) for p in node.root.glob("var/log/pods/*/c0/0.log")))
    assert rejoin(node.lines())[0] == [b"%d" % n for n in range(300)]
    assert len(list(node.root.rglob("0.log.*.gz"))) >= 2


def test_stop_ends_even_a_program_that_ignores_sigterm(node: Node) -> None:
    script = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(1000)"
    runtime = node.start(pod(script), RuntimeLimits(grace_secs=0.3))
    node.until(lambda: _size(node, "c0"))
    (pid,) = runtime.processes.values()
    node.stop()
    assert not is_alive(pid)


def test_what_a_program_says_on_sigterm_is_logged(node: Node) -> None:
    script = (
        "import signal, sys, time\ndef bye(*_):\n  print('bye'); sys.exit()\n"
        "signal.signal(15, bye); print('hello', flush=True); time.sleep(1000)"
    )
    node.start(pod(script))
    node.until(lambda: _size(node, "c0"))
    node.stop()
    assert [line.content for line in node.lines()] == [b"hello", b"bye"]


def test_a_program_that_cannot_be_started_does_not_stop_the_others(node: Node) -> None:
    bad = ContainerSpec("bad", ("/does/not/exist",), "demo.example/c:1")
    good = ContainerSpec(
        "c0", ("python", "-c", "print('fine', flush=True); import time; time.sleep(1000)"), "demo.example/c:1"
    )
    node.start(PodSpec("dev", "p", (bad, good)))
    node.until(lambda: _size(node, "c0"))
    assert node.lines()[0].content == b"fine"
