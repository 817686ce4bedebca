"""Programs that log what no mapping foresees: 20,000 names, names of dots, 10 MiB, 1970 and 2100, types that change.

Each of their records is indexed or a dead letter, and what others log stays searchable.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from bench.pipeline import Pipeline
from runtime.kafka import client_config, producer_config
from runtime.producer import enqueue
from schemas.document import DAY_HEADER, ID_HEADER, DocumentWriter, day_of, shared_part
from tests.conftest import PipelineMaker
from tests.sinks.records import CODEC, NOON, log_record

pytestmark = pytest.mark.timeout(240)

NAMES = 20_000
NAMES_EACH = 500
SHOP = 40
"""Records of a namespace that always logs the same, before and after all this."""
MIB = 1024 * 1024
YEAR_1970 = 4
"""Nanoseconds since 1970: 1970-01-01T00:00:00.000000004Z."""
YEAR_2100 = 4_102_444_800_000_000_000
ODD_NAMES = {
    "dots": [".", "..", "...", "a..b", ".first", "last.", "a.b", "a", "a.b.c", " ", " a", "a ", "*", "a*", "_id", "\\"],
    "empty": [""],
    "long": ["n" * 1000, ".".join("x" * 500)],
    "longer than a term": ["n" * 40_000],
    "of many parts": [".".join(["part"] * 300)],
    "characters": ["grüße", "\u0000", "\u2028", "a\nb", "🦊", '"', "\ud83d".encode("utf-16-le", "surrogatepass").hex()],
}
CHANGING = [
    "1",
    "1.5",
    '"x"',
    "true",
    "null",
    "[1,2]",
    '["x",1]',
    '{"deeper":1}',
    '[{"deeper":"y"}]',
    "[[[1]]]",
    "1e400",
]
NO_JSON = ["{", '{"a":1,}', '{"a":NaN}', ""]
NO_OBJECT = ["[1]", '"text"', "1", '{"a":1,"a":2}']
"""Attributes that are not the text of one JSON object, or one with the same name twice; streams write none of them."""
SHOPPING = '{"user":"ada","cart.size":3}'
DAYS = ["1677-09-21", "1969-12-31", "1970-01-01", "1970-01-01", "2100-01-01", "2262-04-11"]
"""Of the strange times in `wild`."""


def text_of(number: int, size: int) -> str:
    """Words as logs have them, which compress to a third: Kafka's limit is for what is compressed."""
    chance = random.Random(number)
    words = [f"{chance.getrandbits(36):09x}" for _ in range(500)]
    return " ".join(chance.choices(words, k=size // 10 + 1))


def nested(depth: int, *, as_list: bool = False) -> str:
    """An object (or a list) in an object, so many times."""
    begin, end = ("[{", "}]") if as_list else ("{", "}")
    return '{"deep":' + (begin + '"d":').join([""] * depth) + "1" + end * (depth - 1) + "}"


def wild() -> Iterator[dict[str, Any]]:
    """What differs from an ordinary record."""
    for first in range(0, NAMES, NAMES_EACH):
        yield {"attributes": json.dumps({f"key{n}": n for n in range(first, first + NAMES_EACH)})}
    yield {"attributes": json.dumps({f"all{n}": n for n in range(NAMES)})}
    for names in ODD_NAMES.values():
        for name in names:
            yield {"attributes": json.dumps({name: "x"}, ensure_ascii=False)}
        yield {"attributes": json.dumps(dict.fromkeys(names, 1))}
    for value in [*CHANGING, *reversed(CHANGING)]:
        yield {"attributes": f'{{"changing":{value}}}'}
    for depth in (5, 19, 21, 60, 500, 1005, 2000):
        yield {"attributes": nested(depth)}
        yield {"attributes": nested(depth, as_list=True)}
    for attributes in [*NO_JSON, *NO_OBJECT]:
        yield {"attributes": attributes}
    yield {"attributes": json.dumps({"big": text_of(1, 10 * MIB)})}
    yield {"body": text_of(2, 10 * MIB), "original": None}
    yield {"body": text_of(3, 5 * MIB), "original": None}
    yield {"body": "z" * 5 * MIB, "original": None}
    for timestamp in (0, YEAR_1970, YEAR_2100, -1, 2**63 - 1, -(2**63)):
        yield {"timestamp": timestamp, "observed_timestamp": timestamp}
    yield {"severity_number": 24, "severity_text": "x" * 100_000, "stream": "y" * 100_000}
    yield {"trace_id": "t" * 40_000, "span_id": "", "parser": "p" * 40_000, "flags": ["f" * 40_000] * 10}


class Writer:
    """Puts records into the topic by turns in either format, and remembers where each stands."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._topic = f"{pipeline.index}.app"
        self._producer = Producer(producer_config(pipeline.settings.kafka))
        self._documents = DocumentWriter()
        self._next = 0
        self.ids: dict[tuple[int, int], str] = {}
        """Partition and offset -> record id."""
        self.changes: dict[str, dict[str, Any]] = {}
        """Record id -> what is special about it."""

    def write(self, namespace: str, changes: dict[str, Any]) -> None:
        """One record in each format; a document has its line twice, and 20 MiB are more than Kafka's client takes."""
        for as_document in (False, True)[: 1 if len(changes.get("body", "")) > 8 * MIB else 2]:
            record = log_record(self._next, **{"timestamp": NOON, "namespace": namespace, **changes})
            self._next += 1
            self.changes[record["id"]] = changes
            value, headers = self._document(record) if as_document else (CODEC.encode(record), [])
            key = f"{namespace}{self._next % 4}"
            enqueue(self._producer, self._topic, value, key, headers=headers, on_delivery=self._noted(record["id"]))

    def _document(self, record: dict[str, Any]) -> tuple[bytes, list[tuple[str, bytes]]]:
        document = self._documents.document(record, shared_part(record["resource"]))
        return document, [(ID_HEADER, record["id"].encode()), (DAY_HEADER, day_of(record["timestamp"]))]

    def _noted(self, id_: str) -> Any:
        def delivered(error: KafkaError | None, message: Message) -> None:
            assert error is None, (error, self.changes[id_])
            self.ids[message.partition(), message.offset()] = id_

        return delivered

    def finish(self) -> None:
        assert self._producer.flush(60) == 0


def wait_until_committed(pipeline: Pipeline, records: int) -> None:
    consumer = Consumer(client_config(pipeline.settings.kafka, "reader") | {"group.id": f"{pipeline.index}-search"})
    places = [TopicPartition(f"{pipeline.index}.app", partition) for partition in range(4)]

    def committed() -> int:
        return sum(max(0, each.offset) for each in consumer.committed(places, timeout=10))

    pipeline.wait_until(committed, lambda found: found >= records, f"{records} committed", 40)
    consumer.close()


def fields_of(mapping: dict[str, Any]) -> int:
    """Fields as Elasticsearch counts them: objects and multi-fields too."""
    children = [*mapping.get("properties", {}).values(), *mapping.get("fields", {}).values()]
    return sum(1 + fields_of(each) for each in children)


def found(pipeline: Pipeline, terms: dict[str, str]) -> int:
    """Documents with these values in these fields."""
    filters = [{"term": {name: value}} for name, value in terms.items()]
    return int(pipeline.ask(f"/{pipeline.index}-*/_count", {"query": {"bool": {"filter": filters}}})["count"])


def ids(pipeline: Pipeline) -> list[str]:
    """Of all documents, without their sources: some are nested deeper than Python's parser goes."""
    query = {"size": 10_000, "_source": False, "sort": ["_doc"]}
    return [hit["_id"] for hit in pipeline.ask(f"/{pipeline.index}-*/_search", query)["hits"]["hits"]]


def explode(pipeline: Pipeline) -> Writer:
    """Let a namespace log all of this, and another one the same before and after it."""
    writer = Writer(pipeline)
    for _ in range(SHOP):
        writer.write("shop", {"attributes": SHOPPING})
    writer.finish()
    pipeline.wait_for_documents(2 * SHOP)
    for changes in wild():
        writer.write("wild", changes)
    for _ in range(SHOP):
        writer.write("shop", {"attributes": SHOPPING})
    writer.finish()
    wait_until_committed(pipeline, len(writer.ids))
    pipeline.ask(f"/{pipeline.index}-*/_refresh")
    return writer


def judge_dead_letters(pipeline: Pipeline, writer: Writer) -> None:
    """Every record is in one place; in the dead letters are those alone that no form of a document can hold."""
    dead = [writer.ids[each["partition"], each["topic_offset"]] for each in pipeline.dead_letters()]
    assert sorted([*ids(pipeline), *dead]) == sorted(writer.ids.values())
    refused = {writer.changes[id_]["attributes"] for id_ in dead}
    too_deep = {nested(depth, as_list=as_list) for depth in (1005, 2000) for as_list in (False, True)}
    assert {*NO_JSON} <= refused <= {*NO_JSON, *too_deep}


def judge_shop(pipeline: Pipeline) -> None:
    """What the others log is found by its fields, the old as the new."""
    shop = {"kubernetes.namespace_name": "shop", "kubernetes.labels.app": "numbers-api"}
    assert found(pipeline, shop | {"attributes.user": "ada", "attributes.cart.size": "3"}) == 4 * SHOP


def judge_mapping(pipeline: Pipeline) -> None:
    """No index has more fields than it may; that of the day has as many."""
    limits = {
        index: int(body["settings"]["index"]["mapping"]["total_fields"]["limit"])
        for index, body in pipeline.ask(f"/{pipeline.index}-*/_settings").items()
    }
    fields = {
        index: fields_of(body["mappings"]) for index, body in pipeline.ask(f"/{pipeline.index}-*/_mapping").items()
    }
    assert [index for index, count in fields.items() if count > limits[index]] == []
    today = f"{pipeline.index}-2026.11.21"
    assert fields[today] > 0.9 * limits[today]


def judge_large_ones(pipeline: Pipeline, writer: Writer) -> None:
    """10 MiB in one line are searchable by a word and come back whole."""
    large = {id_: changes["body"] for id_, changes in writer.changes.items() if "body" in changes}
    assert sorted(len(text) // MIB for text in large.values()) == [5, 5, 5, 5, 10]
    index = f"{pipeline.index}-2026.11.21"
    for id_, text in large.items():
        assert pipeline.ask(f"/{index}/_doc/{id_}")["_source"]["message"] == text
        word = {"bool": {"filter": [{"ids": {"values": [id_]}}, {"match": {"log": text[-9:]}}]}}
        assert len(text.split()) == 1 or pipeline.ask(f"/{index}/_count", {"query": word})["count"] == 1


def judge_times(pipeline: Pipeline, writer: Writer) -> None:
    """Each record is in the index of its day, be it in 1970 or in 2100."""
    strange = [id_ for id_, changes in writer.changes.items() if "timestamp" in changes]
    query = {"query": {"ids": {"values": strange}}, "size": 100, "_source": ["@timestamp"]}
    hits = pipeline.ask(f"/{pipeline.index}-*/_search", query)["hits"]["hits"]
    days = [(hit["_index"].removeprefix(f"{pipeline.index}-"), hit["_source"]["@timestamp"][:10]) for hit in hits]
    assert sorted(days) == sorted((day.replace("-", "."), day) for day in 2 * DAYS)


def test_an_explosion_of_fields_harms_nobody_and_loses_nothing(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    pipeline.start("search")
    writer = explode(pipeline)
    judge_dead_letters(pipeline, writer)
    judge_shop(pipeline)
    judge_mapping(pipeline)
    judge_large_ones(pipeline, writer)
    judge_times(pipeline, writer)
    assert found(pipeline, {"logferry.flags": "reshaped"}) > 0
