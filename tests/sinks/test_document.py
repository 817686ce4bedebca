"""A record becomes the document that dashboards for fluentd and Fluent Bit expect, in lines that nothing breaks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.document import iso_time
from schemas.identity import index_name
from schemas.severity import SEVERITIES
from sinks.core.decode import RecordDecoder
from sinks.elasticsearch.document import RecordLines
from tests.sinks.records import CODEC, log_record, values

PATTERN = "logstash-%Y.%m.%d"


def lines(*records: dict[str, Any]) -> list[bytes]:
    rows = RecordDecoder().decode([b"key"] * len(records), [CODEC.encode(record) for record in records])
    assert rows.rejected == []
    return list(RecordLines(PATTERN).lines(rows))


def document(record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lines(record)[0].split(b"\n")[1])
    return found


def test_a_document_has_the_fields_of_the_design():
    record = log_record(7)
    resource, pod = record["resource"], record["resource"]["kubernetes"]
    assert document(record) == {
        "@timestamp": "2026-11-21T01:02:03.000000004Z",
        "log": record["original"],
        "message": record["body"],
        "stream": "stdout",
        "tag": resource["tag"],
        "severity": "ERROR",
        "severity_text": "error",
        "severity_number": 17,
        "attributes": {"status": 404},
        "trace_id": record["trace_id"],
        "span_id": record["span_id"],
        "kubernetes": {
            "namespace_name": "dev",
            "pod_name": pod["pod"],
            "pod_id": pod["pod_uid"],
            "container_name": "api",
            "container_image": pod["container_image"],
            "container_hash": pod["container_hash"],
            "host": "node-1",
            "labels": {"app": "numbers-api", "app.kubernetes.io/name": "numbers-api"},
            "annotations": {"example.com/owner": "team-numbers"},
        },
        "docker": {"container_id": pod["container_id"]},
        "logferry": {
            "node": "node-1",
            "path": resource["path"],
            "incarnation": resource["incarnation"],
            "offset": 7,
            "observed_timestamp": "2026-11-21T01:02:03.250000004Z",
            "parser": "json",
            "flags": ["split"],
        },
    }


def test_a_record_of_no_pod_with_nothing_found_in_it_has_few_fields():
    resource = {**log_record(0)["resource"], "kubernetes": None, "tag": "host.syslog"}
    plain = dict.fromkeys(("original", "trace_id", "span_id", "severity_text", "stream"))
    record = log_record(0, resource=resource, severity_number=0, attributes="{}", flags=[], parser="text", **plain)
    found = document(record)
    assert found["log"] == found["message"] == record["body"]
    assert {key for key, value in found.items() if value is not None} == {
        "@timestamp", "log", "message", "tag", "severity_number", "logferry",
    }  # fmt: skip


def test_the_action_names_the_record_id_and_the_index_of_its_day():
    record = log_record(7)
    action = json.loads(lines(record)[0].split(b"\n")[0])
    assert action == {"create": {"_index": "logstash-2026.11.21", "_id": record["id"]}}


@pytest.mark.parametrize("number", range(1, 25))
def test_severity_is_shown_by_its_short_name(number):
    assert document(log_record(0, severity_number=number))["severity"] == SEVERITIES[number - 1].upper()


@given(
    st.lists(values, min_size=1, max_size=5),
    st.text(max_size=30),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
    st.one_of(st.text(max_size=30), st.just('{"a":\n1}'), st.just('{"a":"b\\nc"}')),
)
def test_every_document_is_two_lines_whatever_stands_in_its_record(records, text, labels, attributes):
    resource = records[0]["resource"]
    records[0] = {
        **records[0],
        "body": text,
        "original": text + "\n\x00\u2028",
        "resource": {**resource, "tag": text, "kubernetes": {**resource["kubernetes"], "labels": labels}},
    }
    for record, found in zip(records, lines(*records), strict=True):
        action, source, end = found.split(b"\n")
        assert end == b""
        assert json.loads(action)["create"]["_index"] == index_name(PATTERN, record["timestamp"])
        assert json.loads(source)["message"] == record["body"]
    hostile = lines({**records[0], "attributes": attributes})[0]
    assert hostile.count(b"\n") == 2


def test_line_breaks_between_attributes_break_nothing():
    assert document(log_record(0, attributes='{"a":\n1}'))["attributes"] == {"a": 1}


def test_an_id_that_is_none_of_ours_breaks_no_line():
    found = lines(log_record(0, id='x"}}\n{"delete":{"_id":"1'))[0]
    assert found.count(b"\n") == 2
    assert json.loads(found.split(b"\n")[0])["create"]["_id"] == 'x"}}\n{"delete":{"_id":"1'


def test_records_of_several_sources_in_one_batch_keep_their_own_resource():
    records = [log_record(number, namespace=name) for number, name in enumerate(["dev", "test", "dev", "test"])]
    found = [json.loads(line.split(b"\n")[1])["kubernetes"]["namespace_name"] for line in lines(*records)]
    assert found == ["dev", "test", "dev", "test"]


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_timestamp_is_shown_with_nine_decimals(nanos):
    assert len(iso_time(nanos)) == len("2026-11-21T01:02:03.000000004Z")
    assert iso_time(nanos)[20:29] == f"{nanos % 10**9:09d}"
