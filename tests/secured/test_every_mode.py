"""Every stage comes to Kafka in every mode: topics, producer, stream worker and sink, as processes with settings."""

import subprocess
import sys
from os import environ
from pathlib import Path

import pytest

from tests.secured.modes import MODES, SECRETS, Secured
from tests.secured.pipelines import LINES, PipelineOf, write_lines

STAGES = ("produce", "stream", "archive")


@pytest.mark.parametrize("name", MODES)
def test_lines_go_the_whole_way(secured: Secured, pipeline_of: PipelineOf, name: str):
    pipeline = pipeline_of(*secured.mode(name))
    write_lines(pipeline)
    pipeline.start(*STAGES)
    pipeline.wait_until(pipeline.archived_count, lambda found: found == LINES, f"{LINES} records in the archive")
    assert sorted(line for _, line in pipeline.archived()) == sorted(f"line {number}" for number in range(LINES))
    commands = "".join(Path(f"/proc/{each.pid}/cmdline").read_text() for each in pipeline.processes.values())
    said = "".join(pipeline.log(stage) for stage in STAGES)
    assert [pipeline.stop(stage) for stage in STAGES] == [0, 0, 0]
    assert [secret for secret in SECRETS if secret in commands + said + pipeline.config.read_text()] == []
    assert "Traceback" not in said
    assert " ERROR " not in said


@pytest.mark.parametrize("name", MODES)
def test_topics_are_applied(secured: Secured, pipeline_of: PipelineOf, name: str):
    pipeline = pipeline_of(*secured.mode(name))
    command = [sys.executable, "-m", "deploy.cli", "topics", "apply", "--config", str(pipeline.config)]
    fresh = environ | {"LOGFERRY_TOPICS__PREFIX": f"{pipeline.index}-other."}
    made, again = (subprocess.run(command, env=fresh, capture_output=True, text=True, timeout=60) for _ in range(2))
    assert (made.returncode, again.returncode) == (0, 0), made.stderr + again.stderr
    assert f"{pipeline.index}-other.raw" in made.stdout
    assert again.stdout == "all topics are as they should be\n"
    assert [secret for secret in SECRETS if secret in made.stdout + made.stderr] == []
