"""Documents of a route with `format: json` are indexed as those made of Avro: once, in the same index, the same."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from confluent_kafka import Producer

from bench.pipeline import Pipeline
from deploy.demo.load import Load, LoadPlan
from deploy.demo.oracle import Oracle
from schemas.identity import record_id
from sinks.core.identified import NO_IDENTITY
from tests.conftest import PipelineMaker
from tests.schemas.examples import example
from tests.sinks.records import CODEC

pytestmark = pytest.mark.timeout(300)

LINES = 30_000
DAYS = ("2026-11-20T23:59:59.999999999Z", "2026-11-21T00:00:00.000000000Z", "2026-12-31T12:00:00Z")
ODD = (b"\xff\xfe broken", b"nul \x00 \x1b[31m", '{"msg":"grüße \\ud83d","level":"warn","a":{"b":[1,2.5]}}'.encode())


def write_odd_lines(pipeline: Pipeline) -> int:
    """A container whose lines are of several days and hardly of text; returns how many."""
    log = pipeline.node / "var/log/pods/shop_cart-1_11111111-2222-3333-4444-555555555555/app/0.log"
    log.parent.mkdir(parents=True)
    lines = [day.encode() + b" stderr F " + text + b"\n" for day in DAYS for text in ODD]
    log.write_bytes(b"".join(lines))
    (pipeline.node / f"var/log/containers/cart-1_shop_app-{'a' * 64}.log").symlink_to(log)
    return len(lines)


def everything(pipeline: Pipeline) -> dict[tuple[str, str], dict[str, Any]]:
    """Documents by what is behind the pipeline's own name in that of their index, and by their id."""
    pipeline.ask(f"/{pipeline.index}-*/_refresh")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    page = pipeline.ask(f"/{pipeline.index}-*/_search?scroll=1m", {"size": 5000, "sort": ["_doc"]})
    while hits := page["hits"]["hits"]:
        for hit in hits:
            key = hit["_index"].removeprefix(pipeline.index), hit["_id"]
            assert key not in found
            found[key] = hit["_source"]
        page = pipeline.ask("/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
    return found


def test_the_same_lines_by_either_format_are_the_same_documents_though_the_sink_is_killed(
    new_pipeline: PipelineMaker,
) -> None:
    avro = new_pipeline()
    documents = new_pipeline(form="json", source=avro.index)
    load = Load(avro.node, LoadPlan(files=4, lines=LINES), "node-1")
    summary = load.write()
    count = LINES + write_odd_lines(avro)
    avro.publish_pods(load.pods())
    avro.start("produce", "stream", "search")
    documents.start("stream", "search")
    documents.wait_until(documents.count, lambda found: found > 0, "the first documents")
    documents.kill("search")
    documents.start("search")
    for pipeline in (avro, documents):
        pipeline.wait_for_documents(count)
    found = everything(documents)
    assert found == everything(avro)
    oracle = Oracle.of(summary)
    for (_, id_), document in found.items():
        if document["kubernetes"]["namespace_name"] == "load":
            assert document["kubernetes"]["labels"]["app"] == "load"
            oracle.feed(id_, document["log"])
    verdict = oracle.verdict()
    assert (verdict.is_clean, verdict.repeated, len(found)) == (True, 0, count)
    odd = [index for (index, _), document in found.items() if document["tag"] == "kube.shop.cart-1.app"]
    assert sorted(set(odd)) == ["-2026.11.20", "-2026.11.21", "-2026.12.31"]
    assert {raw[:1] for _, values in documents.batches("app") for raw in values} == {b"{"}
    assert documents.dead_letters() == avro.dead_letters() == []


def test_what_is_no_document_is_a_dead_letter_and_its_neighbours_are_indexed(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline(form="json")
    good = [b'{"@timestamp":"2026-11-21T01:02:03Z","message":"%d"}' % number for number in range(20)]
    refused_here = {
        b"": "malformed_value",
        b"[1]": "malformed_value",
        b'{"message":\n"two lines"}': "malformed_value",
        b'{"message":"\xff"}': "malformed_value",
        b'{"message":"nowhere"}': NO_IDENTITY,
    }
    refused_there = [
        b'{"message":}',
        b'{"message":"one"}{"message":"two"}',
        b'{"message":"one","message":"two"}',
        b'{"message":"never closed}',
        b'{"@timestamp":"yesterday"}',
        b"{{}}",
    ]
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers})
    for number, value in enumerate([*good, *refused_here, *refused_there]):
        headers = [("id", record_id(b"lifelife", number).encode()), ("day", b"2026-11-21")]
        nowhere = refused_here.get(value) == NO_IDENTITY
        producer.produce(f"{pipeline.index}.app", value, "key", headers=headers[1:] if nowhere else headers)
    in_avro = example("log_record")
    producer.produce(f"{pipeline.index}.app", CODEC.encode(in_avro), in_avro["resource"]["source_id"])
    assert producer.flush(20) == 0
    pipeline.start("search")
    pipeline.wait_for_documents(len(good) + 1)
    bad = {**refused_here, **dict.fromkeys(refused_there, "rejected_by_destination")}
    pipeline.wait_until(lambda: len(pipeline.dead_letters()), lambda count: count >= len(bad), "dead letters")
    time.sleep(0.5)
    letters = pipeline.dead_letters()
    assert {letter["original"]: letter["reason"] for letter in letters} == bad
    assert len(letters) == len(bad)
    assert all(letter["message"] for letter in letters)
    found = everything(pipeline)
    wanted = {("-2026.11.21", record_id(b"lifelife", number)): json.loads(value) for number, value in enumerate(good)}
    assert {key: value for key, value in found.items() if key in wanted} == wanted
    assert len(found) == len(good) + 1
