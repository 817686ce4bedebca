"""Parsers of application loggers: colours, times, statuses, exceptions, trace ids, damaged and long lines."""

from __future__ import annotations

import re
import time
from pathlib import Path

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from streams.core.framing.attributes import json_text
from streams.core.parsers import PARSERS, json
from streams.core.parsers.json_shapes import RENDERED_MAX
from streams.core.parsers.layout import without_colours
from streams.core.parsers.levels import level_number
from streams.core.parsers.message import utc_text
from streams.core.parsers.pairs import read_pairs, split_pairs, unquoted

GOLDEN = Path(__file__).parent / "golden"
LOGGERS = (
    "celery", "dart_logging", "django", "env_logger", "gin", "go_log", "gunicorn", "json", "jul", "klog", "log4j",
    "log4js", "logfmt", "logrus_console", "loguru", "monolog", "ms_console", "nestjs", "nlog", "pino_pretty",
    "python_logging", "ruby_logger", "serilog_console", "spring_boot", "structlog_console", "time_level",
    "tracing_subscriber", "uvicorn", "zap_console", "zerolog_console",
)  # fmt: skip
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
MEBIBYTE = 1 << 20
PIECES = [
    b" ", b"a", b'"', b'\\"', b"\\", b"=", b"a=b ", b'a="', b"{", b"}", b"[", b"]", b"{a}", b" {", b' {"', b":", b"::",
    b": ", b"a:", b"a.", b".", b"\t", b"\n", b"\n\t", b" - ", b"|", b"\x1b[0m", b"\x1b[", b"a{b=c}:", b"<\n\tb\n >",
    b"1",     b"\xff", b"(", b'":',
]  # fmt: skip


def golden_lines(name: str) -> list[bytes]:
    return [case["line"].encode() for case in yaml.safe_load((GOLDEN / f"{name}.yaml").read_text()) if "line" in case]


def first_lines() -> list[object]:
    return [pytest.param(name, golden_lines(name)[0], id=name) for name in LOGGERS]


