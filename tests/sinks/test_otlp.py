"""The destination `otlp`: records in OpenTelemetry's own words, and what a collector's answers mean."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from schemas.settings import parse_settings
from sinks.otlp.attributes import any_value
from sinks.otlp.record import log_record as exported
from sinks.otlp.request import Exported, record_field, request
from sinks.otlp.resource import resource
from sinks.otlp.sink import OtlpDestination
from sinks.verdict import Done, Reject, Retry, Verdict
from tests.sinks.arrived import arrived, arrived_document
from tests.sinks.http_answers import Answering, Asked, Told
from tests.sinks.peers.otlp import Receiver, uid
from tests.sinks.records import NOON, log_record


def plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values)
    if kind == "array_value":
        return [plain(each) for each in value.array_value.values]
    return None if kind is None else getattr(value, kind)


def attributes(found: Iterable[KeyValue]) -> dict[str, Any]:
    return {each.key: plain(each.value) for each in found}


def destination(url: str, **changes: Any) -> OtlpDestination:
    sink = {"type": "otlp", "topics": ["logs.app"], "url": url, **changes}
    return OtlpDestination("collector", parse_settings(json.dumps({"sinks": {"collector": sink}}), "logferry.yaml", {}))


def record(**changes: Any) -> dict[str, Any]:
    return {**log_record(1), "attributes": {}, "flags": [], **changes}


def resource_of(*, with_annotations: bool = False, **kubernetes: Any) -> dict[str, Any]:
    of = log_record(1)["resource"]
    pod = {**of["kubernetes"], "labels": {}, "annotations": {}, **kubernetes}
    return attributes(resource({**of, "kubernetes": pod}, annotations=with_annotations).attributes)


# -- what is sent ----------------------------------------------------------------------------------------------------


def test_a_record_has_the_fields_of_the_log_data_model() -> None:
    found = exported(
        record(
            timestamp=NOON, observed_timestamp=NOON + 5, severity_number=17, severity_text="E", body="refused",
            original='{"msg":"refused"}', stream="stderr", trace_id="0af7651916cd43dd8448eb211c80319c",
            span_id="b7ad6b7169203331", attributes={"status": 503, "ok": False}, flags=["split"], parser="json",
        )
    )  # fmt: skip
    assert (found.time_unix_nano, found.observed_time_unix_nano) == (NOON, NOON + 5)
    assert (found.severity_number, found.severity_text, found.body.string_value) == (17, "E", "refused")
    assert (found.trace_id.hex(), found.span_id.hex()) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    assert attributes(found.attributes) == {
        "status": 503,
        "ok": False,
        "log.iostream": "stderr",
        "log.record.original": '{"msg":"refused"}',
        "log.record.uid": log_record(1)["id"],
        "logferry.flags": ["split"],
        "logferry.parser": "json",
    }


@pytest.mark.parametrize("trace", ["", "xyz", "00", "0" * 32, "é" * 32])
def test_what_is_no_trace_id_stays_as_an_attribute(trace: str) -> None:
    found = exported(record(trace_id=trace, span_id=None))
    assert (found.trace_id, attributes(found.attributes).get("trace_id")) == (b"", trace or None)


def test_times_and_severities_beyond_the_protocol_are_unknown() -> None:
    found = exported(record(timestamp=-1, observed_timestamp=1 << 64, severity_number=99))
    assert (found.time_unix_nano, found.observed_time_unix_nano, found.severity_number) == (0, 0, 0)


def test_a_log_that_says_a_uid_of_its_own_does_not_get_away_with_it() -> None:
    found = exported(record(attributes={"log.record.uid": "forged"}))
    assert attributes(found.attributes)["log.record.uid"] == log_record(1)["id"]


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3),
)  # fmt: skip


@given(json_values)
def test_any_value_of_json_keeps_its_type(value: Any) -> None:
    found = plain(AnyValue.FromString(any_value(value).SerializeToString()))
    assert (found, type(found)) == (value, type(value))


def test_what_the_protocol_cannot_hold_is_kept_as_text() -> None:
    assert plain(any_value({"n": 1 << 63, "half\ud800": "a\udfffb"})) == {"n": str(1 << 63), "half\\ud800": "a\\udfffb"}


def test_where_a_record_is_from_is_told_by_the_semantic_conventions() -> None:
    found = resource_of(
        labels={"app": "cart", "app.kubernetes.io/name": "shop", "app.kubernetes.io/version": "1.4"},
        annotations={"resource.opentelemetry.io/deployment.environment.name": "prod", "other": "x"},
        namespace="dev", pod="cart-1", pod_uid="u", container="app", container_id="c0ffee", restart=0,
        container_image="registry:5000/shop/cart:1.4", container_hash="shop/cart@sha256:ab",
    )  # fmt: skip
    of = log_record(1)["resource"]
    assert found == {
        "service.name": "shop",
        "service.namespace": "dev",
        "service.version": "1.4",
        "deployment.environment.name": "prod",
        "host.name": of["node"],
        "k8s.node.name": of["node"],
        "k8s.namespace.name": "dev",
        "k8s.pod.name": "cart-1",
        "k8s.pod.uid": "u",
        "k8s.pod.label.app": "cart",
        "k8s.pod.label.app.kubernetes.io/name": "shop",
        "k8s.pod.label.app.kubernetes.io/version": "1.4",
        "k8s.container.name": "app",
        "k8s.container.restart_count": 0,
        "container.id": "c0ffee",
        "container.image.name": "registry:5000/shop/cart",
        "container.image.tags": ["1.4"],
        "container.image.repo_digests": ["shop/cart@sha256:ab"],
        "log.file.path": of["path"],
        "logferry.tag": of["tag"],
        "logferry.source_id": of["source_id"],
    }


@pytest.mark.parametrize(
    ("image", "name", "tags"),
    [
        ("nginx", "nginx", None), ("nginx:1", "nginx", ["1"]), ("host:5000/nginx", "host:5000/nginx", None),
        ("a/b:1@sha256:cd", "a/b", ["1"]), ("", None, None),
    ],
)  # fmt: skip
def test_an_image_is_a_name_and_a_tag(image: str, name: str | None, tags: list[str] | None) -> None:
    found = resource_of(container_image=image, container_hash=None)
    assert (found.get("container.image.name"), found.get("container.image.tags")) == (name, tags)


def test_annotations_are_sent_where_they_are_asked_for() -> None:
    assert "k8s.pod.annotation.a" not in resource_of(annotations={"a": "1"})
    assert resource_of(with_annotations=True, annotations={"a": "1"})["k8s.pod.annotation.a"] == "1"


def test_what_comes_from_no_pod_has_a_host_and_a_path() -> None:
    of: Mapping[str, Any] = {**log_record(1)["resource"], "kubernetes": None, "source_id": "", "tag": "host.syslog"}
    assert attributes(resource(of, annotations=True).attributes) == {
        "host.name": of["node"], "log.file.path": of["path"], "logferry.tag": "host.syslog",
    }  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["a", "b", ""]), st.text(st.characters(codec="utf-8"))), max_size=20))
def test_a_request_put_together_is_what_the_protocol_says(found: list[tuple[str, str]]) -> None:
    pieces = []
    for number, (node, body) in enumerate(found):
        of = resource({**log_record(1)["resource"], "node": node}, annotations=False).SerializeToString()
        pieces.append(Exported(str(number), of, record_field(exported(record(body=body)).SerializeToString())))
    read = ExportLogsServiceRequest.FromString(request(pieces))
    groups = {
        attributes(each.resource.attributes).get("host.name", ""): [
            one.body.string_value for one in each.scope_logs[0].log_records
        ]
        for each in read.resource_logs
    }
    assert groups == {node: [body for of, body in found if of == node] for node, _ in found}
    assert {each.scope_logs[0].scope.name for each in read.resource_logs} <= {"logferry"}


def test_our_own_receiver_takes_it_and_finds_records_grouped_by_where_they_are_from() -> None:
    receiver = Receiver()
    try:
        made = destination(f"http://127.0.0.1:{receiver.port}")
        records = [arrived(1, namespace="a"), arrived_document(2, namespace="b"), arrived(3, namespace="a")]
        assert made.send(made.build(records).pieces) == [Done.DELIVERED] * 3
        made.close()
        assert sorted(map(uid, receiver.records())) == sorted(log_record(number)["id"] for number in (1, 2, 3))
        assert [len(each.scope_logs[0].log_records) for each in receiver.requests()[0].resource_logs] == [2, 1]
    finally:
        receiver.close()


# -- what is answered ------------------------------------------------------------------------------------------------


def sent(told: Told, count: int = 4) -> tuple[list[Verdict], list[Asked]]:
    with Answering(lambda _: told) as server:
        made = destination(f"{server.url}/logs")
        verdicts = made.send(made.build([arrived(number) for number in range(count)]).pieces)
        made.close()
    return verdicts, server.asked


def partial(rejected: int, message: str = "") -> Told:
    response = ExportLogsServiceResponse()
    response.partial_success.rejected_log_records = rejected
    response.partial_success.error_message = message
    return Told(200, response.SerializeToString(), (("content-type", "application/x-protobuf"),))


def test_an_export_goes_to_the_address_that_was_given() -> None:
    verdicts, (asked,) = sent(Told())
    assert (verdicts, asked.path) == ([Done.DELIVERED] * 4, "/in/logs")
    assert (asked.headers["content-type"], asked.headers["content-encoding"]) == ("application/x-protobuf", "gzip")
    assert len(ExportLogsServiceRequest.FromString(gzip.decompress(asked.body)).resource_logs) == 1


def test_an_address_without_a_path_gets_that_of_otlp() -> None:
    assert destination("http://localhost:4318/")._settings.url == "http://localhost:4318/v1/logs"
    assert destination("http://localhost/otlp")._settings.url == "http://localhost/otlp"


@pytest.mark.parametrize("status", [401, 403, 404, 407, 408, 429, 502, 503, 504])
def test_what_says_nothing_about_records_is_tried_again(status: int) -> None:
    verdicts, asked = sent(Told(status, headers=(("Retry-After", "3"),)))
    assert [(type(each), each.after_secs) for each in verdicts if isinstance(each, Retry)] == [(Retry, 3.0)] * 4
    assert len(asked) == 1


@pytest.mark.parametrize("status", [400, 405, 413, 422, 500, 501])
def test_what_the_protocol_forbids_to_send_again_is_divided_and_rejected(status: int) -> None:
    verdicts, asked = sent(Told(status, b"bad data"))
    assert verdicts == [Reject(f"status {status}: bad data")] * 4
    assert len(asked) == 7  # 4, 2, 1, 1, 2, 1, 1: no request is sent twice


def test_a_partial_success_is_not_sent_again_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        verdicts, asked = sent(partial(1, "too old"))
    assert sorted(str(each) for each in verdicts) == ["Done.DELIVERED"] * 3 + ["Done.REFUSED_UNNAMED"]
    assert len(asked) == 1
    assert "1 of 4 records were refused" in caplog.text
    assert "too old" in caplog.text
    assert log_record(0)["id"] in caplog.text


def test_when_all_are_rejected_it_is_known_which() -> None:
    assert sent(partial(4, "too old"))[0] == [Reject("rejected by the server: too old")] * 4
    assert sent(partial(9))[0] == [Reject("rejected by the server: it does not say why")] * 4


def test_a_warning_is_passed_on_and_rejects_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert sent(partial(0, "slow down"))[0] == [Done.DELIVERED] * 4
    assert "slow down" in caplog.text


@pytest.mark.parametrize("body", [b"ok", b"{}", b'{"partialSuccess":{}}', b"\xff\xff\xff"])
def test_an_answer_that_is_no_protobuf_is_a_success(body: bytes) -> None:
    assert sent(Told(200, body))[0] == [Done.DELIVERED] * 4
