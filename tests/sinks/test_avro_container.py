"""Avro container files, as others read them."""

from __future__ import annotations

import io

import avro.datafile
import avro.io
import fastavro
import pytest

from schemas.codec import KINDS, Codec
from sinks.object_storage.avro_container import BLOCK_BYTES, container
from tests.schemas.examples import example
from tests.sinks.records import CODEC, log_record


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_container_is_read_by_fastavro_and_by_apache_avro(kind, count):
    codec = Codec(kind)
    body = codec.encode(example(kind))[len(codec.header) :]
    made = container(kind, [body] * count, "name")
    assert list(fastavro.reader(io.BytesIO(made))) == [example(kind)] * count
    with avro.datafile.DataFileReader(io.BytesIO(made), avro.io.DatumReader()) as reader:
        assert list(reader) == [example(kind)] * count


def test_a_large_container_has_several_blocks():
    codec = Codec("raw_chunk")
    chunk = {**example("raw_chunk"), "payload": b"x" * (BLOCK_BYTES // 3)}
    made = container("raw_chunk", [codec.encode(chunk)[len(codec.header) :]] * 10, "name")
    assert [block.num_records for block in fastavro.block_reader(io.BytesIO(made))] == [3, 3, 3, 1]


def test_the_same_records_under_the_same_name_make_the_same_bytes():
    bodies = [CODEC.encode(log_record(number))[len(CODEC.header) :] for number in range(5)]
    assert container("log_record", bodies, "a") == container("log_record", bodies, "a")
    assert container("log_record", bodies, "a") != container("log_record", bodies, "b")
