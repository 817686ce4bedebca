"""Logs of system daemons, databases and message brokers are read as what they are."""

from __future__ import annotations

import time

import pytest

from streams.core.parsers import (
    PARSERS,
    hclog,
    kafka,
    kubernetes_audit,
    mysql_slow,
    postgresql,
    postgresql_csv,
    syslog,
)
from streams.core.parsers.message import time_text

AUDIT = (
    b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"2e7d","stage":"ResponseComplete",'
    b'"requestURI":"/api/v1/namespaces/shop/secrets/db","verb":"get","user":{"username":"alice","groups":["dev"]},'
    b'"sourceIPs":["10.0.0.7"],"userAgent":"kubectl/v1.36.3",'
    b'"objectRef":{"resource":"secrets","namespace":"shop","name":"db","apiVersion":"v1"},'
    b'"responseStatus":{"metadata":{},"code":403},"stageTimestamp":"2026-11-21T01:02:03.125000Z"}'
)


def test_an_audit_event_is_read_with_the_status_of_its_answer() -> None:
    found = kubernetes_audit.read(AUDIT)
    assert found is not None
    assert (kubernetes_audit.severity(found), kubernetes_audit.status(found)) == (0, 403)
    fields = kubernetes_audit.fields(AUDIT, found)
    assert (fields["body"], fields["original"], fields["severity_text"]) == (AUDIT.decode(), None, None)
    assert fields["attributes"] == {
        "audit_level": "Metadata",
        "audit_id": "2e7d",
        "stage": "ResponseComplete",
        "url.original": "/api/v1/namespaces/shop/secrets/db",
        "verb": "get",
        "user": {"username": "alice", "groups": ["dev"]},
        "source_ips": ["10.0.0.7"],
        "user_agent.original": "kubectl/v1.36.3",
        "object_ref": {"resource": "secrets", "namespace": "shop", "name": "db", "apiVersion": "v1"},
        "response_status": {"metadata": {}, "code": 403},
        "time": "2026-11-21T01:02:03.125000Z",
        "http.response.status_code": 403,
        "user.name": "alice",
        "client.address": "10.0.0.7",
    }


@pytest.mark.parametrize("code", [b'"403"', b"null", b"-1", b"1e3", b"[403]", b"true"])
def test_an_audit_event_without_a_status_that_is_one_has_none(code: bytes) -> None:
    found = kubernetes_audit.read(AUDIT.replace(b'"code":403', b'"code":' + code))
    assert found is not None
    assert kubernetes_audit.status(found) == 0


@pytest.mark.parametrize("line", [AUDIT[:-1], AUDIT.replace(b"auditID", b"id"), AUDIT.replace(b"audit.k8s.io", b"v1")])
def test_what_is_not_a_whole_audit_event_is_none(line: bytes) -> None:
    assert kubernetes_audit.read(line) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"2026-11-21T01:02:03Z", "2026-11-21T01:02:03Z"),
        (b"2026-11-21 01:02:03.5 UTC", "2026-11-21T01:02:03.5Z"),
        (b"2026-01-01 01:02:03.123456+02:00", "2025-12-31T23:02:03.123456Z"),
        (b"2026-11-21T01:02:03,123-0530", "2026-11-21T06:32:03.123Z"),
        (b"2026-11-21 01:02:03 -03", "2026-11-21T04:02:03Z"),
        (b"2026-11-21 01:02:03,123", "2026-11-21 01:02:03,123"),
        (b"2026-11-21 01:02:03 CET", "2026-11-21 01:02:03 CET"),
        (b"2026-13-41 01:02:03Z", "2026-13-41 01:02:03Z"),
        (b"0001-01-01 00:00:00+01:00", "0001-01-01 00:00:00+01:00"),
        (b"\xff", "\\xff"),
    ],
)
def test_only_a_time_with_a_zone_is_put_into_utc(written: bytes, expected: str) -> None:
    assert time_text(written) == expected


@pytest.mark.parametrize(
    ("query_id", "expected"),
    [
        (b"9223372036854775807", 9223372036854775807),
        (b"-9223372036854775807", -9223372036854775807),
        (b"9223372036854775808", "9223372036854775808"),
        (b"1" * 30, "1" * 30),
    ],
)
def test_a_number_of_csvlog_is_one_as_long_as_64_bits_hold_it(query_id: bytes, expected: int | str) -> None:
    line = (
        b'2026-11-21 12:49:50.011 UTC,"a","b",1,"[local]",6b01936e.4168,5,"SELECT",2026-11-21 12:49:50 UTC,3/5,0,'
        b'ERROR,22012,"division by zero",,,,,,"select 1/0;",,,"psql","client backend",,' + query_id
    )
    found = postgresql_csv.read(line)
    assert found is not None
    assert postgresql_csv.fields(line, found)["attributes"]["query_id"] == expected


MIB = 1 << 20


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("hclog", b"2026-11-21T01:02:03.123Z [INFO]  core: a: keys=[a" + b"\n" * MIB),
        ("hclog", b"2026-11-21T01:02:03.123Z [INFO]  core: a" + b": a=b" * (MIB // 5) + b'"'),
        ("hclog", b"2026-11-21T01:02:03.123Z [INFO]  core: a: x=" + b"\n | y" * (MIB // 5)),
        ("kafka", b"[2026-11-21 12:52:22,894] INFO " + b" (a.b" * (MIB // 5) + b")"),
        ("mysql_slow", b"# Query_time: 1" + b" Ab: " * (MIB // 5)),
        ("mysql_slow", b"# User@Host: a" + b"\n# a: b c: d" * (MIB // 12)),
        ("postgresql", b"2026-11-21 12:49:50.011 UTC [1]" + b" LOG:" * (MIB // 5)),
        ("postgresql_csv", b"2026-11-21 12:49:50.011 UTC," + b'"",' * (MIB // 3)),
        ("syslog", b"Nov 21 01:02:03 " + b"a" * MIB),
        ("syslog", b"<165>1 - - - - - [a" + b' b="\\"' * (MIB // 6)),
        ("zookeeper", b"2026-11-21 12:52:22,894 - INFO  [" + b":a" * (MIB // 2)),
    ],
)
def test_a_line_of_a_megabyte_made_to_be_slow_is_not(name: str, line: bytes) -> None:
    began = time.process_time()
    found = PARSERS[name].read(line)
    if found is not None:
        PARSERS[name].severity(found)
        PARSERS[name].fields(line, found)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("parser", [hclog, kafka, mysql_slow, postgresql, postgresql_csv, syslog])
def test_no_line_is_nothing(parser: object) -> None:
    assert parser.PARSER.read(b"") is None  # type: ignore[attr-defined]
