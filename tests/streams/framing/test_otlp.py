"""Log records of OpenTelemetry, in both encodings."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from schemas.identity import record_id
from streams.core import entries
from tests.schemas.examples import example
from tests.streams.framing.chunks import LIFE, OBSERVED, chunk, only, outcome_of
from tests.streams.framing.samples import OTLP_JSON, SPAN, TRACE, otlp_request


def request(**record: Any) -> ExportLogsServiceRequest:
    made = ExportLogsServiceRequest()
    made.resource_logs.add().scope_logs.add().log_records.add(**record)
    return made


def read(made: ExportLogsServiceRequest) -> dict[str, Any]:
    return only("otlp", made.SerializeToString())


def test_a_record_is_read_with_its_scope_and_resource() -> None:
    one, two = outcome_of(chunk("otlp", otlp_request().SerializeToString())).records
    assert (one["body"], one["timestamp"], one["observed_timestamp"]) == (
        "Example log record", 1544712660300000000, 1544712660400000000,
    )  # fmt: skip
    assert (one["severity_number"], one["severity_text"], one["trace_id"], one["span_id"]) == (
        10,
        "Information",
        TRACE,
        SPAN,
    )
    assert one["attributes"] == {
        "string.attribute": "some string", "boolean.attribute": True, "int.attribute": 10, "double.attribute": 637.704,
        "array.attribute": ["many", "values"], "map.attribute": {"some.map.key": "v"}, "event.name": "order.placed",
        "resource.service.name": "shop", "scope.name": "my.library", "scope.version": "1.0.0",
    }  # fmt: skip
    assert (two["body"], two["severity_number"], two["observed_timestamp"], two["offset"]) == (
        '{"n":1}',
        0,
        OBSERVED,
        1,
    )
    assert (two["id"], two["parser"], two["trace_id"]) == (record_id(LIFE, 1), "otlp", None)


def test_the_example_of_the_json_encoding_is_read() -> None:
    found = only("otlp_json", OTLP_JSON)
    assert (found["body"], found["trace_id"], found["span_id"]) == ("Example log record", TRACE, SPAN)
    assert found["attributes"] == {
        "string.attribute": "some string", "int.attribute": 10, "double.attribute": 637.704,
        "map.attribute": {"some.map.key": "some value"}, "resource.service.name": "my.service",
        "scope.name": "my.library", "scope.version": "1.0.0", "scope.my.scope.attribute": "some scope attribute",
    }  # fmt: skip


def test_both_encodings_make_the_same_records() -> None:
    made = otlp_request()
    as_json = json_format.MessageToDict(made)
    for record in as_json["resourceLogs"][0]["scopeLogs"][0]["logRecords"][:1]:
        record["traceId"], record["spanId"] = TRACE, SPAN
    from_json = outcome_of(chunk("otlp_json", json_format.json.dumps(as_json).encode())).records
    assert from_json == outcome_of(chunk("otlp", made.SerializeToString())).records


@pytest.mark.parametrize(
    ("record", "number", "level"),
    [
        ({"severity_number": 17}, 17, "ERROR"), ({"severity_text": "Warning"}, 13, "Warning"),
        ({"severity_text": "odd"}, 0, "odd"), ({"severity_number": 99, "severity_text": "fatal"}, 21, "fatal"),
        ({"severity_number": -3}, 0, None), ({}, 0, None),
    ],
)  # fmt: skip
def test_a_severity_is_a_number_a_text_or_unknown(record: dict[str, Any], number: int, level: str | None) -> None:
    found = read(request(**record))
    assert (found["severity_number"], found["severity_text"]) == (number, level)


def test_a_text_without_severity_is_looked_into_and_one_with_it_is_not() -> None:
    made = request()
    record = made.resource_logs[0].scope_logs[0].log_records[0]
    record.body.string_value = '{"level":"error","msg":"no","n":1}'
    found = read(made)
    assert (found["body"], found["severity_number"], found["attributes"], found["parser"]) == (
        "no",
        17,
        {"n": 1},
        "json",
    )
    record.severity_number = 9
    found = read(made)
    assert (found["body"], found["severity_number"], found["original"]) == (record.body.string_value, 9, None)


def test_times_that_are_not_there_or_out_of_range_are_those_of_the_receipt() -> None:
    found = read(request(time_unix_nano=2**64 - 1, observed_time_unix_nano=0))
    assert (found["timestamp"], found["observed_timestamp"]) == (OBSERVED, OBSERVED)
    found = read(request(observed_time_unix_nano=7))
    assert (found["timestamp"], found["observed_timestamp"]) == (7, 7)


@pytest.mark.parametrize("trace", [b"", b"\0" * 16, b"\1" * 15])
def test_an_id_of_zeros_or_another_length_is_none(trace: bytes) -> None:
    assert read(request(trace_id=trace))["trace_id"] is None


def test_values_that_json_does_not_have_are_kept_as_text() -> None:
    made = request(flags=0x101, dropped_attributes_count=2)
    attributes = made.resource_logs[0].scope_logs[0].log_records[0].attributes
    attributes.add(key="nan").value.double_value = float("nan")
    attributes.add(key="bytes").value.bytes_value = b"\xff\x00"
    attributes.add(key="none")
    assert read(made)["attributes"] == {
        "nan": "nan", "bytes": "/wA=", "none": None, "trace_flags": 1, "dropped_attributes_count": 2,
    }  # fmt: skip


def test_a_resource_that_names_its_pod_gives_its_records_the_pods_identity_and_tag() -> None:
    made = request()
    told = {
        "k8s.namespace.name": "dev", "k8s.pod.name": "shop-1", "k8s.pod.uid": "uid-1", "k8s.container.name": "app",
        "k8s.pod.labels.app": "shop", "container.id": "abc", "service.name": "shop",
    }  # fmt: skip
    for name, value in told.items():
        made.resource_logs[0].resource.attributes.add(key=name).value.string_value = value
    made.resource_logs[0].resource.attributes.add(key="k8s.container.restart_count").value.int_value = 2
    made.resource_logs.add().scope_logs.add().log_records.add()
    payload = made.SerializeToString()
    one, other = outcome_of(chunk("otlp", payload, source_tag=None)).records
    described = one["resource"]["kubernetes"]
    assert (one["resource"]["tag"], one["attributes"]) == ("kube.dev.shop-1.app", {"resource.service.name": "shop"})
    assert (described["pod_uid"], described["container_id"], described["restart"], described["labels"]) == (
        "uid-1", "abc", 2, {"app": "shop"},
    )  # fmt: skip
    assert (other["resource"]["kubernetes"], other["resource"]["tag"]) == (None, "host.any")
    pods = {"uid-1": {**example("pod"), "uid": "uid-1"}}
    known = outcome_of(chunk("otlp", payload), pods=pods).records[0]["resource"]
    assert (known["kubernetes"]["resolved"], known["tag"]) == (True, "given.tag")


@pytest.mark.parametrize(
    ("framing", "payload"),
    [("otlp", b"\xff\xff"), ("otlp_json", b"[]"), ("otlp_json", b"{"), ("otlp_json", b'{"resourceLogs":{"a":1}}')],
)
def test_what_is_no_request_is_a_dead_letter(framing: str, payload: bytes) -> None:
    found = outcome_of(chunk(framing, payload))
    assert (found.records, found.originals()) == ([], [payload])


def test_ids_in_json_that_are_not_hexadecimal_are_none() -> None:
    payload = (
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"xyz","spanId":7,"body":{"stringValue":"x"}}]}]}]}'
    )
    found = only("otlp_json", payload)
    assert (found["body"], found["trace_id"], found["span_id"]) == ("x", None, None)


def test_a_record_too_long_for_its_topic_is_a_dead_letter_that_can_be_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entries, "VALUE_MAX_BYTES", 5000)
    made = request()
    record = made.resource_logs[0].scope_logs[0].log_records[0]
    record.attributes.add(key="big").value.string_value = "\x01" * 1000
    made.resource_logs[0].scope_logs[0].log_records.add().body.string_value = "next"
    found = outcome_of(chunk("otlp", made.SerializeToString()))
    assert (found.bodies(), [letter["reason"] for letter in found.letters]) == (["next"], ["record_too_long"])
    again = ExportLogsServiceRequest.FromString(found.originals()[0])
    assert again.resource_logs[0].scope_logs[0].log_records[0] == record
