"""What every parser promises, whatever its format."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.log_record import RecordWriter
from streams.core.framing.attributes import json_text
from streams.core.parsers import PARSERS
from tests.schemas.examples import example as example_record

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["level", "msg", "message", "severity", "trace_id", "span_id", "log.level", "time"])
objects = st.dictionaries(
    keys | st.text(max_size=8), json_values | st.sampled_from(["ERROR", 30, "a" * 32]), max_size=5
)
lines = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(str.encode),
    objects.map(lambda found: json.dumps(found).encode()),
    st.tuples(objects, st.integers(1, 30)).map(lambda pair: json.dumps(pair[0]).encode()[: -pair[1]]),
    st.integers(0, 2000).map(lambda depth: b'{"a":' + b"[" * depth + b"]" * depth + b"}"),
    st.integers(0, 2000).map(lambda depth: b'{"a":' * depth + b"1" + b"}" * depth),
).map(lambda line: line.replace(b"\n", b" "))

ORIGIN = {
    name: example_record("log_record")[name] for name in ("id", "offset", "timestamp", "observed_timestamp", "stream")
}
CODEC = Codec("log_record")
WRITER = RecordWriter(CODEC)


@pytest.mark.parametrize("name", PARSERS)
@given(line=lines)
@example(line=b'{"a":' + b"[" * 300 + b"]" * 300 + b',"msg":"deep"}')
@example(line=b'{"level":"\\ud800"}')
@example(line=b'{"level":18446744073709551616,"msg":1e400}')
@example(line=b'{"level":-9223372036854775808}')
def test_any_bytes_give_a_record_or_none_and_never_raise(name: str, line: bytes) -> None:
    parser = PARSERS[name]
    found = parser.read(line)
    if found is None:
        return
    number = parser.severity(found)
    fields = parser.fields(line, found)
    assert 0 <= number <= 24
    event = {**fields, **ORIGIN, "severity_number": number, "attributes": json_text(fields["attributes"])}
    value = WRITER.encode(WRITER.prefix(example_record("log_record")["resource"]), event)
    read = CODEC.decode(value)
    assert isinstance(read, dict)
    assert read["parser"] == name


@pytest.mark.parametrize("name", PARSERS)
@given(line=lines)
def test_the_original_line_is_never_lost(name: str, line: bytes) -> None:
    parser = PARSERS[name]
    found = parser.read(line)
    if found is not None:
        fields = parser.fields(line, found)
        kept = fields["body"] if fields["original"] is None else fields["original"]
        assert kept == line.decode(errors="backslashreplace")
        assert ("invalid_utf8" in fields["flags"]) == (kept.encode() != line)


@pytest.mark.parametrize("name", PARSERS)
@given(line=lines)
def test_attributes_can_be_written_as_one_json_object_in_one_line(name: str, line: bytes) -> None:
    parser = PARSERS[name]
    found = parser.read(line)
    if found is not None:
        attributes = json_text(parser.fields(line, found)["attributes"])
        assert "\n" not in attributes
        assert isinstance(orjson.loads(attributes), dict)


@pytest.mark.parametrize("name", PARSERS)
@given(line=lines)
def test_a_severity_has_a_text_and_the_text_a_severity(name: str, line: bytes) -> None:
    parser = PARSERS[name]
    found = parser.read(line)
    if found is not None:
        number = parser.severity(found)
        assert (number == 0) == (parser.fields(line, found)["severity_text"] is None)


@given(line=lines)
def test_the_last_parser_takes_every_line(line: bytes) -> None:
    assert list(PARSERS.values())[-1].read(line) is not None
