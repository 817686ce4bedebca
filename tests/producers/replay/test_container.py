"""Values come out of an object as they were in Kafka, and what is damaged is told."""

from __future__ import annotations

import io
import json

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.core.replay.container import Damage, Value, values
from schemas.codec import Codec, schema_versions
from schemas.replay import mark_of

CODEC = Codec("raw_chunk")


def chunk(number: int, payload: bytes = b"line\n") -> dict[str, object]:
    return {**mark_of("source"), "offset": number, "payload": payload}


def container(amount: int, codec: str = "deflate", version: int | None = None) -> bytes:
    """As any writer of the format makes it, a block for each value."""
    versions = schema_versions("raw_chunk")
    text = versions[version or max(versions)]
    out = io.BytesIO()
    chunks = [chunk(number) for number in range(amount)]
    fastavro.writer(out, fastavro.schema.parse_schema(json.loads(text)), chunks, codec, sync_interval=1)
    return out.getvalue()


def read(data: bytes) -> tuple[list[int], list[str]]:
    found = list(values(data))
    return (
        [each.decoded["offset"] for each in found if isinstance(each, Value)],
        [each.problem for each in found if isinstance(each, Damage)],
    )


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_every_value_comes_out_as_the_codec_writes_it(codec: str) -> None:
    found = [each.raw for each in values(container(5, codec)) if isinstance(each, Value)]
    assert found == [CODEC.encode(chunk(number)) for number in range(5)]


def test_values_of_an_older_schema_keep_its_header() -> None:
    (value,) = values(container(1, version=1))
    assert isinstance(value, Value)
    decoded = CODEC.decode(value.raw)
    assert isinstance(decoded, dict)
    assert (value.raw[:10] != CODEC.header, decoded["end_reason"]) == (True, None)


def test_behind_a_damaged_block_reading_goes_on() -> None:
    data = bytearray(container(5))
    blocks = [at for at in range(len(data)) if data[at : at + 16] == data[-16:]]
    data[blocks[1] + 18] ^= 0xFF
    data[blocks[1] + 19] ^= 0xFF
    offsets, problems = read(bytes(data))
    assert (offsets, len(problems)) == ([0, 2, 3, 4], 1)


def test_an_object_that_was_cut_gives_what_it_has() -> None:
    data = container(5)
    assert read(data[:-20]) == ([0, 1, 2, 3], ["it ends within a block"])


@pytest.mark.parametrize("data", [b"", b"PAR1", b"Obj\x01", b"Obj\x01\x02"])
def test_what_is_no_object_is_told(data: bytes) -> None:
    offsets, problems = read(data)
    assert (offsets, len(problems)) == ([], 1)


@settings(max_examples=60)
@given(st.data())
def test_no_damage_is_raised(data: st.DataObject) -> None:
    whole = bytearray(container(3))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    for each in values(bytes(whole[: data.draw(st.integers(0, len(whole)))])):
        assert isinstance(each, Value | Damage)
