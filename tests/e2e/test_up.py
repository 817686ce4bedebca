"""One command carries the demo's logs end to end, twice on the same folder, and can be searched meanwhile."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.timeout(300)

PROGRAMS = {
    "timecheck": "kubernetes.labels.app:timecheck AND kubernetes.namespace_name:dev",
    "numbers-api": "kubernetes.labels.app:numbers-api AND log:fizz",
    "gallery": "kubernetes.labels.app:gallery AND log:GET",
    "node-probe": "kubernetes.namespace_name:kube-system AND tag:kube.kube-system.node-probe.node-probe",
}


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data folder that the servers' user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="logferry-up-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def logferry(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *words], capture_output=True, text=True, timeout=120, **options
    )


def start_up(data: Path, *words: str) -> subprocess.Popen[str]:
    with (data / "up.err").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "up", "--demo", "--data", str(data), *words],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "NODE_NAME": "test-node"},
        )


def found(data: Path, query: str) -> list[dict[str, Any]]:
    answer = logferry("search", query, "--json", "--limit", "10000", "--data", str(data))
    return [json.loads(line) for line in answer.stdout.splitlines()]


def wait_for_programs(data: Path, up: subprocess.Popen[str]) -> None:
    waiting = dict(PROGRAMS)
    while waiting:
        assert up.poll() is None, (data / "up.err").read_text()
        waiting = {name: query for name, query in waiting.items() if not found(data, query)}
        time.sleep(0.5)


def test_lines_of_every_demo_program_are_found_and_the_summary_balances(data: Path) -> None:
    up = start_up(data, "--for", "30s", "--json")
    wait_for_programs(data, up)
    out, _ = up.communicate(timeout=120)
    summary = json.loads(out)
    assert (up.returncode, summary["failed"], summary["dead_lettered"], summary["lost_bytes"]) == (0, [], {}, 0)
    assert summary["documents"] == {"indexed": summary["routed"]["logs.app"]}
    assert summary["archived"]["archive"] == summary["routed"]["logs.app"]
    assert all(value == 0 for lag in summary["lag"].values() for value in lag.values())


def test_a_second_start_doubles_nothing_and_ctrl_c_stops_all_of_it(data: Path) -> None:
    up = start_up(data)
    wait_for_programs(data, up)
    children = psutil.Process(up.pid).children(recursive=True)
    everything = found(data, "*")
    ids = [document["_id"] for document in everything]
    lines = {(document["logferry"]["incarnation"], document["logferry"]["offset"]) for document in everything}
    assert len(ids) == len(set(ids)) == len(lines)
    status = json.loads(logferry("status", "--json", "--data", str(data)).stdout)
    assert status
    refused = logferry("up", "--data", str(data))
    assert refused.returncode == 2
    assert str(up.pid) in refused.stderr
    up.send_signal(signal.SIGINT)
    up.communicate(timeout=20)
    assert up.returncode in (0, 130)
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []


def test_searching_without_servers_says_what_to_do(data: Path) -> None:
    answer = logferry("search", "*", "--data", str(data))
    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr
    assert "logferry up" in answer.stderr
