"""The fast writer and reader of LogRecord values do byte for byte what the schema says."""

import io
from typing import Any

import fastavro
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec, Undecodable
from schemas.log_record import SHORT, RecordWriter, ResourceReader, _long
from sinks.core.decode import RecordDecoder
from tests.schemas.examples import example

CODEC = Codec("log_record")
WRITER = RecordWriter(CODEC)

int64 = st.integers(-(2**63), 2**63 - 1)
texts = st.one_of(st.text(max_size=20), st.integers(0, 3 * SHORT).map(lambda size: "é" * (size // 2)))
ids = st.text("ABCxyz019-_", min_size=19, max_size=19)
labels = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)
kubernetes = st.fixed_dictionaries(
    {name: st.text(max_size=9) for name in ("namespace", "pod", "pod_uid", "container")}
    | {name: st.none() | st.text(max_size=9) for name in ("container_id", "container_image", "container_hash")}
    | {"restart": st.integers(0, 2**31 - 1), "labels": labels, "annotations": labels, "resolved": st.booleans()}
)
resources = st.fixed_dictionaries(
    {name: st.text(max_size=9) for name in ("source_id", "node", "path", "incarnation", "tag")}
    | {"kubernetes": st.none() | kubernetes}
)
events = st.fixed_dictionaries(
    {
        "id": ids,
        "offset": st.integers(0, 2**48),
        "timestamp": int64,
        "observed_timestamp": int64,
        "stream": st.none() | st.sampled_from(["stdout", "stderr"]),
        "severity_number": st.integers(0, 24),
        "severity_text": st.none() | texts,
        "body": texts,
        "original": st.none() | texts,
        "attributes": texts,
        "trace_id": st.none() | texts,
        "span_id": st.none() | texts,
        "parser": st.text(max_size=9),
        "flags": st.lists(st.text(max_size=9), max_size=3).map(tuple),
    }
)


def written(resource: dict[str, Any], event: dict[str, Any]) -> bytes:
    return WRITER.encode(WRITER.prefix(resource), event)


def plain(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "flags": list(event["flags"])}


@given(resources, events)
def test_the_fast_writer_writes_what_the_codec_writes(resource, event):
    assert written(resource, event) == CODEC.encode({"resource": resource, **plain(event)})


@given(st.one_of(int64, st.integers(-20_000, 20_000)))
def test_a_long_is_written_as_fastavro_writes_it(number):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, "long", number)
    assert _long(number) == out.getvalue()


@given(st.lists(st.tuples(resources, events), max_size=8))
def test_the_fast_reader_reads_what_the_codec_reads(records):
    values = [written(resource, event) for resource, event in records]
    rows = RecordDecoder().decode([resource["source_id"].encode() for resource, _ in records], values)
    read = [
        {"resource": resource, **event} for resource, event in zip(rows.resources, rows.events.to_pylist(), strict=True)
    ]
    assert read == [CODEC.decode(value) for value in values]
    assert (rows.positions, rows.rejected) == (list(range(len(values))), [])


@given(st.lists(events, min_size=2, max_size=4))
def test_records_of_one_resource_share_one_object(several):
    reader = ResourceReader(CODEC)
    resource = example("log_record")["resource"]
    found = [reader.split(b"key", written(resource, event)) for event in several]
    assert len({id(each[0]) for each in found if not isinstance(each, Undecodable)}) == 1


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), resources, events), max_size=12))
def test_a_reader_that_remembers_few_sources_reads_the_same(records):
    forgetful, values = ResourceReader(CODEC, capacity=1), [(key, written(r, e)) for key, r, e in records]
    fresh = [ResourceReader(CODEC).split(key, value) for key, value in values]
    assert [forgetful.split(key, value) for key, value in values] == fresh


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A value with some bytes changed, cut off or added; or no value at all."""
    whole = bytearray(written(draw(resources), draw(events)))
    for _ in range(draw(st.integers(0, 3))):
        whole[draw(st.integers(0, len(whole) - 1))] = draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF]))
    whole = whole[: draw(st.integers(0, len(whole)))]
    return draw(st.sampled_from([bytes(whole), bytes(whole) + b"\x00\xff", b"", bytes(whole[:10])]))


@given(st.lists(damaged(), max_size=4), events)
def test_damaged_values_are_set_aside_and_do_not_spoil_their_neighbours(bad, event):
    resource = example("log_record")["resource"]
    good = written(resource, event)
    values = [good] + [each for value in bad for each in (value, good)]
    rows = RecordDecoder().decode([b"key"] * len(values), values)
    read = dict(zip(rows.positions, rows.events.to_pylist(), strict=True))
    assert sorted(read.keys() | {position for position, _ in rows.rejected}) == list(range(len(values)))
    assert all(read[position] == plain(event) for position in range(0, len(values), 2))
    assert all(rows.resources[rows.positions.index(position)] == resource for position in range(0, len(values), 2))


def test_a_string_that_is_no_utf_8_rejects_its_own_value_only():
    resource, event = example("log_record")["resource"], {**example("log_record"), "body": "hello"}
    good = written(resource, event)
    rows = RecordDecoder().decode([b"key"] * 3, [good, good.replace(b"hello", b"he\xff\xfeo"), good])
    assert rows.positions == [0, 2]
    assert [(position, problem.reason) for position, problem in rows.rejected] == [(1, "malformed_value")]
    assert rows.events.column("body").to_pylist() == ["hello", "hello"]
