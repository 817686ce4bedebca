"""Topics, producer, stream and sinks, each from its image, as Kubernetes would start them: lines become documents."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.pipeline import Pipeline
from deploy.demo.load import Load, LoadPlan
from deploy.demo.oracle import Oracle
from deploy.local.ports import settle
from deploy.local.stack import Stack
from schemas.settings import parse_settings
from tests.tools.containers import USER, Container, run
from tests.tools.images import Image

LINES = 20_000
STAGES = ("produce", "stream", "search", "archive")


class InContainers(Pipeline):
    """The same pipeline; each stage is a container, with the settings where the image looks for them."""

    def __init__(self, *arguments: Any, node: Image, logferry: Image, **changes: Any) -> None:
        self.images = {"produce": node}
        self.rest = logferry
        self.containers: dict[str, Container] = {}
        super().__init__(*arguments, producer={"state_folder": "/var/lib/logferry"}, **changes)
        self.ports, _ = settle(str(self.folder), STAGES, {})

    def configure(self, text: str) -> None:
        settings = yaml.safe_load(text)
        settings["sinks"]["archive"]["url"] = "file:///var/lib/logferry/archive"
        self.config.write_text(yaml.safe_dump(settings))
        self.settings = parse_settings(self.config.read_text(), str(self.config), {})

    def given(self, stage: str) -> dict[str, Any]:
        """What the container of a stage is given, as by a chart."""
        state = self.folder / f"{stage}-state"
        state.mkdir(exist_ok=True)
        os.chown(state, USER, USER)
        mounts = {"/etc/logferry/logferry.yaml": self.config}
        if stage == "produce":
            mounts[str(self.node)] = self.node  # links name the node's own paths
        environment = {"LOGFERRY_KAFKA__INSTANCE": stage, "LOGFERRY_METRICS__PORT": str(self.ports.get(stage, 0))}
        groups = [0] if stage == "produce" else []  # a runtime's logs are root's, and its group may read them
        writable = {"/var/lib/logferry": state}
        return {"mounts": mounts, "writable": writable, "environment": environment, "groups": groups}

    def start(self, *stages: str, **_: Any) -> None:
        for stage in stages or STAGES:
            command = [stage] if stage in ("produce", "stream") else ["sink", stage]
            with (self.folder / f"{stage}.log").open("ab") as log:
                image = self.images.get(stage, self.rest)
                container = Container(image, command, self.folder, output=log, **self.given(stage))
            self.containers[stage], self.processes[stage] = container, container.process

    def kill(self, stage: str) -> None:
        self.processes.pop(stage, None)
        self.containers.pop(stage).kill()

    def run(self, stage: str, *command: str) -> tuple[int, str]:
        """A command in a container of its own, with the settings and environment of a stage."""
        return run(self.images.get(stage, self.rest), *command, folder=self.folder, **self.given(stage))


@pytest.fixture
def pipeline(stack: Stack, node: Image, logferry: Image, tmp_path: Path) -> Iterator[InContainers]:
    name, where = f"image{os.getpid()}", stack.endpoints
    made = InContainers(
        tmp_path / name, name, where.bootstrap_servers, where.elasticsearch_url, node=node, logferry=logferry
    )
    yield made
    for stage in list(made.containers):
        made.kill(stage)


def test_every_line_becomes_a_document_and_is_archived(pipeline: InContainers) -> None:
    status, output = pipeline.run("topics", "topics", "apply")
    assert status == 0, output
    load = Load(pipeline.node, LoadPlan(files=4, lines=LINES))
    pipeline.publish_pods(load.pods())
    pipeline.start()
    summary = load.write()
    pipeline.wait_for_documents(LINES)
    oracle = Oracle.of(summary)
    for id_, source in pipeline.documents():
        oracle.feed(id_, source["log"])
    verdict = oracle.verdict()
    assert (verdict.is_clean, verdict.repeated, verdict.arrived) == (True, 0, LINES), verdict.examples
    pipeline.archive = pipeline.folder / "archive-state/archive"
    pipeline.wait_until(pipeline.archived_count, lambda count: count == LINES, "all lines in the archive")
    assert {stage: healthy(pipeline, stage) for stage in STAGES} == dict.fromkeys(STAGES, 0)
    assert {stage: pipeline.stop(stage) for stage in STAGES} == dict.fromkeys(STAGES, 0), pipeline.tails()
    assert healthy(pipeline, "stream") == 1


def healthy(pipeline: InContainers, stage: str) -> int:
    """Exit status of what HEALTHCHECK asks, once more within some seconds: a stage may be busy."""
    until = time.monotonic() + 10
    while (told := pipeline.run(stage, "health", "--ready"))[0] != 0 and time.monotonic() < until:
        if stage not in pipeline.processes:
            break
        time.sleep(0.5)
    return told[0]
