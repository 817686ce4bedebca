"""`logferry audit --verify` balances, whatever is killed, and names what somebody takes away."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from bench.pipeline import STAGES, Pipeline
from deploy.audit.run import Audit, Wish, audit
from deploy.demo.load import Load, LoadPlan
from deploy.demo.rotation import RotationLimits
from deploy.local.stack import Stack
from runtime.kafka import client_config
from schemas.codec import Codec
from streams.core import framing
from tests.e2e.test_dead_letters import DAY, put, put_right, redriven, wait_for_letters
from tests.e2e.test_odd_bytes import cri

pytestmark = pytest.mark.timeout(500)

LINES = 4_000
FILES = 4
QUIET_SECS = 90.0
VERIFY = Wish(verify=True)


@pytest.fixture(scope="module")
def pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline of which every stage was killed while it had work."""
    where = stack.endpoints
    folder = tmp_path_factory.mktemp("audit")
    name = f"audit{os.getpid()}"
    with Pipeline(
        folder, name, where.bootstrap_servers, where.elasticsearch_url,
        producer={"ledger_interval_secs": 1, "chunk_max_bytes": 65536}, sinks={"archive": {"object_max_age_secs": 1}},
    ) as made:  # fmt: skip
        _write_and_kill(made)
        yield made


def _write_and_kill(pipeline: Pipeline) -> None:
    rotation = RotationLimits(max_files=1000, check_interval_secs=1, max_bytes=1, unique_names=True)
    plan = LoadPlan(FILES, LINES // 2, rate=2_000, rotation=rotation)
    pipeline.start()
    load = Load(pipeline.node, plan, "node-1")
    pipeline.publish_pods(load.pods())
    load.write()
    pipeline.wait_for_documents(LINES // 2, QUIET_SECS)
    chance = random.Random(8)
    due = [LINES // 8, LINES // 4]

    def kill(written: int) -> None:
        if due and written >= due[0]:
            due.pop(0)
            for stage in chance.sample(STAGES, len(STAGES)):
                pipeline.kill(stage)
                pipeline.start(stage)

    Load(pipeline.node, replace(plan, first=LINES // 2 // FILES), "node-1").write(progress=kill)
    pipeline.wait_for_documents(LINES, QUIET_SECS)
    pipeline.wait_until(pipeline.archived_count, lambda count: count >= LINES, "archived records", QUIET_SECS)


def settled(pipeline: Pipeline, wish: Wish = VERIFY) -> Audit:
    """The audit of a pipeline in which nothing moves any more."""
    until = time.monotonic() + QUIET_SECS
    found = audit(pipeline.settings)
    while not found.is_settled and time.monotonic() < until:
        time.sleep(0.5)
        pipeline.restart_dead()
        found = audit(pipeline.settings)
    assert found.is_settled, (found.pending, found.problems, pipeline.tails())
    return audit(pipeline.settings, wish)


def problems(found: Audit) -> list[tuple[str, str]]:
    return [(each.kind, f"{each.where}: {each.message}") for each in found.problems]


def test_it_balances_though_every_stage_was_killed(pipeline: Pipeline) -> None:
    found = settled(pipeline)
    assert problems(found) == []
    assert found.balances
    row = next(each for each in found.namespaces if each.namespace == "load")
    assert row.routed == {f"{pipeline.index}.app": row.lines - row.joined}
    assert found.lost == []
    assert sum(each.lines for each in found.containers) == sum(each.lines for each in found.nodes) == found.total.lines


def test_sums_are_those_of_the_lines_that_were_written(pipeline: Pipeline) -> None:
    found = settled(pipeline, Wish())
    doubled = [note for note in found.notes if "told twice" in note]
    written = pipeline.count()
    assert found.total.lines == written or doubled
    sinks = found.total.sinks
    assert sinks["search"]["indexed"] == written >= LINES
    assert sum(amount for name, amount in sinks["search"].items() if name != "bytes") == pipeline.topic_size("app")


def test_a_deleted_document_is_named_with_its_chunk(pipeline: Pipeline) -> None:
    settled(pipeline, Wish())
    hit = pipeline.ask(f"/{pipeline.index}-*/_search", {"size": 1, "sort": [{"logferry.offset": "desc"}]})["hits"][
        "hits"
    ][0]
    place = hit["_source"]["logferry"]
    _send(pipeline, "DELETE", f"/{hit['_index']}/_doc/{hit['_id']}?refresh=true")
    try:
        found = audit(pipeline.settings, VERIFY)
        assert [each.kind for each in found.problems] == ["missing_document"]
        problem = found.problems[0]
        assert place["incarnation"] in problem.where
        assert hit["_source"]["kubernetes"]["pod_name"] in problem.where
        start, end = map(int, re.findall(r"bytes (\d+) to (\d+)", problem.where)[0])
        assert start <= place["offset"] < end
        assert "search lacks 1 of the chunk's" in problem.message
        assert problem.remedy.startswith("logferry replay --from kafka --since 20")
    finally:
        _send(pipeline, "PUT", f"/{hit['_index']}/_create/{hit['_id']}?refresh=true", hit["_source"])
    assert problems(audit(pipeline.settings, VERIFY)) == []


def test_a_document_that_nobody_sent_is_named(pipeline: Pipeline) -> None:
    settled(pipeline, Wish())
    hit = pipeline.ask(f"/{pipeline.index}-*/_search", {"size": 1})["hits"]["hits"][0]
    _send(pipeline, "PUT", f"/{hit['_index']}/_create/nobody?refresh=true", hit["_source"])
    try:
        found = audit(pipeline.settings, VERIFY)
        assert [each.kind for each in found.problems] == ["extra_document"]
        assert hit["_source"]["logferry"]["incarnation"] in found.problems[0].where
    finally:
        _send(pipeline, "DELETE", f"/{hit['_index']}/_doc/nobody?refresh=true")


@pytest.mark.parametrize("with_manifest", [False, True])
def test_a_deleted_object_is_named(pipeline: Pipeline, with_manifest: bool) -> None:
    settled(pipeline, Wish())
    path = min(pipeline.archive.rglob("*.parquet"))
    name = str(path.relative_to(pipeline.archive))
    manifest = path.parent.parent / "_manifest" / f"{path.name.split('-')[0]}.json"
    body, listed = path.read_bytes(), manifest.read_bytes()
    path.unlink()
    if with_manifest:
        told = json.loads(listed)
        told["objects"] = [each for each in told["objects"] if each["name"] != name]
        manifest.write_text(json.dumps(told))
    try:
        found = audit(pipeline.settings, VERIFY)
        assert {(each.kind, each.where) for each in found.problems} == {("missing_object", f"archive: {name}")}
        assert re.search(r"[\d,]+ records", found.problems[0].message)
    finally:
        path.write_bytes(body)
        manifest.write_bytes(listed)
    assert problems(audit(pipeline.settings, VERIFY)) == []


def test_a_skipped_chunk_is_named_and_a_replay_mends_it(pipeline: Pipeline) -> None:
    settled(pipeline, Wish())
    before = pipeline.count()
    pipeline.stop("stream", QUIET_SECS)
    Load(pipeline.node, LoadPlan(1, 50, first=1_000_000), "node-1").write()
    partition, offset, chunk = _newest_chunk(pipeline)
    _move_group(pipeline, partition, offset + 1)
    pipeline.start("stream")
    found = settled(pipeline)
    start, end = chunk["offset"], chunk["offset"] + len(chunk["payload"])
    assert [(each.kind, each.where) for each in found.problems] == [
        ("skipped_chunk", f"{pipeline.index}.raw partition {partition}, offset {offset}")
    ]
    assert f"bytes {start} to {end} of incarnation {chunk['incarnation'].hex()}" in found.problems[0].message
    assert chunk["path"] in found.problems[0].message
    done = _logferry(pipeline, "audit", "--json")
    assert done.returncode == 1
    assert [each["kind"] for each in json.loads(done.stdout)["problems"]] == ["skipped_chunk"]
    _mend(pipeline, found.problems[0].remedy)
    pipeline.wait_for_documents(before + 50, QUIET_SECS)
    assert problems(settled(pipeline)) == []


def test_letters_that_were_redriven_are_documents_like_others(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = settled(pipeline, Wish())
    put(pipeline, f"/{pipeline.index}-{DAY}", {"mappings": {"properties": {"message": {"type": "long"}}}})
    lines = (cri(1, b"1"), b"2026-11-21 01:02:03 of another time\n", cri(2, b"no number"), cri(3, b"22"))
    _write_log(pipeline, b"".join(lines))
    wait_for_letters(pipeline, 2)
    found = settled(pipeline)
    assert problems(found) == []
    assert found.total.dead_letters == {"unreadable_framing": 1}
    put_right(pipeline)
    assert _logferry(pipeline, "dead-letters", "redrive", "--yes", "--stage", "sink/*").returncode == 0
    monkeypatch.setitem(framing.FRAMINGS, "cri", framing.FRAMINGS["raw"])
    assert redriven(pipeline).letters == 1
    found = settled(pipeline)
    assert problems(found) == []
    assert found.total.dead_letters == {}
    assert found.total.lines == before.total.lines + len(lines)
    assert found.verified["search"] == pipeline.count()
    done = _logferry(pipeline, "audit", "--verify", "--json")
    assert (done.returncode, json.loads(done.stdout)["balances"]) == (0, True), done.stdout


def _write_log(pipeline: Pipeline, content: bytes) -> None:
    """A container's live file, linked as kubelet links it."""
    folder = pipeline.node / "var/log/pods/shop_cart-1_11111111-2222-3333-4444-555555555555/app"
    folder.mkdir(parents=True)
    (folder / "0.log").write_bytes(content)
    links = pipeline.node / "var/log/containers"
    (links / f"cart-1_shop_app-{'a' * 64}.log").symlink_to(folder / "0.log")


def _mend(pipeline: Pipeline, remedy: str) -> None:
    words = [each.strip("'") for each in remedy.split()]
    assert words[:2] == ["logferry", "replay"]
    done = _logferry(pipeline, *words[1:], "--late", "1s")
    assert done.returncode == 0, done.stderr


def _logferry(pipeline: Pipeline, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.cli", *words, "--config", str(pipeline.config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def _send(pipeline: Pipeline, method: str, path: str, body: dict[str, Any] | None = None) -> None:
    request = urllib.request.Request(
        f"{pipeline.url}{path}", json.dumps(body).encode() if body else None, method=method
    )
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def _newest_chunk(pipeline: Pipeline) -> tuple[int, int, dict[str, Any]]:
    """Partition, offset and chunk of the only chunk that nobody has worked on."""
    group, topic = pipeline.settings.stream.group, pipeline.settings.topics.names.raw
    consumer = Consumer(client_config(pipeline.settings.kafka, "reader") | {"group.id": group})
    until = time.monotonic() + QUIET_SECS
    try:
        while time.monotonic() < until:
            for each in consumer.committed([TopicPartition(topic, partition) for partition in range(4)], 10):
                low, high = consumer.get_watermark_offsets(each, timeout=10)
                if max(each.offset, low) < high:
                    consumer.assign([TopicPartition(topic, each.partition, high - 1)])
                    value = next(
                        record.value() for record in iter(lambda: consumer.poll(5.0), None) if not record.error()
                    )
                    chunk = Codec("raw_chunk").decode(value or b"")
                    assert isinstance(chunk, dict)
                    if chunk["payload"].count(b"\n") == 50:
                        return each.partition, high - 1, chunk
            time.sleep(0.3)
    finally:
        consumer.close()
    raise AssertionError(pipeline.tails())


def _move_group(pipeline: Pipeline, partition: int, offset: int) -> None:
    """As somebody with Kafka's own tools would, once the group has no member any more."""
    group, topic = pipeline.settings.stream.group, pipeline.settings.topics.names.raw
    consumer = Consumer(client_config(pipeline.settings.kafka, "mover") | {"group.id": group})
    until = time.monotonic() + QUIET_SECS
    try:
        while True:
            try:
                consumer.commit(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)
                return
            except KafkaException:  # a static member stays in its group for a while
                assert time.monotonic() < until
                time.sleep(1.0)
    finally:
        consumer.close()
