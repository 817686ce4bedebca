"""What the pods of `helm test` run does what it says, against real servers: a line goes in and is found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.pipeline import Pipeline
from tests.conftest import PipelineMaker
from tests.deploy.kubernetes.chart import made
from tests.deploy.kubernetes.objects import Object

pytestmark = pytest.mark.timeout(240)


def _container(name: str) -> Object:
    (found,) = [each for each in made() if each["metadata"]["name"] == f"logferry-test-{name}"]
    container: Object = found["spec"]["containers"][0]
    return container


def _run(command: list[str], pipeline: Pipeline) -> subprocess.CompletedProcess[str]:
    """As in its container: the settings by a variable, who it is by others, a working folder that is not writable."""
    closed = pipeline.folder / "closed"
    closed.mkdir(mode=0o555, exist_ok=True)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LOGFERRY_CONFIG": str(pipeline.config),
        "LOGFERRY_KAFKA__INSTANCE": "logferry-test",
        "POD_NAMESPACE": "logging",
        "POD_NAME": "logferry-test-send",
        "POD_UID": "6b1f0c5e-0000-4000-8000-000000000000",
        "CONTAINER_NAME": "send",
        "NODE_NAME": "node-1",
    }
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=closed, env=environment, timeout=180
    )


def test_the_line_that_is_sent_is_found(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline(stream={"pod_wait_secs": 0.0})
    pipeline.start("stream", "search")
    sent = _run(["logferry", *_container("send")["args"]], pipeline)
    assert sent.returncode == 0, sent.stderr
    found = _run(_container("find")["command"], pipeline)
    assert found.returncode == 0, f"{found.stderr}\n{pipeline.tails()}"
    assert "helm test of logferry, revision 1" in found.stdout