@pytest.mark.parametrize(("name", "line"), first_lines())
def test_a_long_line_takes_no_more_than_linear_time(name: str, line: bytes):
    parser = PARSERS[name]
    for piece in PIECES:
        for start in (line, line[: len(line) // 2], line[:24]):
            content = start + piece * (MEBIBYTE // 4 // len(piece))
            begun = time.process_time()
            found = parser.read(content)
            if found is not None:
                parser.severity(found)
                parser.fields(content, found)
            assert time.process_time() - begun < 1.5, (start, piece)


@pytest.mark.parametrize("name", LOGGERS)
@given(data=st.data())
def test_a_damaged_line_is_read_whole_or_refused(name: str, data: st.DataObject):
    line = data.draw(st.sampled_from(golden_lines(name)))
    at = data.draw(st.integers(0, len(line)))
    content = line[:at] + data.draw(st.sampled_from([b"", *PIECES]) | st.binary(max_size=8)) + line[at:]
    parser = PARSERS[name]
    found = parser.read(content)
    if found is not None:
        number = parser.severity(found)
        fields = parser.fields(content, found)
        assert (number == 0) == (fields["severity_text"] is None)
        whole = fields["body"] if fields["original"] is None else fields["original"]
        assert whole == content.decode(errors="backslashreplace")
        begins = without_colours(content) if parser.coloured else content
        assert re.match(parser.signature, begins, re.DOTALL), "it would be read or not by what stood before it"
        json_text(fields["attributes"])


@pytest.mark.parametrize(
    ("name", "line", "status"),
    [
        ("django", b'[21/Nov/2026 01:02:03] "POST /x HTTP/1.0" 503 145', 503),
        ("gin", b'[GIN] 2026/11/21 - 12:51:27 | 404 |   1.23ms |  10.0.0.7 | GET      "/ping"', 404),
    ],
)
def test_the_status_of_a_development_server_is_told(name: str, line: bytes, status: int):
    parser = PARSERS[name]
    found = parser.read(line)
    assert parser.status is not None
    assert (parser.status(found), parser.severity(found)) == (status, 0)


def test_colours_are_taken_out_of_the_message_and_stay_in_the_original():
    line = b"\x1b[32mINFO\x1b[0m:     Started server process [\x1b[36m1\x1b[0m]"
    fields = PARSERS["uvicorn"].fields(line, PARSERS["uvicorn"].read(line))
    assert (fields["body"], fields["original"]) == ("Started server process [1]", line.decode())


def test_bytes_that_are_not_utf_8_are_flagged_in_a_layout():
    line = b"WARNING:root:caf\xe9"
    fields = PARSERS["python_logging"].fields(line, PARSERS["python_logging"].read(line))
    assert (fields["body"], fields["flags"]) == ("caf\\xe9", ("invalid_utf8",))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2026-11-21T12:51:27.914Z", "2026-11-21T12:51:27.914Z"),
        ("2026-11-21 12:53:01 +0130", "2026-11-21T11:23:01Z"),
        ("2026-11-21 01:02:03,123+02:00", "2026-11-20T23:02:03.123Z"),
        ("2026-11-21 01:02:03,123", "2026-11-21 01:02:03,123"),
        ("0001-01-01 00:00:00+14:00", "0001-01-01 00:00:00+14:00"),
        ("2026-13-21 01:02:03+01:00", "2026-13-21 01:02:03+01:00"),
        ("12:51PM", "12:51PM"),
    ],
)
def test_a_full_time_with_a_zone_is_shown_in_utc_and_any_other_as_written(written: str, shown: str):
    assert utc_text(written) == shown


@pytest.mark.parametrize(
    ("level", "number"),
    [
        ("INFO+2", 11),
        ("DEBUG-4", 1),
        ("ERROR+999", 24),
        ("DEBUG-999", 1),
        ("Level(-1)", 5),
        ("Level(-9999)", 1),
        ("Level(2)", 0),
        ("INFO+", 0),
        ("INFO+99999", 0),
        (" warning ", 13),
        ("", 0),
    ],
)
def test_a_level_with_an_offset_lies_so_far_from_its_name(level: str, number: int):
    assert level_number(level) == number


@pytest.mark.parametrize(
    ("text", "message", "pairs"),
    [
        ('hello a=1 b="x y"', "hello", {"a": "1", "b": "x y"}),
        ("a=1 no b=2", "a=1 no", {"b": "2"}),
        ("x = y", "x = y", {}),
        ('set "x=1', 'set "x=1', {}),
        ("a=1", "", {"a": "1"}),
        ('x a="b"c', 'x a="b"c', {}),
        ("", "", {}),
    ],
)
def test_pairs_end_a_message_where_nothing_but_pairs_follows(text: str, message: str, pairs: dict[str, str]):
    assert split_pairs(text) == (message, pairs)


def test_escapes_of_go_are_undone_and_bytes_that_are_no_text_stay():
    assert unquoted(r'"a\tb\"c\\ \u00e9 \U0001f600 \x41 \xff \101 \ud800"') == 'a\tb"c\\ é 😀 A \\xff A \\ud800'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_quoted_comes_back(text: str):
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    assert read_pairs(f"k={quoted}") == {"k": text}


def test_a_template_cannot_ask_for_more_text_than_a_line_may_have():
    line = orjson.dumps({"@t": "x", "@mt": "{a}" * 10_000, "a": "b" * 10_000})
    found = json.read(line)
    assert found is not None
    assert len(json.fields(line, found)["body"]) < RENDERED_MAX + 30_000


@pytest.mark.parametrize(
    ("trace", "taken"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), TRACE),
        ("0x" + TRACE, TRACE),
        (f"projects/p/traces/{TRACE}", TRACE),
        ("0" * 32, None),
        ("g" * 32, None),
        (TRACE[:16], None),
        (f"x/{TRACE}", None),
        (7, None),
    ],
)
def test_only_ids_of_w3c_are_trace_ids(trace: object, taken: str | None):
    line = orjson.dumps({"msg": "x", "trace_id": trace})
    found = json.read(line)
    assert found is not None
    fields = json.fields(line, found)
    assert fields["trace_id"] == taken
    assert fields["attributes"] == ({} if taken else {"trace_id": trace})


@pytest.mark.parametrize(
    "attributes",
    [
        {"error": {"message": "no", "code": 7}},
        {"exception": "no"},
        {"stack": "production"},
        {"exception.stacktrace": "a\nb", "stack_trace": "c\nd"},
        {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
    ],
)
def test_what_is_not_surely_an_exception_or_a_trace_stays_as_it_is(attributes: dict[str, object]):
    line = orjson.dumps({"msg": "x", **attributes})
    found = json.read(line)
    assert found is not None
    assert json.fields(line, found)["attributes"] == attributes
