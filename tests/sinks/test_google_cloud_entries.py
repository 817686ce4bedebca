"""LogRecords as entries of Cloud Logging, judged by the vendor's own definitions."""

import orjson
import pytest
from google.logging.type.log_severity_pb2 import LogSeverity
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import record_id
from schemas.settings.sinks.google_cloud import GoogleCloudSink
from schemas.severity import SYSLOG_SEVERITIES
from sinks.google_cloud.entries import EntryBuilder
from sinks.google_cloud.severity import log_severity
from sinks.google_cloud.special import take_special
from tests.sinks.google_cloud_server import read_entry
from tests.sinks.records import log_record

NAMES = {"project": "shop-prod", "location": "europe-west3", "cluster_name": "shop"}


def settings(**changes):
    return GoogleCloudSink(type="google_cloud", topics=("logs.app",), **NAMES, **changes)


def record(**changes):
    """A record as RecordBuilder makes it."""
    return {**plain(log_record(7)), "attributes": {"status": 404}, **changes}


def plain(value):
    """Avro's unions as values."""
    if not isinstance(value, dict):
        return value
    tags = {"string", "io.logferry.Kubernetes"}
    return plain(next(iter(value.values()))) if len(value) == 1 and set(value) <= tags else {
        name: plain(each) for name, each in value.items()
    }  # fmt: skip


def entry(**changes):
    options = {name: changes.pop(name) for name in list(changes) if name in GoogleCloudSink.model_fields}
    (part,) = EntryBuilder(settings(**options)).entry(record(**changes)).parts
    return read_entry(part)


def host(**changes):
    return plain(log_record(7))["resource"] | {"kubernetes": None, "tag": "host.syslog", "path": "/var/log/syslog"}


def test_an_entry_looks_as_googles_agents_write_it():
    found = entry(severity_text="error", parser="json", flags=[])
    assert found.pop("labels") == {
        "compute.googleapis.com/resource_name": "node-1",
        "k8s-pod/app": "numbers-api",
        "k8s-pod/app_kubernetes_io/name": "numbers-api",
    }
    assert found == {
        "logName": "projects/shop-prod/logs/stdout",
        "resource": {
            "type": "k8s_container",
            "labels": {
                "project_id": "shop-prod",
                "location": "europe-west3",
                "cluster_name": "shop",
                "namespace_name": "dev",
                "pod_name": "numbers-api-7d9f6c5b8-x2lqp",
                "container_name": "api",
            },
        },
        "timestamp": "2026-11-21T01:02:03.000000004Z",
        "severity": "ERROR",
        "insertId": b"lifelife".hex() + "000000000007",
        "trace": "projects/shop-prod/traces/4bf92f3577b34da6a3ce929d0e0e4736",
        "spanId": "00f067aa0ba902b7",
        "jsonPayload": {
            "status": 404.0,
            "message": "no such number: fünf",
            "logferry": {
                "id": record_id(b"lifelife", 7),
                "observed_timestamp": "2026-11-21T01:02:03.250000004Z",
                "parser": "json",
                "severity_text": "error",
            },
        },
    }


@pytest.mark.parametrize(
    ("resource", "labels"),
    [
        ("k8s_node", {"project_id", "location", "cluster_name", "node_name"}),
        ("generic_node", {"project_id", "location", "namespace", "node_id"}),
        ("global", {"project_id"}),
    ],
)
def test_what_comes_from_no_pod_belongs_to_its_node(resource, labels):
    found = entry(resource=host(), stream=None, host_resource=resource)
    assert found["logName"] == "projects/shop-prod/logs/host.syslog"
    assert (found["resource"]["type"], set(found["resource"]["labels"])) == (resource, labels)
    assert found["jsonPayload"]["logferry"]["path"] == "/var/log/syslog"


def test_a_container_that_names_no_stream_wrote_to_stdout():
    assert entry(stream=None)["logName"] == "projects/shop-prod/logs/stdout"


def test_the_id_of_a_log_is_escaped_in_its_name():
    assert entry(log_id="{namespace}/{container}")["logName"] == "projects/shop-prod/logs/dev%2Fapi"


def test_text_is_the_original_line():
    found = entry(format="text", original='{"msg":"x"}', body="x")
    assert (found["textPayload"], "jsonPayload" in found) == ('{"msg":"x"}', False)


def test_the_original_line_is_added_where_somebody_wants_to_pay_for_it():
    assert entry(keep_original=True, original="<x>", body="x")["jsonPayload"]["log"] == "<x>"
    assert "log" not in entry(keep_original=True, original=None)["jsonPayload"]


def test_attributes_never_replace_what_is_ours():
    payload = entry(attributes={"message": 1, "log": 2, "logferry": 3})["jsonPayload"]
    assert (payload["message_"], payload["log_"], payload["logferry_"]) == (1, 2, 3)
    assert payload["message"] == "no such number: fünf"


def test_numbers_that_a_double_cannot_hold_become_text():
    payload = entry(attributes={"id": 2**53 + 1, "all": [2**53, -(2**60), True, 1.5]})["jsonPayload"]
    assert payload["id"] == str(2**53 + 1)
    assert payload["all"] == [float(2**53), str(-(2**60)), True, 1.5]


@pytest.mark.parametrize("levels", [60, 500, 1000])
def test_what_is_nested_too_deeply_for_protobuf_becomes_text(levels):
    deep = orjson.loads('{"a":' * levels + "1" + "}" * levels)
    assert entry(attributes=deep)["jsonPayload"]["message"] == "no such number: fünf"


