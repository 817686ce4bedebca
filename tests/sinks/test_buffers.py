"""Objects hold every record once, under names that a second attempt makes again."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import avro.datafile
import avro.io
import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import KINDS, Codec, Undecodable
from schemas.identity import object_folder
from sinks.consumer import offset_of
from sinks.core.decode import RecordDecoder
from sinks.object_storage.avro_container import BLOCK_BYTES, container
from sinks.object_storage.buffers import NO_NAMESPACE, ArchiveObject, AvroBuffer, Buffer, ParquetBuffer, largest
from tests.schemas.examples import example
from tests.sinks.records import CODEC, HOUR, NOON, RAW, Record, log_record, message, values

KIND_OF_BUFFER = ["parquet", "avro"]


def new(kind: str) -> Buffer:
    if kind == "parquet":
        return ParquetBuffer("logs.app", 3, 0.0, RecordDecoder())
    return AvroBuffer("logs.app", 3, 0.0, CODEC)


def filled(kind: str, records: Sequence[Record], *, at_once: int = 1000) -> Buffer:
    buffer = new(kind)
    for start in range(0, len(records), at_once):
        assert buffer.add(records[start : start + at_once]) == []  # type: ignore[arg-type]
    return buffer


def rows(each: ArchiveObject) -> list[dict[str, Any]]:
    """Records of an object, in what both formats have."""
    if each.name.endswith(".parquet"):
        return pq.read_table(io.BytesIO(each.body), columns=["id", "body", "namespace"]).to_pylist()  # type: ignore[no-any-return]
    found: list[Any] = list(fastavro.reader(io.BytesIO(each.body)))
    return [
        {"id": row["id"], "body": row["body"], "namespace": row["resource"]["kubernetes"]["namespace"]} for row in found
    ]


def numbered(records: list[dict[str, Any]], start: int = 100) -> list[Record]:
    return [message(start + 2 * number, record) for number, record in enumerate(records)]


def expected(records: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Folder -> records, in order."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        namespace = record["resource"]["kubernetes"]["namespace"]
        folder = object_folder("logs.app", record["timestamp"], namespace)
        folders.setdefault(folder, []).append({"id": record["id"], "body": record["body"], "namespace": namespace})
    return folders


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@given(records=st.lists(values, min_size=1, max_size=12), at_once=st.integers(1, 12))
def test_every_record_stands_once_in_the_object_of_its_hour_and_namespace(kind, records, at_once):
    buffer = filled(kind, numbered(records), at_once=at_once)
    found = {each.name.rpartition("/")[0]: rows(each) for each in buffer.objects()}
    assert found == expected(records)


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@given(records=st.lists(values, min_size=1, max_size=8), one=st.integers(1, 8), other=st.integers(1, 8))
def test_a_second_attempt_makes_the_same_names_with_the_same_records(kind, records, one, other):
    first, second = (filled(kind, numbered(records), at_once=size).objects() for size in (one, other))
    assert [(each.name, rows(each)) for each in first] == [(each.name, rows(each)) for each in second]


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@given(records=st.lists(values, min_size=1, max_size=8), more=st.lists(values, max_size=4))
def test_a_second_attempt_that_read_further_overwrites_all_that_the_first_wrote(kind, records, more):
    first = {each.name: rows(each) for each in filled(kind, numbered(records)).objects()}
    second = {each.name: rows(each) for each in filled(kind, numbered(records + more)).objects()}
    assert first.keys() <= second.keys()
    assert all(second[name][: len(found)] == found for name, found in first.items())


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
@given(records=st.lists(values, min_size=2, max_size=8), cut=st.integers(1, 7))
def test_objects_of_one_attempt_never_overwrite_those_of_the_one_before_it(kind, records, cut):
    everything = numbered(records)
    parts = [part for part in (everything[:cut], everything[cut:]) if part]
    names = [each.name for part in parts for each in filled(kind, part).objects()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
def test_an_object_is_named_by_the_offset_of_its_own_first_record(kind):
    records = [log_record(1, timestamp=NOON), log_record(2, timestamp=NOON + HOUR), log_record(3, timestamp=NOON)]
    found = [each.name for each in filled(kind, numbered(records)).objects()]
    assert found == [
        f"logs.app/dt=2026-11-21/hour=12/dev/3-00000000000000000100.{kind}",
        f"logs.app/dt=2026-11-21/hour=13/dev/3-00000000000000000102.{kind}",
    ]


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
def test_what_cannot_be_read_comes_back_and_its_neighbours_stay(kind):
    buffer = new(kind)
    good = message(5, log_record(1))
    bad = [Record(6, b"key", b"nonsense"), Record(7, b"key", None), Record(8, b"", CODEC.header + b"\xff")]
    rejected = buffer.add([good, *bad, message(9, log_record(2))])  # type: ignore[list-item]
    assert sorted(offset_of(record) for record, _ in rejected) == [6, 7, 8]
    assert all(isinstance(problem, Undecodable) for _, problem in rejected)
    assert [each.records for each in buffer.objects()] == [2]


@pytest.mark.parametrize("kind", KIND_OF_BUFFER)
def test_nothing_readable_makes_no_object(kind):
    buffer = new(kind)
    buffer.add([Record(6, b"key", b"nonsense")])  # type: ignore[list-item]
    assert list(buffer.objects()) == []


def test_parquet_holds_every_field_with_its_type():
    record = log_record(7)
    table = pq.read_table(io.BytesIO(next(iter(filled("parquet", [message(0, record)]).objects())).body))
    assert table.schema.field("timestamp").type == pa.timestamp("ns", tz="UTC")
    row = table.drop_columns(["timestamp", "observed_timestamp"]).to_pylist()[0]  # Python's times have no nanoseconds
    pod = record["resource"]["kubernetes"]
    assert table.column("timestamp").cast(pa.int64()).to_pylist() == [record["timestamp"]]
    assert table.column("observed_timestamp").cast(pa.int64()).to_pylist() == [record["observed_timestamp"]]
    same = ("id", "offset", "stream", "severity_number", "severity_text", "body", "original", "attributes")
    assert {name: row[name] for name in same} == {name: record[name] for name in same}
    assert (dict(row["labels"]), dict(row["annotations"])) == (pod["labels"], pod["annotations"])
    assert (row["namespace"], row["pod"], row["restart"], row["node"]) == ("dev", pod["pod"], 1, "node-1")


def test_parquet_of_records_without_pod_lies_under_no_namespace():
    resource = {**log_record(0)["resource"], "kubernetes": None}
    found = next(iter(filled("parquet", [message(0, log_record(0, resource=resource))]).objects()))
    assert f"/{NO_NAMESPACE}/" in found.name
    assert pq.read_table(io.BytesIO(found.body)).column("pod").to_pylist() == [None]


def test_raw_chunks_are_kept_byte_for_byte_by_the_hour_they_were_read():
    buffer = AvroBuffer("logs.raw", 3, 0.0, RAW)
    chunk = example("raw_chunk")
    assert buffer.add([Record(9, b"key", RAW.encode(chunk), "logs.raw")]) == []  # type: ignore[list-item]
    (found,) = buffer.objects()
    assert found.name == "logs.raw/dt=2026-11-21/hour=01/dev/3-00000000000000000009.avro"
    assert list(fastavro.reader(io.BytesIO(found.body))) == [chunk]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_container_is_read_by_fastavro_and_by_apache_avro(kind, count):
    codec = Codec(kind)
    body = codec.encode(example(kind))[len(codec.header) :]
    made = container(kind, [body] * count, "name")
    assert list(fastavro.reader(io.BytesIO(made))) == [example(kind)] * count
    with avro.datafile.DataFileReader(io.BytesIO(made), avro.io.DatumReader()) as reader:
        assert list(reader) == [example(kind)] * count


def test_a_large_container_has_several_blocks():
    codec = Codec("raw_chunk")
    chunk = {**example("raw_chunk"), "payload": b"x" * (BLOCK_BYTES // 3)}
    made = container("raw_chunk", [codec.encode(chunk)[len(codec.header) :]] * 10, "name")
    assert [block.num_records for block in fastavro.block_reader(io.BytesIO(made))] == [3, 3, 3, 1]


def test_the_same_records_under_the_same_name_make_the_same_bytes():
    bodies = [CODEC.encode(log_record(number))[len(CODEC.header) :] for number in range(5)]
    assert container("log_record", bodies, "a") == container("log_record", bodies, "a")
    assert container("log_record", bodies, "a") != container("log_record", bodies, "b")


def test_the_largest_buffer_is_the_one_that_holds_most_bytes():
    small, big = filled("avro", numbered([log_record(1)])), filled("avro", numbered([log_record(1), log_record(2)]))
    assert largest([small, big]) is big


def test_attributes_are_kept_as_json_text():
    table = pq.read_table(io.BytesIO(next(iter(filled("parquet", [message(0, log_record(1))]).objects())).body))
    assert json.loads(table.column("attributes").to_pylist()[0]) == {"status": 404}
