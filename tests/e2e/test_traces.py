"""A chunk that was chosen leaves one trace, from its file to Elasticsearch and the archive; others leave nothing."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from bench.pipeline import Pipeline
from deploy.demo.load import Load, LoadPlan
from runtime.kafka import client_config
from runtime.trace_context import is_chosen, parent_of, trace_of
from tests.conftest import PipelineMaker
from tests.tools.trace_receiver import Receiver, Seen, receiver

pytestmark = pytest.mark.timeout(240)

CHUNK = {"producer": {"chunk_max_bytes": 16 * 1024}}


def written(pipeline: Pipeline, lines: int) -> None:
    load = Load(pipeline.node, LoadPlan(files=2, lines=lines), "node-1")
    load.write()
    pipeline.publish_pods(load.pods())


def headers_in(pipeline: Pipeline, topic: str) -> list[list[tuple[str, bytes]]]:
    """Headers of every record of a topic."""
    consumer = Consumer(client_config(pipeline.settings.kafka, "reader") | {"group.id": "unused"})
    found: list[Any] = []
    for partition, low, high in pipeline._spans(consumer, f"{pipeline.index}.{topic}"):
        consumer.assign([TopicPartition(f"{pipeline.index}.{topic}", partition, low)])
        while low < high:
            for record in consumer.consume(high - low, 0.5):
                found.append(record.headers() or [])
                low = record.offset() + 1
    consumer.close()
    return found


def is_whole(trace: list[Seen]) -> bool:
    """Whether a trace has come to its end in both sinks."""
    return {"logferry-sink-search", "logferry-sink-archive"} <= {each.service for each in trace}


def whole(collector: Receiver) -> int:
    return sum(map(is_whole, collector.traces().values()))


def through_all_stages(pipeline: Pipeline, collector: Receiver, lines: int) -> None:
    """Lines from files into both sinks, and the stages to their ends."""
    written(pipeline, lines)
    pipeline.start()
    pipeline.wait_for_documents(lines, 120)
    pipeline.wait_until(lambda: whole(collector), lambda count: count >= 2, "whole traces", 120)
    if pipeline.settings.format_of(f"{pipeline.index}.app") == "avro":
        pipeline.wait_until(pipeline.archived_count, lambda count: count == lines, "archived records", 120)
    for stage in ("produce", "stream", "search", "archive"):
        assert pipeline.stop(stage) == 0


def outline(trace: list[Seen]) -> dict[str, list[str]]:
    """Service and name of each span, under those of its parent."""
    trace = [each for each in trace if each.name != "wait for pod"]
    names = {each.id: f"{each.service}: {each.name}" for each in trace}
    found: dict[str, list[str]] = {}
    for each in trace:
        found.setdefault(names.get(each.parent, each.parent), []).append(names[each.id])
    return {parent: sorted(set(children)) for parent, children in found.items()}


def test_a_chosen_chunk_is_one_connected_trace_from_its_file_to_each_sink(new_pipeline: PipelineMaker) -> None:
    with receiver() as collector:
        pipeline = new_pipeline(tracing={"endpoint": collector.url, "sample_one_in": 1}, **CHUNK)
        raw, app = f"{pipeline.index}.raw", f"{pipeline.index}.app"
        through_all_stages(pipeline, collector, 2000)
        records = headers_in(pipeline, "app")
        chunks = len(headers_in(pipeline, "raw"))
    traces = collector.traces()
    assert len(traces) == chunks >= 5
    expected = {
        "": ["logferry-producer: read container_files"],
        "logferry-producer: read container_files": [f"logferry-producer: send {raw}"],
        f"logferry-producer: send {raw}": [f"logferry-stream: process {raw}"],
        f"logferry-stream: process {raw}": ["logferry-stream: make records", f"logferry-stream: send {app}"],
        f"logferry-stream: send {app}": [
            f"logferry-sink-archive: process {app}",
            f"logferry-sink-search: process {app}",
        ],
        f"logferry-sink-search: process {app}": ["logferry-sink-search: deliver elasticsearch"],
    }
    for trace in traces.values():
        assert outline(trace) == expected
        check_semantics(trace, raw, app)
    assert sum(parent_of(each) is not None for each in records) == len(records) == 2000


def check_semantics(trace: list[Seen], raw: str, app: str) -> None:
    by_name = {(each.service, each.name): each for each in trace}
    read = by_name["logferry-producer", "read container_files"]
    send = by_name["logferry-producer", f"send {raw}"]
    process = by_name["logferry-stream", f"process {raw}"]
    assert int(read.trace, 16) == trace_of(
        bytes.fromhex(read.attributes["logferry.incarnation"]), read.attributes["logferry.offset"]
    )
    assert (read.kind, send.kind, process.kind) == ("internal", "producer", "consumer")
    assert read.start <= send.start <= send.end <= read.end
    for name in ("messaging.destination.partition.id", "messaging.kafka.offset", "messaging.destination.name"):
        assert send.attributes[name] == process.attributes[name]
    assert process.attributes["logferry.lines"] == read.attributes["logferry.lines"]
    sent = sum(each.attributes["messaging.batch.message_count"] for each in trace if each.name == f"send {app}")
    processed = [each for each in trace if each.service == "logferry-sink-search" and each.name == f"process {app}"]
    assert sum(each.attributes["messaging.batch.message_count"] for each in processed) == sent
    assert all(each.error == "" and each.start <= each.end for each in trace)


def test_only_records_of_chosen_chunks_say_so_and_archived_chunks_are_traced(new_pipeline: PipelineMaker) -> None:
    one_in = 3
    with receiver() as collector:
        pipeline = new_pipeline(form="json", tracing={"endpoint": collector.url, "sample_one_in": one_in}, **CHUNK)
        through_all_stages(pipeline, collector, 3000)
        chunks = [(each["incarnation"], each["offset"]) for each in pipeline.values("raw", "raw_chunk")]
        app = headers_in(pipeline, "app")
    traces = collector.traces()
    chosen = {trace for each in chunks if is_chosen(trace := trace_of(*each), one_in)}
    assert {f"{each:032x}" for each in chosen} == set(traces)
    assert 0 < len(chosen) < len(chunks)
    assert {len(each) for each in app} == {2, 3}
    marked = [parent for each in app if (parent := parent_of(each)) is not None]
    assert {each.trace for each in marked} == chosen
    raw = f"{pipeline.index}.raw"
    for trace in traces.values():
        sinks = [f"logferry-sink-archive: process {raw}", f"logferry-stream: process {raw}"]
        assert outline(trace)[f"logferry-producer: send {raw}"] == sinks


def test_a_collector_that_is_away_holds_up_nothing(new_pipeline: PipelineMaker) -> None:
    tracing = {"endpoint": "http://127.0.0.1:9", "sample_one_in": 1, "timeout_secs": 2}
    pipeline = new_pipeline(tracing=tracing, **CHUNK)
    written(pipeline, 2000)
    pipeline.start("produce", "stream", "search")
    pipeline.wait_for_documents(2000, 120)
    assert [pipeline.stop(stage) for stage in ("produce", "stream", "search")] == [0, 0, 0]
    for stage in ("produce", "stream", "search"):
        assert pipeline.log(stage).count("could not be sent to") == 1
        figures = (pipeline.folder / f"{stage}.prom").read_text()
        assert 'logferry_tracing_spans_total{outcome="failed"}' in figures
