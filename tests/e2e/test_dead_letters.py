"""Dead letters on real servers: looked at, put right, sent again, there once under the id that they always had."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from bench.pipeline import Pipeline
from deploy.dead_letters.core.letter import Letter
from deploy.dead_letters.core.wanted import Wanted
from deploy.dead_letters.letters import LetterTopic
from deploy.dead_letters.redrive import AS_REFUSED, FAILED_AGAIN, FROM_RAW, REBUILT, Redrive, Report
from schemas.codec import Codec
from schemas.identity import record_id
from streams.core import framing
from tests.conftest import PipelineMaker
from tests.e2e.test_odd_bytes import container_log, cri
from tests.schemas.examples import example
from tests.sinks.records import CODEC, log_record

pytestmark = pytest.mark.timeout(280)

DAY = "2026.11.21"
GOOD = (b"1", b"22", b"333")
BAD = (b"not a number", b"nor this", "auch das nicht: grüße".encode())
MANY = 20_000
CLI = (sys.executable, "-m", "deploy.cli", "dead-letters")


def command(pipeline: Pipeline, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    full = [*CLI, *arguments, "--config", str(pipeline.config)]
    return subprocess.run(full, capture_output=True, timeout=120, check=False)


def answer(pipeline: Pipeline, *arguments: str) -> Any:
    done = command(pipeline, *arguments, "--json")
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return json.loads(done.stdout)


def put(pipeline: Pipeline, path: str, body: dict[str, Any]) -> None:
    import urllib.request

    request = urllib.request.Request(f"{pipeline.url}{path}", json.dumps(body).encode(), method="PUT")
    request.add_header("content-type", "application/json")
    urllib.request.urlopen(request, timeout=60).close()


def wait_for_letters(pipeline: Pipeline, count: int) -> None:
    def letters() -> int:
        try:
            return len(pipeline.dead_letters())
        except KafkaException:  # the topic was made a moment ago
            return -1

    pipeline.wait_until(letters, lambda found: found == count, f"{count} dead letters")


def refused_documents(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Lines of which some do not fit the index; returns their letters when all lines are accounted for."""
    put(pipeline, f"/{pipeline.index}-{DAY}", {"mappings": {"properties": {"message": {"type": "long"}}}})
    lines = [cri(number, text) for number, text in enumerate((*GOOD, *BAD))]
    container_log(pipeline, b"".join(lines))
    pipeline.start("produce", "stream", "search")
    pipeline.wait_for_documents(len(GOOD))
    wait_for_letters(pipeline, len(BAD))
    found: list[dict[str, Any]] = answer(pipeline, "list", "--each")
    return found


def put_right(pipeline: Pipeline) -> None:
    put(
        pipeline,
        f"/{pipeline.index}-{DAY}/_mapping",
        {"properties": {"message": {"type": "long", "ignore_malformed": True}}},
    )


def redriven(pipeline: Pipeline) -> Report:
    """A redrive in this process, of all that waits."""
    with LetterTopic(pipeline.settings) as letters:
        done = letters.marked(Wanted())
        waiting = [
            each
            for each in letters.found(Wanted())
            if isinstance(each, Letter) and each.offset not in done.get(each.partition, ())
        ]
        run = Redrive(pipeline.settings, dry_run=False)
        try:
            return run.run(waiting, lambda _: None)
        finally:
            run.close()


def forget_raw(pipeline: Pipeline) -> None:
    """What retention does: logs.raw holds nothing any more."""
    raw = pipeline.settings.topics.names.raw
    admin = AdminClient({"bootstrap.servers": pipeline.bootstrap_servers})
    everything = [TopicPartition(raw, partition, -1) for partition in range(4)]
    for future in admin.delete_records(everything).values():
        future.result(20)


