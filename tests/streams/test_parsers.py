"""Severity, message and trace context are found where real programs write them."""

from __future__ import annotations

import orjson
import pytest

from streams.core.framing.attributes import TOO_DEEP, json_text
from streams.core.parsers import json, text


@pytest.mark.parametrize(
    ("line", "number", "level"),
    [
        (b"I1121 01:02:03.000000       1 controller.go:231] Starting", 9, "I"),
        (b"W1121 01:02:03.000000       1 reflector.go:561] failed to list", 13, "W"),
        (b"E1121 01:02:03.000000       1 leaderelection.go:369] error", 17, "E"),
        (b"F1121 01:02:03.000000       1 main.go:12] giving up", 21, "F"),
        (b"2026-11-21 01:02:03,123 ERROR [main] org.example.App - cannot open", 17, "ERROR"),
        (b"2026-11-21 01:02:03.123  WARN 1 --- [nio-8080-exec-1] o.e.App : slow", 13, "WARN"),
        (b"2026/11/21 01:02:03 [error] 29#29: *1 connect() failed (111)", 17, "error"),
        (b"[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok", 10, "notice"),
        (b"081109 203615 148 INFO dfs.DataNode$PacketResponder: terminating", 9, "INFO"),
        (b"- 1131564665 2005.11.09 dn228 kernel FATAL: out of memory", 21, "FATAL"),
        (b"time=2026-11-21T01:02:03Z level=warning msg=retrying", 13, "warning"),
        (b'ts=2026-11-21 caller=main.go level="error" err=EOF', 17, "error"),
        (b"DEBUG:urllib3.connectionpool:Starting new HTTPS connection", 5, "DEBUG"),
        (b"warning: LF will be replaced by CRLF", 13, "warning"),
        (b'ERROR: relation "orders" does not exist', 17, "ERROR"),
        (b"<crit> disk full", 18, "crit"),
        (b"INFO", 9, "INFO"),
        (b'10.0.0.7 - - [21/Nov/2026:01:02:03 +0000] "GET /error HTTP/1.1" 200 12', 0, None),
        (b"no error in here, just words about an info desk", 0, None),
        (b"INFORMATION desk", 0, None),
        (b"level=banana", 0, None),
        (b" " * 120 + b"ERROR too far to the right", 0, None),
        (b"", 0, None),
        (b"\xff\xfe\x00", 0, None),
    ],
)
def test_the_level_of_a_text_line_is_found_where_programs_write_it(line: bytes, number: int, level: str | None) -> None:
    found = text.read(line)
    assert (text.severity(found), text.fields(line, found)["severity_text"]) == (number, level)


def test_bytes_that_are_not_utf_8_stand_as_hexadecimal_and_are_flagged() -> None:
    fields = text.fields(b"caf\xe9 \xe2\x82\xac", (0, b""))
    assert (fields["body"], fields["flags"]) == ("caf\\xe9 €", ("invalid_utf8",))


@pytest.mark.parametrize(
    ("line", "number", "level"),
    [
        (b'{"level":"info","msg":"x"}', 9, "info"),
        (b'{"level":"WARN","msg":"x"}', 13, "WARN"),
        (b'{"severity":"ERROR","message":"x"}', 17, "ERROR"),
        (b'{"level":50,"msg":"pino"}', 17, "50"),
        (b'{"levelname":"CRITICAL","message":"python"}', 18, "CRITICAL"),
        (b'{"log.level":"debug","message":"ecs"}', 5, "debug"),
        (b'{"@level":"warn","@message":"hclog"}', 13, "warn"),
        (b'{"level":"custom","severity":"warning"}', 13, "warning"),
        (b'{"level":true,"msg":"x"}', 0, None),
        (b'{"level":"","msg":"x"}', 0, None),
        (b'{"level":5}', 0, None),
        (b"{}", 0, None),
    ],
)
def test_the_level_of_a_json_line_is_found_under_the_usual_names(line: bytes, number: int, level: str | None) -> None:
    found = json.read(line)
    assert found is not None
    assert json.severity(found) == number
    assert json.fields(line, found)["severity_text"] == level


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[1]", b"1", b'"x"', b"null", b'{"a":1} trailing', b"{a:1}", b'{"a":NaN}', b'{"\xff":1}']
)
def test_what_is_not_exactly_one_object_is_not_json(line: bytes) -> None:
    assert json.read(line) is None


def test_message_level_and_trace_are_taken_out_and_the_rest_become_attributes() -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    line = orjson.dumps({"level": "error", "msg": "no", "trace_id": trace, "span_id": span, "n": 1, "deep": {"a": [1]}})
    found = json.read(line)
    assert found is not None
    fields = json.fields(line, found)
    assert (fields["body"], fields["trace_id"], fields["span_id"]) == ("no", trace, span)
    assert fields["attributes"] == {"n": 1, "deep": {"a": [1]}}
    assert fields["original"] == line.decode()


def test_without_a_message_the_whole_line_is_the_body_and_stands_once() -> None:
    line = b'{"level":"info","status":200}'
    found = json.read(line)
    assert found is not None
    fields = json.fields(line, found)
    assert (fields["body"], fields["original"]) == (line.decode(), None)


def test_attributes_nested_deeper_than_can_be_written_are_cut_off_and_stay_in_the_original_line() -> None:
    line = b'{"msg":"deep","a":' + b"[" * 300 + b"]" * 300 + b"}"
    found = json.read(line)
    assert found is not None
    fields = json.fields(line, found)
    assert (fields["body"], fields["original"]) == ("deep", line.decode())
    assert TOO_DEEP in json_text(fields["attributes"])


def test_a_trace_id_of_another_length_stays_an_attribute() -> None:
    line = b'{"msg":"x","trace_id":"abc"}'
    found = json.read(line)
    assert found is not None
    fields = json.fields(line, found)
    assert (fields["trace_id"], fields["attributes"]) == (None, {"trace_id": "abc"})
