"""What every kind of value promises."""

import io
import json

import avro.io
import avro.schema
import fastavro
import pytest

from schemas.codec import KINDS, Codec, Undecodable, parsed_schema, schema_text, schema_versions
from schemas.topics import topic_kinds
from tests.schemas.examples import example


@pytest.mark.parametrize("kind", KINDS)
def test_versions_count_from_one_without_a_gap(kind):
    versions = list(schema_versions(kind))
    assert versions == list(range(1, len(versions) + 1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_the_value_of_a_topic(kind):
    assert f"{kind}.v{max(schema_versions(kind))}.avsc" in {topic.value for topic in topic_kinds().values()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_says_what_it_is_and_all_its_documentation_is_text(kind):
    assert len(json.loads(schema_text(kind))["doc"]) > 40


@pytest.mark.parametrize("kind", KINDS)
def test_fastavro_and_apache_avro_write_the_same_bytes(kind):
    theirs, ours = io.BytesIO(), io.BytesIO()
    avro.io.DatumWriter(avro.schema.parse(schema_text(kind))).write(example(kind), avro.io.BinaryEncoder(theirs))
    fastavro.schemaless_writer(ours, parsed_schema(kind), example(kind))
    assert ours.getvalue() == theirs.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_every_length_but_the_whole_is_no_value(kind):
    codec = Codec(kind)
    whole = codec.encode(example(kind))
    assert all(isinstance(codec.decode(whole[:length]), Undecodable) for length in range(len(whole)))
    assert codec.decode(whole) == example(kind)