def test_there_are_as_many_labels_as_google_takes():
    resource = plain(log_record(7))["resource"]
    many = {f"l{number:03d}": "x" for number in range(100)}
    resource = resource | {"kubernetes": resource["kubernetes"] | {"labels": many}}
    found = entry(resource=resource, labels={"team": "shop"})["labels"]
    assert (len(found), found["team"], "k8s-pod/l061" in found, "k8s-pod/l062" in found) == (64, "shop", True, False)


def test_labels_that_a_program_tells_come_before_those_of_its_pod():
    resource = plain(log_record(7))["resource"]
    resource = resource | {
        "kubernetes": resource["kubernetes"] | {"labels": {f"l{number}": "x" for number in range(64)}}
    }
    told = {f"own{number}": "y" for number in range(10)}
    found = entry(resource=resource, attributes={"logging.googleapis.com/labels": told})["labels"]
    assert (len(found), told.items() <= found.items()) == (64, True)


def test_half_a_surrogate_pair_does_not_spoil_a_request():
    assert entry(body="a\ud800b")["jsonPayload"]["message"] == "a\\ud800b"


# -- severity ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "text", "expected"),
    [
        (0, None, "DEFAULT"), (1, "trace", "DEBUG"), (5, "DEBUG", "DEBUG"), (9, "info", "INFO"), (10, None, "NOTICE"),
        (13, "WARN", "WARNING"), (17, "E", "ERROR"), (18, None, "CRITICAL"), (21, "fatal", "CRITICAL"),
        (21, "F", "CRITICAL"), (21, None, "EMERGENCY"), (19, "alert", "ALERT"), (17, "Critical", "CRITICAL"),
        (99, None, "DEFAULT"), (-1, "no", "DEFAULT"),
    ],
)  # fmt: skip
def test_severities_are_googles(number, text, expected):
    assert log_severity(number, text) == expected


def test_syslogs_priorities_go_to_where_they_came_from():
    names = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"]
    assert [log_severity(number, None) for number in SYSLOG_SEVERITIES] == names


def test_every_severity_is_one_of_the_vendors():
    assert {log_severity(number, None) for number in range(25)} == set(LogSeverity.keys())


# -- fields that programs tell by attributes -----------------------------------------------------------------------


def test_a_request_of_an_access_log_becomes_http_request():
    attributes = {
        "http.request.method": "GET", "url.path": "/cart", "url.query": "id=1", "http.response.status_code": 200,
        "http.response.body.size": 2326, "user_agent.original": "curl/8", "client.address": "10.0.0.1",
        "http.request.header.referer": ["http://a/"], "network.protocol.version": "1.1", "request_time": 0.25,
    }  # fmt: skip
    assert entry(attributes=attributes)["httpRequest"] == {
        "requestMethod": "GET", "requestUrl": "/cart?id=1", "status": 200, "responseSize": "2326",
        "userAgent": "curl/8", "remoteIp": "10.0.0.1", "referer": "http://a/", "protocol": "HTTP/1.1",
        "latency": "0.250s",
    }  # fmt: skip


def test_a_place_in_the_source_becomes_source_location():
    attributes = {"code.file.path": "main.go", "code.line.number": 7, "code.function.name": "main"}
    assert entry(attributes=attributes)["sourceLocation"] == {"file": "main.go", "line": "7", "function": "main"}


def test_googles_special_fields_leave_the_payload():
    attributes = {
        "logging.googleapis.com/labels": {"team": "shop"},
        "logging.googleapis.com/operation": {"id": "42", "first": True},
        "logging.googleapis.com/sourceLocation": {"file": "a.py", "line": "3"},
        "logging.googleapis.com/trace": "0679686673a",
        "logging.googleapis.com/spanId": "000000000000004a",
        "logging.googleapis.com/trace_sampled": True,
        "httpRequest": {"requestMethod": "GET", "status": "200", "latency": "1.5s", "own": 1},
        "kept": 1,
    }
    found = entry(attributes=attributes, trace_id=None, span_id=None)
    assert found["labels"]["team"] == "shop"
    assert found["operation"] == {"id": "42", "first": True}
    assert found["sourceLocation"] == {"file": "a.py", "line": "3"}
    assert (found["trace"], found["spanId"], found["traceSampled"]) == (
        "projects/shop-prod/traces/0679686673a", "000000000000004a", True,
    )  # fmt: skip
    assert found["httpRequest"] == {"requestMethod": "GET", "status": 200, "latency": "1.500s"}
    assert found["jsonPayload"]["httpRequest"] == {"own": 1}
    assert set(found["jsonPayload"]) == {"kept", "httpRequest", "message", "logferry"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
special_names = st.sampled_from(
    ["httpRequest", "http.request.method", "http.response.status_code", "url.path", "code.line.number", "request_time"]
    + [f"logging.googleapis.com/{name}" for name in ("labels", "operation", "sourceLocation", "trace", "spanId")]
)
members = st.dictionaries(
    st.sampled_from(["requestSize", "status", "latency", "cacheHit", "line", "id", "first", "file"]), values
)


@given(st.dictionaries(special_names | st.text(), values | members, max_size=5))
def test_any_attributes_make_an_entry_that_google_can_read(attributes):
    found = entry(attributes=attributes)
    assert found["jsonPayload"]["message"] == "no such number: fünf"


@given(st.dictionaries(special_names, values | members, max_size=4))
def test_nothing_of_googles_special_fields_is_lost(attributes):
    left = dict(attributes)
    found = take_special(left, "p")
    for name in attributes.keys() - left.keys():
        field = {"trace": "trace", "httpRequest": "httpRequest"}.get(name, name.rpartition("/")[2])
        assert field in found


# -- ids and limits ------------------------------------------------------------------------------------------------
