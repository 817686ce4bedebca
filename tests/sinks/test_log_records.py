"""A record is the same whether its topic holds Avro or documents."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Undecodable
from schemas.document import DocumentWriter, day_of, shared_part
from schemas.document_reader import nanos, read_document
from sinks.documents import DocumentBuilder
from sinks.log_records import RecordBuilder
from tests.sinks.records import log_record, values
from tests.sinks.test_lines import in_avro, in_json, record


def no_documents(_: str) -> bool:
    return False


def known(found: dict[str, Any]) -> dict[str, Any]:
    """What a document tells too."""
    pod = found["resource"]["kubernetes"]
    resource = {**found["resource"], "kubernetes": pod and {**pod, "restart": 0}}
    return {**found, "resource": resource}


def test_records_of_both_formats_are_the_same():
    (avro,), (document,) = (
        RecordBuilder(no_documents).build(cast("Any", [each])).pieces for each in (in_avro(3), in_json(3))
    )
    document["resource"]["source_id"] = avro["resource"]["source_id"]
    assert known(document) == known(avro)
    assert avro["attributes"] == {"status": 404}


def test_documents_of_both_formats_are_the_same():
    pieces = DocumentBuilder(no_documents).build(cast("Any", [in_avro(3), in_json(3)])).pieces
    assert pieces[0] == pieces[1]
    assert (pieces[0].id, pieces[0].day) == (log_record(3)["id"], "2026-11-21")


@given(values)
def test_any_record_comes_back_from_its_document(value):
    headers = [("id", value["id"].encode()), ("day", day_of(value["timestamp"]))]
    line = DocumentWriter().document(value, shared_part(value["resource"]))
    (found,) = RecordBuilder(no_documents).build(cast("Any", [record(1, line, headers)])).pieces
    assert known(found) == known(
        {**value, "resource": {**value["resource"], "source_id": "key"}, "attributes": json.loads(value["attributes"])}
    )


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.text(max_size=5), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_what_is_none_of_our_documents_is_said_to_be_none(value):
    assert isinstance(read_document(b"key", "id", value), Undecodable)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("2100-01-01T00:00:00.000000001Z", 4_102_444_800_000_000_001),
    ],
)
def test_times_have_nine_decimals_at_most(text, expected):
    assert nanos(text) == expected


@pytest.mark.parametrize("text", ["", "2026-11-21", "2026-11-21T00:00:00+01:00", "2026-13-01T00:00:00Z"])
def test_other_times_are_none(text):
    with pytest.raises(ValueError, match=r"time|month"):
        nanos(text)