@pytest.mark.parametrize("form", ["avro", "json"])
def test_documents_that_did_not_fit_the_mapping_are_there_after_the_fix_under_their_ids(
    new_pipeline: PipelineMaker, form: str
) -> None:
    pipeline = new_pipeline(form=form)
    letters = refused_documents(pipeline)
    [group] = answer(pipeline, "list")
    assert (group["reason"], group["letters"], group["sent_again"]) == ("rejected_by_destination", len(BAD), 0)
    assert group["stages"] == {"sink/search": len(BAD)}
    assert {each["complaints"]["message"] for each in letters} == {text.decode() for text in BAD}
    shown = command(pipeline, "show", letters[0]["letter"]).stdout.decode()
    assert f"record id    {letters[0]['id']}" in shown
    assert "complains of message = '" in shown
    original = command(pipeline, "show", letters[0]["letter"], "--raw").stdout
    assert base64.b64encode(original).decode() == letters[0]["original"]
    assert sorted(base64.b64decode(each["original"]) for each in letters) == sorted(
        each["original"] for each in pipeline.dead_letters()
    )
    tried = answer(pipeline, "redrive", "--dry-run")
    assert (tried["outcomes"], tried["records"]) == ({FROM_RAW: 3}, {f"{pipeline.index}.app": 3})
    assert pipeline.topic_size("app") == len(GOOD) + len(BAD)
    put_right(pipeline)
    assert answer(pipeline, "redrive", "--yes")["outcomes"] == {FROM_RAW: 3}
    assert answer(pipeline, "redrive", "--yes")["outcomes"] == {}
    pipeline.wait_for_documents(len(GOOD) + len(BAD))
    documents = dict(pipeline.documents())
    assert {id_: documents[id_]["log"] for id_ in (each["id"] for each in letters)} == {
        each["id"]: each["complaints"]["message"] for each in letters
    }
    assert len(documents) == len(GOOD) + len(BAD)
    assert answer(pipeline, "list")[0]["sent_again"] == len(BAD)


@pytest.mark.parametrize("form", ["avro", "json"])
def test_when_the_raw_bytes_are_gone_the_refused_values_themselves_are_sent(
    new_pipeline: PipelineMaker, form: str
) -> None:
    pipeline = new_pipeline(form=form)
    ids = {each["id"] for each in refused_documents(pipeline)}
    put_right(pipeline)
    forget_raw(pipeline)
    assert redriven(pipeline).outcomes == {AS_REFUSED: 3}
    pipeline.wait_for_documents(len(GOOD) + len(BAD))
    assert ids < {id_ for id_, _ in pipeline.documents()}
    assert pipeline.count() == len(GOOD) + len(BAD)


def test_chunks_of_an_unknown_framing_are_read_when_it_is_known_and_fail_again_before(
    new_pipeline: PipelineMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = new_pipeline()
    chunk = example("raw_chunk")
    chunk |= {"offset": 100, "payload": cri(1, b"one") + cri(2, b"two"), "resumed": None, "gap": None}
    chunk["source"] = {**chunk["source"], "framing": "of_tomorrow", "encoding": None, "tag": None}
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers})
    raw = pipeline.settings.topics.names.raw
    producer.produce(raw, Codec("raw_chunk").encode(chunk), chunk["source"]["id"])
    producer.produce(raw, b"no chunk", chunk["source"]["id"])
    producer.flush()
    pipeline.start("stream", "search")
    wait_for_letters(pipeline, 2)
    before = pipeline.dead_letters()
    assert redriven(pipeline).outcomes == {FAILED_AGAIN: 2}
    coordinates = ("reason", "topic", "partition", "topic_offset", "incarnation", "offset", "original")
    letters = [each for each in pipeline.dead_letters() if each["stage"] == "stream"]
    told = sorted([[each[name] for name in coordinates] for each in letters], key=str)
    assert told == sorted(2 * [[each[name] for name in coordinates] for each in before], key=str)
    monkeypatch.setitem(framing.FRAMINGS, "of_tomorrow", framing.FRAMINGS["cri"])
    report = redriven(pipeline)
    assert dict(report.outcomes) == {FROM_RAW: 1, FAILED_AGAIN: 1}, report
    pipeline.wait_for_documents(2)
    ids = [record_id(chunk["incarnation"], 100), record_id(chunk["incarnation"], 100 + len(cri(1, b"one")))]
    assert sorted(id_ for id_, _ in pipeline.documents()) == sorted(ids)


