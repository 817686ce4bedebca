"""Bodies of the input `http`: compression, lines, JSON, OTLP."""

from __future__ import annotations

import bz2
import gzip
import json
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.http.bodies import PIECE_MAX_BYTES, DamagedError, Decompression, cut, json_lines, lines_of
from producers.core.http.otlp_shape import json_records, protobuf_records
from producers.core.http.requests import Coding
from tests.producers.http_serving import otlp

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESS = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress, "identity": bytes}


# -- bodies


def decompressed(coding: Coding, compressed: bytes, step: int) -> bytes:
    decompression = Decompression(coding)
    pieces = [
        piece
        for start in range(0, len(compressed), step)
        for piece in decompression.feed(compressed[start : start + step])
    ]
    decompression.end()
    assert max(map(len, pieces), default=0) <= max(PIECE_MAX_BYTES, step)
    return b"".join(pieces)


@given(st.sampled_from(sorted(COMPRESS)), st.binary(max_size=2000), st.integers(1, 400), st.sampled_from([1, 200]))
def test_compression_comes_off_however_the_bytes_arrive(coding: Coding, body: bytes, step: int, times: int) -> None:
    assert decompressed(coding, COMPRESS[coding](body * times), step) == body * times


def test_gzip_may_have_several_members() -> None:
    assert (
        decompressed("gzip", gzip.compress(b"one\n") + gzip.compress(b"") + gzip.compress(b"two\n"), 7) == b"one\ntwo\n"
    )


def test_bare_deflate_is_understood() -> None:
    bare = zlib.compressobj(wbits=-15)
    assert decompressed("deflate", bare.compress(b"line\n" * 99) + bare.flush(), 5) == b"line\n" * 99


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_what_is_cut_off_or_something_else_is_damaged(coding: Coding) -> None:
    whole = COMPRESS[coding](b"a line of text\n" * 20)
    for damaged in (whole[:-1], whole + b"and more that is something else", bz2.compress(b"line")):
        with pytest.raises(DamagedError):
            decompressed(coding, damaged, 10)


def test_zstd_with_a_huge_window_is_refused() -> None:
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.compression_level: 1}
    with pytest.raises(DamagedError):
        decompressed("zstd", zstd.compress(bytes(1 << 25), options=options), 1 << 16)


@given(st.lists(st.binary(max_size=30), max_size=30), st.integers(1, 60))
def test_pieces_of_lines_are_whole_lines_and_together_the_body(lines: list[bytes], size: int) -> None:
    body = b"\n".join(lines)
    pieces = list(cut(body, size))
    assert b"".join(pieces) == body
    assert all(piece.endswith(b"\n") for piece in pieces[:-1])
    assert all(len(piece) <= size or piece.find(b"\n", 0, len(piece) - 1) < 0 for piece in pieces)
    assert sum(map(lines_of, pieces)) == lines_of(body)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(VALUES.filter(lambda value: not isinstance(value, list))), st.sampled_from([None, 2]), st.booleans())
def test_each_value_of_a_json_body_is_a_line(values: list[object], indent: int | None, one_array: bool) -> None:
    texts = [json.dumps(value, indent=indent) for value in values]
    body = json.dumps(values, indent=indent) if one_array else "\n".join(texts)
    lines = json_lines(body.encode())
    assert isinstance(lines, bytes)
    assert [json.loads(line) for line in lines.splitlines()] == values


def test_numbers_and_keys_of_json_stay_as_they_were_written() -> None:
    element = b'{"a": 1.50e3, "big": ' + b"9" * 5000 + b', "a": "\\u00fc", "s": "[1,\\n2]"}'
    assert json_lines(b"[" + element + b"\n, 2]") == element + b"\n2\n"


@pytest.mark.parametrize(
    "body", [b"[1,", b"[1 2]", b"[1,]", b"{", b"nonsense", b"\xff", b"]", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_json_that_is_none_is_told_as_text(body: bytes) -> None:
    assert isinstance(json_lines(body), str)


@given(st.binary() | st.text().map(str.encode))
def test_any_body_gives_lines_or_a_problem(body: bytes) -> None:
    assert isinstance(json_lines(body), bytes | str)
    assert isinstance(json_records(body), int | str)
    assert isinstance(protobuf_records(body), int | str)


# -- OTLP


def test_log_records_are_counted() -> None:
    assert protobuf_records(otlp("one", "two").SerializeToString()) == 2
    assert protobuf_records(b"") == 0


def test_another_message_is_no_request_for_logs() -> None:
    assert protobuf_records(b"\x12\x03abc") == "the body holds no resource_logs: it is another message"


RECORD = {
    "timeUnixNano": "1544712660300000000",
    "observedTimeUnixNano": 1544712660300000000,
    "severityNumber": 10,
    "severityText": "Information",
    "traceId": "5B8EFFF798038103D269B633813FC60C",
    "spanId": "EEE19B7EC3C1B174",
    "body": {"stringValue": "Example log record"},
    "attributes": [
        {"key": "string", "value": {"stringValue": "some string"}},
        {"key": "boolean", "value": {"boolValue": True}},
        {"key": "int", "value": {"intValue": "10"}},
        {"key": "double", "value": {"doubleValue": 637.704}},
        {"key": "array", "value": {"arrayValue": {"values": [{"stringValue": "many"}, {"bytesValue": "AP8="}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "k", "value": None}]}}},
    ],
    "fieldOfTheFuture": [1],
}
"""After the example of opentelemetry-proto, examples/logs.json."""


def in_json(record: object) -> bytes:
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record, RECORD]}]}]}).encode()


def test_the_specification_s_example_is_taken() -> None:
    assert json_records(in_json(RECORD)) == 2


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"timeUnixNano": "yesterday"}, "timeUnixNano: expected a number of 64 bits, best as text"),
        ({"timeUnixNano": -1}, "timeUnixNano: expected a number of 64 bits, best as text"),
        ({"severityNumber": "SEVERITY_NUMBER_INFO"}, "severityNumber: expected the number of the enumeration"),
        ({"traceId": "W47/95gDgQPSabYzgT/GDA=="}, "traceId: expected hexadecimal digits"),
        ({"body": "text"}, "body: expected an object"),
        ({"body": {"boolValue": 1}}, "body.boolValue: expected true or false"),
        ({"body": {"bytesValue": "="}}, "body.bytesValue: expected base64"),
        ({"attributes": {"a": 1}}, "attributes: expected a list"),
        ({"attributes": [{"key": 1}]}, "attributes[0].key: expected text"),
        (
            {"attributes": [{"key": "a", "value": {"doubleValue": "x"}}]},
            "attributes[0].value.doubleValue: expected a number",
        ),
        ("text", ": expected an object"),
    ],
)
def test_a_wrong_value_in_json_is_told_with_its_place(wrong: object, where: str) -> None:
    dot = "" if where.startswith(":") else "."
    expected = f"the body is no OTLP request: resourceLogs[0].scopeLogs[0].logRecords[0]{dot}{where}"
    assert json_records(in_json(wrong)) == expected


def test_values_nested_without_end_are_refused() -> None:
    value: dict[str, object] = {"stringValue": "x"}
    for _ in range(100):
        value = {"arrayValue": {"values": [value]}}
    assert str(json_records(in_json({"body": value}))).endswith(": nested too deeply")


def test_names_in_snake_case_are_refused_rather_than_passed_over() -> None:
    assert isinstance(json_records(b'{"resource_logs": []}'), str)
