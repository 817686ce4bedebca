"""What was read before goes through the pipeline once more while live lines go on: nothing doubles, nothing changes."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from bench.pipeline import Pipeline
from runtime.kafka import client_config
from tests.conftest import PipelineMaker

pytestmark = pytest.mark.timeout(280)

CID = "c0" * 32
TRACE = ["ERROR cart is full", "\tat shop.Cart.add(Cart.java:12)", "\tat shop.Cart.fill(Cart.java:9)"]


class Program:
    """A container's log, as a CRI runtime writes it."""

    def __init__(self, node: Path, name: str) -> None:
        self.uid = f"uid-{name}"
        folder = node / f"var/log/pods/shop_{name}_{self.uid}/app"
        folder.mkdir(parents=True)
        links = node / "var/log/containers"
        links.mkdir(parents=True, exist_ok=True)
        self._path = folder / "0.log"
        self._path.touch()
        (links / f"{name}_shop_app-{CID}.log").symlink_to(folder / "0.log")
        self.written = 0

    def write(self, *texts: str, partial: bool = False) -> None:
        tag = "P" if partial else "F"
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"
        with self._path.open("ab") as file:
            file.write(b"".join(f"{at} stdout {tag} {text}\n".encode() for text in texts))

    def event(self) -> None:
        """A JSON line, a stack trace, a line in pieces, or text: one document."""
        number = self.written
        self.written += 1
        match number % 4:
            case 0:
                self.write(json.dumps({"level": "warn", "msg": f"retry {number}", "code": number}))
            case 1:
                self.write(f"{TRACE[0]} {number}", *TRACE[1:])
            case 2:
                self.write(f"code={number} begin", partial=True)
                self.write(" and its end")
            case _:
                self.write(f"INFO code={number} was fine")


def settings(tmp_path: Path) -> dict[str, Any]:
    raw = {"type": "object_storage", "url": f"file://{tmp_path}/raw", "format": "avro", "object_max_age_secs": 1}
    return {
        "stream": {"join_timeout_secs": 1, "pod_wait_secs": 0},
        "sinks": {"archive": raw},
        "producer": {"chunk_max_bytes": 8192, "line_max_bytes": 4096},
    }


def made(new_pipeline: PipelineMaker, tmp_path: Path) -> Pipeline:
    pipeline = new_pipeline(**settings(tmp_path))
    prefix = pipeline.settings.topics.prefix
    data = yaml.safe_load(pipeline.config.read_text())
    data["sinks"]["archive"]["topics"] = [f"{prefix}raw", f"{prefix}pods"]
    pipeline.configure(yaml.safe_dump(data))
    return pipeline


def command(pipeline: Pipeline, *words: str) -> list[str]:
    return [sys.executable, "-m", "deploy.cli", "replay", *words, "--config", str(pipeline.config)]


def environment(pipeline: Pipeline) -> dict[str, str]:
    return os.environ | {
        "XDG_STATE_HOME": str(pipeline.folder / "state"),
        "TMPDIR": str(pipeline.folder),
        "PYTHONSAFEPATH": "1",
    }


def run(pipeline: Pipeline, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(pipeline, *words), capture_output=True, text=True, timeout=150, env=environment(pipeline)
    )


def replay(pipeline: Pipeline, *words: str) -> dict[str, Any]:
    done = run(pipeline, *words, "--json")
    assert done.returncode == 0, done.stderr + pipeline.tails()
    return json.loads(done.stdout)


def sent_so_far(pipeline: Pipeline) -> int:
    """Chunks that a replay would not send again."""
    kept = [json.loads(each.read_text()) for each in (pipeline.folder / "state/logferry/replay").glob("*.json")]
    return sum(each["chunks"] for each in kept)


def fingerprint(pipeline: Pipeline, pod: str, suffix: str = "") -> tuple[int, str]:
    """Number of a pod's documents in the pipeline's own indices, and a hash over their ids and contents."""
    found = sorted(
        f"{name} {json.dumps(source, sort_keys=True)}"
        for name, source in pipeline.documents()
        if source["kubernetes"]["pod_name"] == pod
    )
    return len(found), hashlib.sha256("\n".join(found).encode()).hexdigest()


@contextmanager
def live(program: Program) -> Iterator[None]:
    """Lines go on being written meanwhile."""
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.05):
            program.event()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def empty_raw_topic(pipeline: Pipeline) -> None:
    """As its retention does, later."""
    topic = pipeline.settings.topics.names.raw
    admin = AdminClient(client_config(pipeline.settings.kafka, "test"))
    partitions = [TopicPartition(topic, each) for each in admin.list_topics(topic, 10).topics[topic].partitions]
    ends = admin.list_offsets({each: OffsetSpec.latest() for each in partitions})
    deleted = admin.delete_records(
        [TopicPartition(topic, each.partition, future.result(10).offset) for each, future in ends.items()]
    )
    for future in deleted.values():
        future.result(10)


def pod(program: Program, name: str) -> dict[str, Any]:
    return {"uid": program.uid, "namespace": "shop", "name": name, "labels": {"app": "cart"}, "observed_at": 1}


def raw_objects(tmp_path: Path) -> int:
    return sum(1 for each in (tmp_path / "raw").rglob("*.avro") if ".raw/" in str(each))