def test_a_line_whose_chunk_is_gone_is_read_out_of_its_letter(
    new_pipeline: PipelineMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = new_pipeline()
    line = b"2026-11-21 01:02:03 of another time"
    log = container_log(pipeline, cri(1, b"before") + line + b"\n")
    pipeline.start("produce", "stream", "search")
    wait_for_letters(pipeline, 1)
    [letter] = pipeline.dead_letters()
    forget_raw(pipeline)
    with log.open("ab") as more:
        more.write(cri(2, b"behind"))
    pipeline.wait_for_documents(2)
    monkeypatch.setitem(framing.FRAMINGS, "cri", framing.FRAMINGS["raw"])
    assert redriven(pipeline).outcomes == {REBUILT: 1}
    pipeline.wait_for_documents(3)
    wanted = record_id(bytes.fromhex(letter["incarnation"]), letter["offset"])
    document = dict(pipeline.documents())[wanted]
    assert (document["log"], document["tag"]) == (line.decode(), "kube.shop.cart-1.app")


def write_letters(pipeline: Pipeline, count: int) -> None:
    """As many refused records, no two alike, and one record that is no letter."""
    codec, producer = Codec("dead_letter"), Producer({"bootstrap.servers": pipeline.bootstrap_servers, "linger.ms": 50})
    letter = {**example("dead_letter", "minimal"), "stage": "sink/search", "reason": "rejected_by_destination"}
    letter |= {"topic": f"{pipeline.index}.app", "failed_at": time.time_ns(), "message": "field [a] of '1' is wrong"}
    topic = pipeline.settings.topics.names.dead_letter
    producer.produce(topic, b"no letter", "key")
    for number in range(count):
        value = log_record(number)
        encoded = codec.encode({**letter, "topic_offset": number, "original": CODEC.encode(value)})
        producer.produce(topic, encoded, value["resource"]["source_id"])
        if number % 1000 == 0:
            producer.poll(0)
    assert producer.flush(60) == 0


def test_of_many_letters_none_is_lost_by_ctrl_c_and_memory_stays_small(
    new_pipeline: PipelineMaker, tmp_path: Path
) -> None:
    pipeline = new_pipeline()
    write_letters(pipeline, MANY)
    report = tmp_path / "memory"
    measured = ["/usr/bin/env", "python3", "-c", MEASURE, str(report)]
    listing = [*CLI, "list", "--json", "--config", str(pipeline.config)]
    groups = json.loads(subprocess.run([*measured, *listing], capture_output=True, timeout=120, check=True).stdout)
    assert sorted((each["reason"], each["letters"]) for each in groups) == [
        ("rejected_by_destination", MANY),
        ("unreadable_letter", 1),
    ]
    assert int(report.read_text()) < 256 * 1024
    process = subprocess.Popen(
        [*CLI, "redrive", "--yes", "--reason", "rejected*", "--config", str(pipeline.config)],
        stderr=subprocess.PIPE,
        env=os.environ,
    )
    pipeline.wait_until(lambda: pipeline.topic_size("app"), lambda size: size > 1000, "the first records")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    stopped = re.fullmatch(
        r"stopped; ([\d,]+) of 20,000 letters were looked at; the same command goes on\n", told.decode()
    )
    assert (process.returncode, stopped is not None) == (130, True)
    rest = answer(pipeline, "redrive", "--yes", "--reason", "rejected*")
    assert 0 < rest["outcomes"][AS_REFUSED] < MANY
    values = [CODEC.decode(value) for _, values in pipeline.batches("app") for value in values]
    offsets = [each["offset"] for each in values if isinstance(each, dict)]
    assert set(offsets) == set(range(MANY))
    assert len(offsets) <= MANY + 500
    assert answer(pipeline, "redrive", "--yes", "--reason", "rejected*")["outcomes"] == {}


MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(done.returncode)
"""


def test_letters_are_exported_byte_for_byte_and_nothing_waits_in_an_empty_topic(
    new_pipeline: PipelineMaker, tmp_path: Path
) -> None:
    pipeline = new_pipeline()
    assert command(pipeline, "list").stdout.decode() == "there are no dead letters\n"
    assert answer(pipeline, "redrive", "--yes")["outcomes"] == {}
    write_letters(pipeline, 20)
    wanted = sorted([*(CODEC.encode(log_record(number)) for number in range(20)), b"no letter"])
    assert command(pipeline, "export", "-o", str(tmp_path / "folder")).returncode == 0
    assert sorted(each.read_bytes() for each in (tmp_path / "folder").glob("*.bin")) == wanted
    assert command(pipeline, "export", "-o", str(tmp_path / "a.avro")).returncode == 0
    with (tmp_path / "a.avro").open("rb") as file:
        assert sorted(each["original"] for each in fastavro.reader(file)) == wanted
    assert command(pipeline, "show", "0:999").stderr.startswith(b"error: there is no letter 0:999")
    assert b"say --yes" in command(pipeline, "redrive").stderr
