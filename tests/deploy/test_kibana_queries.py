"""What the exported searches and charts ask gives the right numbers, of documents that the sink has indexed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Producer

from bench.pipeline import Pipeline
from deploy.kibana.dashboard import objects
from deploy.kibana.saved_objects import SavedObject
from schemas.severity import severity_text
from sinks.core.letter_records import record_of
from tests.conftest import PipelineMaker
from tests.schemas.examples import example
from tests.sinks.records import CODEC, HOUR, NOON, log_record

pytestmark = pytest.mark.timeout(240)

MISSING = "(missing)"
LEVELS = (0, 5, 9, 9, 9, 13, 17, 17, 21)
REASONS = ("rejected_by_destination", "rejected_by_destination", "malformed_value")
Record = dict[str, Any]


def records() -> list[Record]:
    """Of three namespaces and of no pod; every fifth pod is unresolved; and dead letters."""
    found = [made(number) for number in range(400)]
    letters = [
        record_of({**example("dead_letter"), "topic_offset": at, "reason": REASONS[at % 3], "topic_timestamp": NOON})
        for at in range(30)
    ]
    return [*found, *filter(None, letters)]


def made(number: int) -> Record:
    level = LEVELS[number % len(LEVELS)]
    record = log_record(
        number, severity_number=level, severity_text=None, timestamp=NOON + number % 5 * HOUR, body=f"line {number}"
    )
    pod = number % 8
    resolved = pod % 5 != 0
    kubernetes = {
        **record["resource"]["kubernetes"], "namespace": ("shop", "bank", "kube-system")[pod % 3], "pod": f"pod-{pod}",
        "container": ("app", "proxy")[number % 2], "resolved": resolved,
        "container_hash": "image@sha256:ab" if resolved else None, "labels": {"app": "x"} if resolved else {},
    }  # fmt: skip
    node = {"node": f"node-{number % 2}", "tag": "kube.x"}
    return record | {"resource": {**record["resource"], **node, "kubernetes": kubernetes if number % 7 else None}}


def field(record: Record, name: str) -> str:
    """What a document of a record has in a field, or MISSING."""
    pod = record["resource"]["kubernetes"] or {}
    known = {
        "severity": severity_text(record["severity_number"]) if record["severity_number"] else None,
        "kubernetes.namespace_name": pod.get("namespace"),
        "kubernetes.pod_name": pod.get("pod"),
        "kubernetes.container_name": pod.get("container"),
        "logferry.node": record["resource"]["node"],
    }
    if name.startswith("attributes."):
        return str(json.loads(record["attributes"]).get(name.removeprefix("attributes."), MISSING))
    return MISSING if known[name] is None else known[name]


def is_unresolved(record: Record) -> bool:
    pod = record["resource"]["kubernetes"]
    return pod is not None and not pod["resolved"]


MEANT: dict[str, Callable[[Record], bool]] = {
    "errors": lambda record: record["severity_number"] >= 17,
    "top errors": lambda record: record["severity_number"] >= 17,
    "unresolved": is_unresolved,
    "unresolved pods": is_unresolved,
    "dead letters": lambda record: record["parser"] == "dead_letter",
    "dead letters by reason": lambda record: record["parser"] == "dead_letter",
    "reshaped documents": lambda record: "reshaped" in record["flags"],
}
"""Title of a search or chart -> which records it means; the others mean all."""


def meant_by(saved: SavedObject, everything: list[Record]) -> list[Record]:
    keeps = MEANT.get(saved.title.removeprefix("logferry: "), lambda _: True)
    return [record for record in everything if keeps(record)]


def query(text: str) -> dict[str, Any]:
    """As Kibana sends what is written in Lucene's syntax."""
    return {"bool": {"filter": [{"query_string": {"query": text, "analyze_wildcard": True}}]}}


def asked(layer: dict[str, Any], order: list[str]) -> dict[str, Any]:
    """The aggregations of a layer's columns, each within the one before, as Lens asks them."""
    if not order:
        return {}
    column = layer["columns"][order[0]]
    inner = asked(layer, order[1:])
    deeper = {"aggs": inner} if inner else {}
    match column["operationType"]:
        case "terms":
            terms = {"field": column["sourceField"], "size": column["params"]["size"], "missing": MISSING}
            return {"by": {"terms": terms, **deeper}}
        case "date_histogram":
            over = {"field": column["sourceField"], "fixed_interval": "1h", "min_doc_count": 1}
            return {"by": {"date_histogram": over, **deeper}}
        case "count":
            return {}
        case other:
            raise AssertionError(other)


def counted(answer: dict[str, Any], path: tuple[str, ...] = ()) -> Counter[tuple[str, ...]]:
    """Buckets as the path of their keys."""
    if "by" not in answer:
        return Counter()
    found: Counter[tuple[str, ...]] = Counter()
    for bucket in answer["by"]["buckets"]:
        key = (*path, str(bucket["key"]))
        found += counted(bucket, key) if "by" in bucket else Counter({key: bucket["doc_count"]})
    return found


def expected(layer: dict[str, Any], order: list[str], wanted: list[Record]) -> Counter[tuple[str, ...]]:
    def key(record: Record) -> tuple[str, ...]:
        parts = []
        for column in (layer["columns"][name] for name in order):
            if column["operationType"] == "terms":
                parts.append(field(record, column["sourceField"]))
            elif column["operationType"] == "date_histogram":
                parts.append(str(record["timestamp"] // HOUR * HOUR // 1_000_000))
        return tuple(parts)

    return Counter(map(key, wanted)) if len(order) > 1 else Counter()


def judge_chart(pipeline: Pipeline, chart: SavedObject, everything: list[Record]) -> None:
    state = chart.attributes["state"]
    (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
    order, wanted = layer["columnOrder"], meant_by(chart, everything)
    body = {"size": 0, "track_total_hits": True, "query": query(state["query"]["query"]), "aggs": asked(layer, order)}
    answer = pipeline.ask(f"/{pipeline.index}-*/_search", body)
    assert (chart.title, answer["hits"]["total"]["value"]) == (chart.title, len(wanted))
    assert counted(answer.get("aggregations", {})) == expected(layer, order, wanted)


def judge_search(pipeline: Pipeline, search: SavedObject, everything: list[Record]) -> None:
    source = json.loads(search.attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
    answer = pipeline.ask(f"/{pipeline.index}-*/_count", {"query": query(source["query"]["query"])})
    assert (search.title, answer["count"]) == (search.title, len(meant_by(search, everything)))


def test_searches_and_charts_count_what_they_say(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    everything = records()
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers})
    for record in everything:
        producer.produce(f"{pipeline.index}.app", CODEC.encode(record), record["resource"]["source_id"])
    assert producer.flush(30) == 0
    pipeline.start("search")
    pipeline.wait_for_documents(len(everything))
    found = objects(f"{pipeline.index}-*")
    for search in (each for each in found if each.type == "search"):
        judge_search(pipeline, search, everything)
    for chart in (each for each in found if each.type == "lens"):
        judge_chart(pipeline, chart, everything)
