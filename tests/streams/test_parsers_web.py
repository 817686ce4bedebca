"""Parsers of web servers, proxies and generic formats: real files, damaged and long lines, severity by status."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings.http_status import HttpStatusSettings
from streams.core.framing.attributes import json_text
from streams.core.parsers import PARSERS, access, apache_error, envoy, haproxy, key_value, ltsv
from streams.core.parsers.http_status import with_statuses
from streams.core.parsers.separated import csv_parser, tsv_parser

GOLDEN = Path(__file__).parent / "golden"
RECOGNISED = (
    "access", "apache_error", "coredns", "envoy", "haproxy", "ingress_nginx", "ltsv_access", "nginx_error", "traefik",
)  # fmt: skip
WEB = (*RECOGNISED, "csv", "key_value", "ltsv", "tsv")

REQUEST = b'10.0.0.1 - - [21/Nov/2026:12:51:59 +0000] "GET / HTTP/1.1" %b 6'


def golden_lines() -> list[bytes]:
    cases = [case for name in WEB for case in yaml.safe_load((GOLDEN / f"{name}.yaml").read_text())]
    return [
        case["bytes"].encode("latin-1") if "bytes" in case else case.get("line", case.get("refused")).encode()
        for case in cases
    ]


LINES = golden_lines()
PIECES = [
    b"",
    b" ",
    b'"',
    b"\\",
    b"-",
    b"[",
    b"]",
    b"\n",
    b"\xff",
    b"9" * 30,
    b":",
    b"/",
    b"\\x",
    b"#2",
    b"{",
    b"\t",
    b"\0",
]


@st.composite
def damaged_lines(draw: st.DrawFn) -> bytes:
    """A sample of a format, changed in one or two places."""
    line = draw(st.sampled_from(LINES))
    for _ in range(draw(st.integers(1, 2))):
        start = draw(st.integers(0, len(line)))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=6))
        line = line[:start] + piece + line[start + draw(st.integers(0, 8)) :]
    return line


@pytest.mark.parametrize("name", WEB)
@given(line=damaged_lines())
def test_a_damaged_line_is_read_or_refused_and_loses_nothing(name: str, line: bytes):
    parser = PARSERS[name]
    found = parser.read(line)
    if found is None:
        return
    number = parser.severity(found)
    assert parser.status is None or 0 <= parser.status(found) <= 999
    fields = parser.fields(line, found)
    whole = fields["body"] if fields["original"] is None else fields["original"]
    assert whole == line.decode(errors="backslashreplace")
    assert (number == 0) == (fields["severity_text"] is None)
    json_text(fields["attributes"]).encode()


@given(line=damaged_lines())
def test_a_damaged_line_is_of_one_format_at_most_and_has_its_signature(line: bytes):
    takers = [name for name in RECOGNISED if PARSERS[name].read(line) is not None]
    assert len(takers) <= 1
    for name in takers:
        assert re.compile(PARSERS[name].signature, re.DOTALL).match(line) is not None


@pytest.mark.parametrize("name", WEB)
def test_a_line_of_a_mebibyte_is_read_in_no_time(name: str):
    parser = PARSERS[name]
    samples = [line for line in LINES if parser.read(line) is not None]
    for piece in (b'" "', b'\\"', b" - ", b"a", b" [", b", client: ", b"0, ", b"k=", b'k="'):
        for line in samples[:2]:
            middle = len(line) // 2
            long = line[:middle] + piece * ((1 << 20) // len(piece)) + line[middle:]
            begun = time.process_time()
            parser.read(long)
            assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("status", "number"), [(b"100", 9), (b"204", 9), (b"301", 9), (b"404", 13), (b"503", 17), (b"-", 0), (b"999", 0)]
)
def test_a_request_has_the_severity_of_its_status(status: bytes, number: int):
    parser = with_statuses(access.PARSER, HttpStatusSettings().numbers())
    found = parser.read(REQUEST % status)
    assert parser.severity(found) == number
    assert parser.fields(REQUEST % status, found)["severity_text"] is None


def test_the_settings_decide_what_a_status_means():
    settings = HttpStatusSettings.model_validate({"4xx": "unknown", "5xx": "fatal", "codes": {404: "info", 499: "ERR"}})
    parser = with_statuses(access.PARSER, settings.numbers())
    statuses = (b"400", b"404", b"499", b"500", b"200", b"-")
    assert [parser.severity(parser.read(REQUEST % status)) for status in statuses] == [0, 9, 17, 21, 9, 0]


def test_a_severity_that_the_line_has_goes_before_that_of_its_status():
    settings = HttpStatusSettings.model_validate({"other": "debug"})
    parser = with_statuses(haproxy.PARSER, settings.numbers())
    lines = (b"[ALERT]    (1) : no server", b"Connect from 10.0.0.1:1 to 10.0.0.2:2 (web/TCP)")
    assert [parser.severity(parser.read(line)) for line in lines] == [19, 5]


def test_a_parser_without_status_stays_as_it_is():
    assert with_statuses(apache_error.PARSER, HttpStatusSettings().numbers()) is apache_error.PARSER


def test_every_format_with_a_status_reads_it():
    statuses = {
        name: sorted({parser.status(found) for line in LINES if (found := parser.read(line)) is not None})
        for name, parser in PARSERS.items()
        if name in WEB and parser.status
    }
    assert statuses == {
        "access": [200, 400, 403, 404, 408, 502],
        "envoy": [0, 204, 418, 503],
        "haproxy": [0, 200, 400, 503],
        "ingress_nginx": [200, 400, 502],
        "ltsv_access": [200, 404, 502],
        "traefik": [0, 200, 404, 502],
    }


def test_columns_have_the_names_that_somebody_gave_them():
    parser = csv_parser(("time", "level", "message", "secs"), ";")
    line = b'2026-11-21 01:02:03;WARN;"cart ""7""; slow";;9;\r'
    found = parser.read(line)
    assert parser.severity(found) == 13
    fields = parser.fields(line, found)
    assert (fields["severity_text"], fields["body"], fields["parser"]) == ("WARN", 'cart "7"; slow', "csv")
    assert fields["attributes"] == {"time": "2026-11-21 01:02:03", "column_5": "9"}


@pytest.mark.parametrize(
    ("parser", "header"),
    [(csv_parser(("time", "level")), b'time,"level"'), (tsv_parser(("time", "level"), "shop"), b"time\tlevel\r")],
)
def test_a_header_has_no_values(parser, header: bytes):
    fields = parser.fields(header, parser.read(header))
    assert (fields["attributes"], fields["severity_text"]) == ({}, None)


@given(values=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=5))
def test_a_row_reads_back_as_it_was_written(values: list[str]):
    text = ",".join('"' + value.replace('"', '""') + '"' for value in values)
    expected = {f"column_{number}": value for number, value in enumerate(values, start=1) if value}
    assert PARSERS["csv"].read(text.encode()) == expected


def test_pairs_may_have_another_sign():
    parser = key_value.key_value_parser(":")
    found = parser.read(b"user: 42; reason: 'no funds', at:home")
    assert found == {"user": "42", "reason": "no funds", "at": "home"}


def test_labels_that_nobody_recommends_are_only_read_where_ltsv_was_chosen():
    line = b"level:error\tmsg:cannot open"
    assert ltsv.ACCESS.read(line) is None
    assert ltsv.PARSER.severity(ltsv.PARSER.read(line)) == 17


def test_a_connection_has_no_method_and_no_status():
    line = next(line for line in LINES if b'"- - -"' in line)
    attributes = envoy.PARSER.fields(line, envoy.PARSER.read(line))["attributes"]
    assert attributes.keys().isdisjoint({"http.request.method", "http.response.status_code", "request"})
