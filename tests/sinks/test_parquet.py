"""Parquet objects have one schema, typed, whatever their records hold."""

from __future__ import annotations

import io
import json
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import SettingsError
from schemas.settings import parse_settings
from schemas.settings.sinks.object_storage import COLUMNS
from sinks.object_storage.attributes import attribute_map, parsed, promoted
from sinks.object_storage.parquet import RESERVED, ROW_GROUP_ROWS, ParquetWriter
from sinks.object_storage.told import METADATA_KEY
from tests.sinks.buffering import add, filled, new, objects
from tests.sinks.records import HOUR, NOON, log_record, message

TEXTS = pa.map_(pa.string(), pa.string())
PROMOTE = {"status": "int64", "took": "float64", "ok": "bool", "user": "string"}


def table(records: list[dict[str, Any]], **more: Any) -> pa.Table:
    buffer = new("parquet", **more)
    assert add(buffer, [message(number, record) for number, record in enumerate(records)]) == []
    (found,) = objects(buffer)
    return pq.read_table(io.BytesIO(found.body))


def test_every_field_has_its_type_and_its_value():
    record = log_record(7)
    found = table([record])
    assert found.schema.field("timestamp").type == pa.timestamp("ns", tz="UTC")
    assert [found.schema.field(name).type for name in ("labels", "annotations", "attributes")] == [TEXTS] * 3
    assert found.column("timestamp").cast(pa.int64()).to_pylist() == [record["timestamp"]]
    assert found.column("observed_timestamp").cast(pa.int64()).to_pylist() == [record["observed_timestamp"]]
    row = found.drop_columns(["timestamp", "observed_timestamp"]).to_pylist()[0]  # Python's times have no nanoseconds
    pod = record["resource"]["kubernetes"]
    same = ("id", "offset", "stream", "severity_number", "severity_text", "body", "original", "parser", "flags")
    assert {name: row[name] for name in same} == {name: record[name] for name in same}
    assert {name: dict(row[name]) for name in ("labels", "annotations")} == {
        name: pod[name] for name in ("labels", "annotations")
    }
    same = ("pod", "namespace", "pod_uid", "container", "container_id", "container_image", "restart", "resolved")
    assert {name: row[name] for name in same} == {name: pod[name] for name in same}
    assert dict(row["attributes"]) == {"status": "404"}


def test_the_schema_is_the_same_whatever_the_records_hold():
    bare = {**log_record(0)["resource"], "kubernetes": None}
    empty = {"resource": bare, "attributes": "{}", "stream": None, "severity_text": None, "original": None, "flags": []}
    one, other = table([log_record(1)], promote=PROMOTE), table([log_record(1, **empty)], promote=PROMOTE)
    assert one.schema.remove_metadata() == other.schema.remove_metadata()
    assert [other.column(name).to_pylist() for name in ("pod", "labels", "attributes")] == [[None], [None], [[]]]


def test_the_metadata_of_a_file_says_what_it_is():
    told = orjson.loads(table([log_record(1), log_record(2)]).schema.metadata[METADATA_KEY.encode()])
    same = {name: told[name] for name in ("logferry", "topic", "topic_id", "partition", "namespace", "records")}
    assert same == {
        "logferry": "1.2.3", "topic": "logs.app", "topic_id": "id", "partition": 3, "namespace": "dev", "records": 2,
    }  # fmt: skip
    assert (told["first_offset"], told["last_offset"]) == (0, 1)


def test_rows_are_by_time_in_their_row_group_and_statistics_say_of_which():
    count = ROW_GROUP_ROWS + 10
    steps = [log_record(number, timestamp=NOON + (number ^ 3) * 1000) for number in range(count)]
    buffer = filled("parquet", [message(number, record) for number, record in enumerate(steps)], at_once=5000)
    (found,) = objects(buffer)
    file = pq.ParquetFile(io.BytesIO(found.body))
    assert [file.metadata.row_group(group).num_rows for group in range(2)] == [ROW_GROUP_ROWS, 10]
    times = file.read_row_group(0, ["timestamp"]).column(0).cast(pa.int64()).to_pylist()
    assert times == sorted(times)
    columns = [file.metadata.row_group(0).column(index) for index in range(file.metadata.num_columns)]
    have = {each.path_in_schema for each in columns if each.is_stats_set}
    assert {"timestamp", "severity_number", "namespace", "id"} <= have
    assert "body" not in have


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"status": 404, "took": 1.5, "ok": True, "user": "a"}, [404, 1.5, True, "a"]),
        ({"status": "404", "took": "1", "ok": 1, "user": 1}, [None, None, None, None]),
        ({"status": True, "took": False, "ok": None, "user": None}, [None, None, None, None]),
        ({"status": 2**63, "took": 3}, [None, 3.0, None, None]),
        ({"status": 1.0, "took": 2**53 + 1, "user": ["a"]}, [None, None, None, None]),
        ({}, [None, None, None, None]),
    ],
)
def test_a_promoted_attribute_has_a_typed_column_and_stays_in_the_map(value, expected):
    found = table([log_record(1, attributes=json.dumps(value))], promote=PROMOTE)
    assert [found.column(name).to_pylist()[0] for name in PROMOTE] == expected
    assert dict(found.column("attributes").to_pylist()[0]).keys() == value.keys()
    assert [found.schema.field(name).type for name in PROMOTE] == [pa.int64(), pa.float64(), pa.bool_(), pa.string()]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


@given(st.lists(st.dictionaries(names, json_values, max_size=4), max_size=4))
def test_texts_stand_as_they_are_and_other_values_as_json(values):
    found = attribute_map(parsed([json.dumps(value) for value in values])).to_pylist()
    for row, value in zip(found, values, strict=True):
        assert dict(row).keys() == value.keys()
        for name, text in row:
            assert text == value[name] if isinstance(value[name], str) else json.loads(text) == value[name]


@given(st.lists(st.text(max_size=10) | json_values.map(json.dumps), max_size=4))
@settings(max_examples=60)
def test_whatever_stands_in_the_place_of_attributes_is_kept(texts):
    found = attribute_map(parsed(texts))
    assert len(found) == len(texts)
    for name, type_ in PROMOTE.items():
        assert len(promoted(parsed(texts), name, type_)) == len(texts)


def test_half_a_surrogate_pair_stands_as_text():
    assert attribute_map(parsed(['{"a":"\\ud800"}'])).to_pylist() == [[("a", "\\ud800")]]


def test_duckdb_reads_it(tmp_path):
    records = [log_record(number, timestamp=NOON + number * HOUR // 100) for number in range(10)]
    buffer = new("parquet", promote={"status": "int64"})
    add(buffer, [message(number, record) for number, record in enumerate(records)])
    (found,) = objects(buffer)
    (tmp_path / "a.parquet").write_bytes(found.body)
    query = "select count(*), max(status), any_value(attributes['status']), any_value(labels['app']), min(timestamp)"
    (row,) = duckdb.sql(f"{query} from '{tmp_path}/a.parquet' where timestamp >= '2026-11-21T12:01:00Z'").fetchall()
    assert row[:3] == (8, 404, "404")


def test_settings_refuse_a_promoted_attribute_with_the_name_of_a_column():
    assert COLUMNS == RESERVED
    assert set(ParquetWriter({}).schema.names) == COLUMNS
    sink = '{type: object_storage, topics: [logs.app], url: "file:///a", promote: {body: string}}'
    with pytest.raises(SettingsError, match="'body' is a column of every object"):
        parse_settings(f"routes: [{{match: '**', topic: logs.app}}]\nsinks: {{a: {sink}}}", "logferry.yaml", {})
