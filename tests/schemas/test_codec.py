"""The codec's bytes are those that every other Avro implementation writes and reads."""

import io
import json
import struct

import avro.io
import avro.schema
import fastavro
import pytest
from avro.schema import Schema as ApacheSchema
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import KINDS, Codec, Undecodable, header_of, parsed_schema, schema_text, single_object_header
from tests.schemas.examples import example

REGISTERED = {schema_text(kind): 100_000 + number for number, kind in enumerate(KINDS)}


def apache(kind: str) -> ApacheSchema:
    return avro.schema.parse(schema_text(kind))


def crc64(data: bytes) -> int:
    """CRC-64-AVRO as the specification's pseudo-code says it."""
    empty = 0xC15D213AA4D7A795
    table = []
    for number in range(256):
        value = number
        for _ in range(8):
            value = (value >> 1) ^ (empty & -(value & 1))
        table.append(value)
    value = empty
    for byte in data:
        value = (value >> 8) ^ table[(value ^ byte) & 0xFF]
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_begins_with_the_marker_and_the_little_endian_fingerprint_of_its_schema(kind):
    canonical = apache(kind).canonical_form.encode()
    assert Codec(kind).encode(example(kind))[:10] == b"\xc3\x01" + struct.pack("<Q", crc64(canonical))
    assert single_object_header(schema_text(kind)) == Codec(kind).header


@pytest.mark.parametrize("kind", KINDS)
def test_documentation_does_not_change_what_a_schema_is_called(kind):
    without = json.loads(schema_text(kind))
    del without["doc"]
    assert single_object_header(json.dumps(without)) == single_object_header(schema_text(kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("registered", [None, REGISTERED], ids=["single object", "confluent"])
def test_apache_avro_reads_what_the_codec_writes(kind, registered):
    codec = Codec(kind, registered)
    body = codec.encode(example(kind))[len(codec.header) :]
    read = avro.io.DatumReader(apache(kind)).read(avro.io.BinaryDecoder(io.BytesIO(body)))
    assert read == example(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_codec_reads_what_apache_avro_writes(kind):
    out = io.BytesIO()
    avro.io.DatumWriter(apache(kind)).write(example(kind), avro.io.BinaryEncoder(out))
    codec = Codec(kind)
    assert codec.decode(codec.header + out.getvalue()) == example(kind)


@pytest.fixture
def registry() -> SchemaRegistryClient:
    return SchemaRegistryClient.new_client({"url": "mock://logferry"})


@pytest.mark.parametrize("kind", KINDS)
def test_confluents_own_client_reads_what_the_codec_writes(kind, registry):
    context = SerializationContext("logs.test", MessageField.VALUE)
    theirs = AvroSerializer(registry, schema_text(kind))(example(kind), context)
    number = int.from_bytes(theirs[1:5], "big")
    ours = Codec(kind, {schema_text(kind): number}).encode(example(kind))
    assert AvroDeserializer(registry)(ours, context) == example(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_codec_reads_what_confluents_own_client_writes(kind, registry):
    context = SerializationContext("logs.test", MessageField.VALUE)
    theirs = AvroSerializer(registry, schema_text(kind))(example(kind), context)
    number = int.from_bytes(theirs[1:5], "big")
    assert Codec(kind, {schema_text(kind): number}).decode(theirs) == example(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_registry_values_in_single_object_encoding_are_still_read(kind):
    assert Codec(kind, REGISTERED).decode(Codec(kind).encode(example(kind))) == example(kind)


def test_a_value_of_another_kind_is_an_unknown_schema():
    found = Codec("pod").decode(Codec("rule").encode(example("rule")))
    assert isinstance(found, Undecodable)
    assert found.reason == "unknown_schema"


def test_bytes_behind_the_value_are_not_accepted():
    codec = Codec("rule")
    found = codec.decode(codec.encode(example("rule")) + b"\x00")
    assert found == Undecodable("malformed_value", "rule: 1 bytes too many")


@given(st.sampled_from(KINDS), st.binary(max_size=200), st.booleans())
def test_any_bytes_give_a_value_or_a_reason_why_not(kind, data, behind_header):
    codec = Codec(kind, REGISTERED)
    found = codec.decode(codec.header + data if behind_header else data)
    assert isinstance(found, Undecodable | dict)


@given(st.sampled_from(KINDS), st.data())
def test_a_damaged_value_gives_a_value_or_a_reason_why_not(kind, data):
    codec = Codec(kind)
    whole = bytearray(codec.encode(example(kind)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    found = codec.decode(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    assert isinstance(found, Undecodable | dict)


@pytest.mark.parametrize("length", [2**20, 2**40, 2**62, -1, -(2**40), -(2**63)])
def test_a_length_that_is_not_there_is_malformed_and_costs_no_memory(length):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, "long", length)
    found = Codec("rule").decode(Codec("rule").header + out.getvalue() + b"abc")
    assert isinstance(found, Undecodable)
    assert found.reason == "malformed_value"


def test_a_header_is_what_there_is_of_it():
    assert [header_of(data) for data in (b"", b"\x00\x00", b"\xc3\x01abc")] == [b"", b"\x00\x00", b"\xc3\x01abc"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_that_does_not_fit_its_schema_is_a_defect_of_ours_and_raises(kind):
    field = parsed_schema(kind)["fields"][-1]["name"]
    with pytest.raises((ValueError, TypeError, AttributeError)):
        Codec(kind).encode({**example(kind), field: object()})