def test_a_period_that_is_replayed_leaves_every_document_as_it_was(new_pipeline: PipelineMaker, tmp_path: Path) -> None:
    pipeline = made(new_pipeline, tmp_path)
    cart, other = Program(pipeline.node, "cart"), Program(pipeline.node, "other")
    pipeline.publish_pods([pod(cart, "cart"), pod(other, "other")])
    pipeline.start("produce", "stream", "search", "archive")
    since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for _ in range(40):
        cart.event()
        time.sleep(0.02)
    pipeline.wait_for_documents(cart.written)
    before = fingerprint(pipeline, "cart")
    time.sleep(1.1)
    period = ("--since", since, "--until", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    with live(other):
        from_kafka = replay(pipeline, "--from", "kafka", *period)
        twice = replay(pipeline, "--from", "kafka", *period, "--again")
        pipeline.wait_until(lambda: raw_objects(tmp_path), lambda n: n > 1, "objects")
        empty_raw_topic(pipeline)
        from_archive = replay(pipeline, "--from", "archive", *period)
        raw = replay(pipeline, "--from", "archive", *period, "--to", "raw")
    pipeline.wait_for_documents(cart.written + other.written)
    made_of = [each["records"].get(f"{pipeline.index}.app", 0) for each in (from_kafka, twice, from_archive)]
    assert made_of == [40, 40, 40], pipeline.tails()
    assert (raw["chunks"], from_archive["troubles"]) == (from_kafka["chunks"], [])
    assert fingerprint(pipeline, "cart") == before
    assert before[0] == 40
    assert fingerprint(pipeline, "other")[0] == other.written
    again = replay(pipeline, "--from", "archive", *period)
    assert again["is_complete"], "the same command says so, and does nothing"


def test_a_replay_that_is_killed_goes_on_where_it_was(new_pipeline: PipelineMaker, tmp_path: Path) -> None:
    pipeline = made(new_pipeline, tmp_path)
    cart = Program(pipeline.node, "cart")
    pipeline.start("produce", "stream", "search")
    since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for _ in range(60):
        cart.write("x" * 2000)
        cart.event()
        time.sleep(0.03)
    pipeline.wait_for_documents(cart.written + 60)
    before = fingerprint(pipeline, "cart")
    time.sleep(1.1)
    words = ["--from", "kafka", "--since", since, "--until", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"]
    plan = replay(pipeline, *words, "--dry-run")
    broken = subprocess.Popen(
        command(pipeline, *words, "--rate", "8kB/s"), stderr=subprocess.DEVNULL, env=environment(pipeline)
    )
    pipeline.wait_until(lambda: sent_so_far(pipeline), lambda chunks: chunks > 0, "the first chunks")
    assert broken.poll() is None, "it was to be killed in the middle"
    broken.send_signal(signal.SIGKILL)
    assert broken.wait() == -signal.SIGKILL
    done = run(pipeline, *words, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, "goes on behind" in done.stderr) == (0, True), done.stderr
    assert (plan["chunks"] > 10, plan["sources"], found["chunks"] >= plan["chunks"]) == (True, 1, True)
    assert fingerprint(pipeline, "cart") == before


def test_a_corrected_parser_changes_exactly_the_fields_that_it_reads(
    new_pipeline: PipelineMaker, tmp_path: Path
) -> None:
    pipeline = made(new_pipeline, tmp_path)
    cart = Program(pipeline.node, "cart")
    pipeline.start("produce", "stream", "search")
    since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for _ in range(20):
        cart.event()
    pipeline.wait_for_documents(20)
    before = fingerprint(pipeline, "cart")
    time.sleep(1.1)
    until = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "parsers: {fine: {type: regex, pattern: '^(?P<severity>[A-Z]+) code=(?P<code>[0-9]+) was (?P<message>.*)$'}}\n"
        "parse: [{match: '**', parser: fine}]\n"
        f"routes: [{{match: '**', topic: {pipeline.index}.app}}]\n"
    )
    period = ("--since", since, "--until", until)
    replay(pipeline, "--from", "kafka", *period, "--rules", str(rules), "--index-suffix", "-try1")
    done = run(pipeline, "diff", "--index-suffix", "-try1", "--json")
    found = json.loads(done.stdout or "{}")
    assert done.returncode == 1, done.stderr + done.stdout
    assert (found["only_old"], found["only_new"]) == (0, 0)
    assert found["fields"]["attributes.code"] >= 5
    assert fingerprint_without(pipeline, "-try1") == before
    forgotten = replay(pipeline, "forget", "--index-suffix", "-try1", "--yes")
    assert {each["kind"] for each in forgotten} == {"index", "template", "topic", "group"}
    assert replay(pipeline, "forget", "--index-suffix", "-try1", "--yes") == []
    assert fingerprint(pipeline, "cart") == before


def fingerprint_without(pipeline: Pipeline, suffix: str) -> tuple[int, str]:
    """The same, of documents in no index of a trial."""
    pipeline.ask(f"/{pipeline.index}-*/_refresh")
    page = pipeline.ask(f"/{pipeline.index}-*,-*{suffix}/_search", {"size": 1000})
    found = sorted(f"{hit['_id']} {json.dumps(hit['_source'], sort_keys=True)}" for hit in page["hits"]["hits"])
    return len(found), hashlib.sha256("\n".join(found).encode()).hexdigest()
