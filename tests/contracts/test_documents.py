"""A JSON topic holds, for every record, the document that the Elasticsearch sink makes of the same record in Avro."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example as also
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.document import DocumentWriter, day_of, shared_part
from schemas.identity import INCOMPLETE, record_id
from schemas.log_record import RecordWriter
from sinks.core.decode import RecordDecoder
from sinks.elasticsearch.document import LineBuilder, RecordLines
from tests.schemas import examples

CODEC = Codec("log_record")
NAMES = [name for name in examples.names(bad=False) if name.startswith("log_record") and examples.is_newest(name)]
PATTERNS = ["logstash-%Y.%m.%d", "weekly-%G-%V", "monthly-%y-%m", "all"]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
any_texts = st.text(max_size=30)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
attributes = st.dictionaries(texts, json_values, max_size=4).map(lambda value: orjson.dumps(value).decode())
optional = st.none() | texts
maps = st.dictionaries(texts, texts, max_size=3)
kubernetes = st.fixed_dictionaries({
    "namespace": texts, "pod": texts, "pod_uid": texts, "container": texts, "restart": st.integers(0, 2**31 - 1),
    "container_id": optional, "container_image": optional, "container_hash": optional,
    "labels": maps, "annotations": maps, "resolved": st.booleans(),
})  # fmt: skip
resources = st.fixed_dictionaries({
    "node": texts, "source_id": texts, "kind": texts, "path": texts, "incarnation": texts, "tag": texts,
    "kubernetes": st.none() | kubernetes,
})  # fmt: skip
instants = st.integers(-(2**63), 2**63 - 1)
records = st.fixed_dictionaries({
    "resource": resources,
    "id": st.builds(record_id, st.binary(min_size=8, max_size=8), st.integers(0, INCOMPLETE | (INCOMPLETE - 1))),
    "offset": st.integers(0, 2**47), "timestamp": instants, "observed_timestamp": instants,
    "stream": st.none() | st.sampled_from(["stdout", "stderr"]),
    "severity_number": st.integers(0, 24), "severity_text": optional,
    "body": texts, "original": optional, "attributes": attributes, "trace_id": optional, "span_id": optional,
    "parser": texts, "flags": st.lists(texts, max_size=3),
})  # fmt: skip


def by_stream(record: dict[str, Any], pattern: str) -> list[Any]:
    """Action and document of a record that streams wrote to a JSON topic."""
    value = DocumentWriter().document(record, shared_part(record["resource"]))
    headers = [("id", record["id"].encode()), ("day", day_of(record["timestamp"]))]
    line = LineBuilder(pattern, lambda _: True).of_document(headers, value)
    assert isinstance(line, bytes), line
    return [json.loads(part) for part in line.splitlines()]


def by_sink(record: dict[str, Any], pattern: str) -> list[Any]:
    """Action and document of the same record in Avro."""
    writer = RecordWriter(CODEC)
    rows = RecordDecoder().decode([b"key"], [writer.encode(writer.prefix(record["resource"]), record)])
    assert rows.rejected == []
    (line,) = RecordLines(pattern).lines(rows)
    return [json.loads(part) for part in line.split(b"\n")[:2]]


@given(records, st.sampled_from(PATTERNS))
def test_a_record_is_the_same_document_in_the_same_index_by_either_format(record, pattern):
    assert by_stream(record, pattern) == by_sink(record, pattern)


@pytest.mark.parametrize("name", NAMES)
def test_so_are_the_examples(name):
    assert by_stream(examples.read(name), PATTERNS[0]) == by_sink(examples.read(name), PATTERNS[0])


@given(records, any_texts, any_texts, st.dictionaries(any_texts, any_texts, max_size=3))
@also(examples.read(NAMES[0]), "\ud83d", "\n\x00\x85\u2028\x7f\x1b[31m", {"\udc00": "\ud800\udc00\ud800"})
def test_a_document_is_one_line_of_json_whatever_its_text(record, text, other, found):
    resource = {**record["resource"], "tag": text, "path": other}
    written = json.dumps(found, ensure_ascii=False)
    hostile = {**record, "body": text, "original": other, "attributes": written, "flags": [other], "parser": text}
    value = DocumentWriter().document({**hostile, "severity_text": other}, shared_part(resource))
    assert b"\n" not in value
    read = json.loads(value.decode())
    assert orjson.loads(value) == read
    assert read["message"] == with_halves_as_text(text)
    assert read["log"] == with_halves_as_text(other)
    assert read.get("attributes", {}) == {
        with_halves_as_text(key): with_halves_as_text(each) for key, each in json.loads(written).items()
    }


def with_halves_as_text(text: str) -> str:
    r"""What UTF-8 cannot hold, as ``\udXXX``."""
    return text.encode("utf-8", "backslashreplace").decode()
