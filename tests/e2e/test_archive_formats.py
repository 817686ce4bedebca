"""Documents, raw chunks and pods through Kafka into archives: one in Avro of all three, one of documents in Parquet."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import fastavro
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from bench.pipeline import Pipeline
from deploy.cli.app import app
from deploy.demo.load import Load, LoadPlan
from deploy.demo.oracle import Oracle
from tests.conftest import PipelineMaker

pytestmark = pytest.mark.timeout(200)

LINES = 3000


def two_archives(pipeline: Pipeline) -> None:
    settings = yaml.safe_load(pipeline.config.read_text())
    name, common = pipeline.index, settings["sinks"]["archive"] | {"object_max_age_secs": 1}
    topics = [f"{name}.app", f"{name}.raw", f"{name}.pods"]
    columns = {"topics": topics[:1], "format": "parquet", "group": f"{name}-columns", "url": f"{common['url']}-columns"}
    sinks = {"archive": common | {"topics": topics}, "columns": common | columns}
    pipeline.configure(yaml.safe_dump(settings | {"sinks": sinks}))


def values(folder: Path) -> list[dict[str, Any]]:
    found: list[Any] = []
    for path in sorted(folder.rglob("*.avro")):
        with path.open("rb") as file:
            found += fastavro.reader(file)
    return found


def arrived(pipeline: Pipeline) -> tuple[int, int, int]:
    """Different records in Avro, in Parquet, and pods."""
    folder = pipeline.archive
    return (
        len({each["id"] for each in values(folder / f"{pipeline.index}.app")}),
        len(set(columns(pipeline)["id"])),
        len({each["uid"] for each in values(folder / f"{pipeline.index}.pods")}),
    )


def columns(pipeline: Pipeline) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {"id": [], "body": [], "original": []}
    for path in sorted(Path(f"{pipeline.archive}-columns").rglob("*.parquet")):
        for name, column in pq.read_table(path, columns=list(found)).to_pydict().items():
            found[name] += column
    return found


def checked(pipeline: Pipeline, sink: str) -> dict[str, Any]:
    """What `logferry archive ls --check --read` says."""
    command = ["archive", "ls", sink, "--check", "--read", "--json", "--config", str(pipeline.config)]
    said: dict[str, Any] = json.loads(CliRunner().invoke(app, command, catch_exceptions=False).stdout)
    return said


def test_one_archive_holds_documents_raw_chunks_and_pods_though_its_sinks_are_killed(
    new_pipeline: PipelineMaker,
) -> None:
    pipeline = new_pipeline(form="json")
    two_archives(pipeline)
    load = Load(pipeline.node, LoadPlan(files=3, lines=LINES), "node-1")
    summary = load.write()
    pods = load.pods()
    pipeline.publish_pods(pods)
    pipeline.start("produce", "stream", "archive", "columns")
    pipeline.wait_until(lambda: arrived(pipeline), lambda found: min(found[:2]) > 0, "the first objects", 60)
    for sink in ("archive", "columns"):
        pipeline.kill(sink)
        pipeline.start(sink)
    wanted = (LINES, LINES, len(pods))
    pipeline.wait_until(lambda: arrived(pipeline), lambda found: found == wanted, "everything", 60)
    for stage in ("produce", "stream", "archive", "columns"):
        assert pipeline.stop(stage, 30) == 0
    found = columns(pipeline)
    records = values(pipeline.archive / f"{pipeline.index}.app")
    oracle = Oracle.of(summary)
    for record in records:
        oracle.feed(record["id"], record["body"] if record["original"] is None else record["original"])
    assert oracle.verdict().is_clean
    assert Counter(found["id"]).keys() == {each["id"] for each in records}
    assert {(id_, body) for id_, body in zip(found["id"], found["body"], strict=True)} == {
        (each["id"], each["body"]) for each in records
    }
    chunks = values(pipeline.archive / f"{pipeline.index}.raw")
    payloads = {(each["incarnation"], each["offset"]): each["payload"] for each in chunks}
    assert b"".join(payloads.values()).count(b"\n") == LINES
    assert {each["uid"] for each in values(pipeline.archive / f"{pipeline.index}.pods")} == {
        each["uid"] for each in pods
    }
    for sink in ("archive", "columns"):
        assert (checked(pipeline, sink)["ok"], checked(pipeline, sink)["findings"]) == (True, [])
