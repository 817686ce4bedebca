"""The programs of docs/consumers.md, as they stand there, read routed topics of the real Kafka."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupState, Producer
from confluent_kafka.admin import AdminClient

from bench.pipeline import Pipeline
from schemas.document import DAY_HEADER, ID_HEADER, DocumentWriter, shared_part
from tests.conftest import PipelineMaker
from tests.sinks.records import CODEC, log_record
from tests.tools.debian import program

pytestmark = pytest.mark.timeout(200)

PAGE = Path(__file__).parents[2] / "docs/consumers.md"
SNIPPET = re.compile(r'^```(?:python|sh) title="(?P<name>[^"]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
SNIPPETS = {found["name"]: found["text"] for found in SNIPPET.finditer(PAGE.read_text())}
RECORDS = [log_record(number, body=f"line {number}", severity_number=17, severity_text="error") for number in range(60)]
IDS = sorted(each["id"] for each in RECORDS)

ID = re.compile(r"[A-Za-z0-9_-]{19}(?= )")

Start = Callable[..., "Program"]


class Program:
    """A program of the page that runs, and what it has printed."""

    def __init__(self, pipeline: Pipeline, name: str, group: str, folder: Path) -> None:
        self.output = folder / f"{name}-{group}-{time.monotonic_ns()}.out"
        (folder / name).write_text(SNIPPETS[name])
        schema = [sys.executable, "-m", "deploy.cli", "schemas", "show", "log_record"]
        (folder / "log_record.avsc").write_bytes(subprocess.run(schema, capture_output=True, check=True).stdout)
        arguments = ["--quiet", "worker", "--without-web"] if name == "streaming.py" else ["log_record.avsc"]
        with self.output.open("wb") as out, (folder / f"{name}.err").open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, name, *arguments],
                cwd=folder,
                env=surroundings(pipeline, group),
                stdout=out,
                stderr=errors,
            )

    def ids(self) -> list[str]:
        """First word of every line, behind what Faust does to a terminal's cursor."""
        return [found[0] for line in self.output.read_text().splitlines() if (found := ID.search(line))]


def surroundings(pipeline: Pipeline, group: str) -> dict[str, str]:
    return {**os.environ, "KAFKA": pipeline.bootstrap_servers, "TOPIC": f"{pipeline.index}.app", "GROUP": group}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Program] = []

    def run(pipeline: Pipeline, name: str, group: str) -> Program:
        running.append(Program(pipeline, name, group, tmp_path))
        return running[-1]

    yield run
    for each in running:
        each.process.kill()
        each.process.wait()


def write(pipeline: Pipeline) -> None:
    """The records, of as many sources, in the encoding of the pipeline's topic."""
    topic, documents = f"{pipeline.index}.app", DocumentWriter()
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers})
    for number, record in enumerate(RECORDS):
        if pipeline.settings.format_of(topic) == "json":
            headers = [(ID_HEADER, record["id"].encode()), (DAY_HEADER, b"2026-11-21")]
            producer.produce(
                topic, documents.document(record, shared_part(record["resource"])), f"{number}", headers=headers
            )
        else:
            producer.produce(topic, CODEC.encode(record), f"{number}")
    assert producer.flush(20) == 0


def wait(look: Callable[[], object], wanted: object) -> None:
    """Until something is as it should be."""
    until = time.monotonic() + 60
    while (found := look()) != wanted:
        assert time.monotonic() < until, found
        time.sleep(0.1)


def members(pipeline: Pipeline, group: str) -> int:
    """Members of a group that all have partitions."""
    admin = AdminClient({"bootstrap.servers": pipeline.bootstrap_servers})
    found = admin.describe_consumer_groups([group])[group].result(20)
    with_work = [each for each in found.members if each.assignment and each.assignment.topic_partitions]
    return len(with_work) if found.state == ConsumerGroupState.STABLE else 0


def test_two_groups_get_everything_each_and_two_members_of_one_share_it(
    new_pipeline: PipelineMaker, start: Start
) -> None:
    pipeline = new_pipeline()
    name = pipeline.index
    shared = [start(pipeline, "fast.py", f"{name}-shared") for _ in range(2)]
    alone = [start(pipeline, each, f"{name}-{each}") for each in ("fast.py", "apache.py", "streaming.py")]
    wait(lambda: members(pipeline, f"{name}-shared"), 2)
    write(pipeline)
    for each in alone:
        wait(lambda each=each: sorted(each.ids()), IDS)
    wait(lambda: sorted([*shared[0].ids(), *shared[1].ids()]), IDS)
    assert all(each.ids() for each in shared)


def test_documents_are_read_as_they_are_by_a_program_and_by_kcat(new_pipeline: PipelineMaker, start: Start) -> None:
    pipeline = new_pipeline(form="json")
    write(pipeline)
    reader = start(pipeline, "documents.py", pipeline.index)
    everything, in_group = SNIPPETS["kcat"].splitlines()
    found = [line.split(" ", 1) for line in run_kcat(pipeline, everything)]
    assert sorted(re.findall("id=([^,]+)", headers)[0] for headers, _ in found) == IDS
    assert sorted(json.loads(value)["message"] for _, value in found) == sorted(each["body"] for each in RECORDS)
    messages = run_kcat(pipeline, in_group.partition(" | jq")[0])
    assert sorted(json.loads(each)["message"] for each in messages) == sorted(each["body"] for each in RECORDS)
    wait(lambda: sorted(reader.ids()), IDS)


def test_avro_is_decoded_behind_kcat(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    write(pipeline)
    found = [json.loads(line) for line in run_kcat(pipeline, SNIPPETS["kcat-avro"].strip())]
    assert sorted(each["id"] for each in found) == IDS
    assert found[0] in RECORDS


def run_kcat(pipeline: Pipeline, command: str) -> list[str]:
    """The lines that a command of the page prints."""
    kcat = program("kcat", "usr/bin/kcat")
    command = command.replace("kcat ", f"{kcat.path} ", 1).replace("| logferry", f"| {sys.executable} -m deploy.cli")
    environment = {**kcat.environment, **surroundings(pipeline, f"{pipeline.index}-kcat")}
    if "LD_LIBRARY_PATH" in kcat.environment:
        environment["LD_LIBRARY_PATH"] = kcat.environment["LD_LIBRARY_PATH"]
    done = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", command], capture_output=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def test_every_program_of_the_page_is_run() -> None:
    assert set(SNIPPETS) == {
        "fast.py", "apache.py", "documents.py", "streaming.py", "registered.py", "kcat", "kcat-avro",
    }  # fmt: skip
