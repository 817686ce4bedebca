"""With a schema registry, values are what any Confluent client reads. Here it is the client's own, in this process."""

import json

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from runtime.registry import prepare_codecs, register, without_docs
from schemas.codec import Codec, schema_text
from schemas.errors import TemporaryError
from schemas.settings import parse_settings

RULE = {"id": "a", "kind": "quota", "version": 1, "author": "a", "reason": "r", "created_at": 1}


@pytest.fixture
def registry() -> SchemaRegistryClient:
    return SchemaRegistryClient.new_client({"url": "mock://logferry"})


def test_every_topic_has_its_subject_and_confluents_reader_reads_the_values(registry: SchemaRegistryClient) -> None:
    ids = register(registry, parse_settings("", "test", {}))
    assert "logs.raw-value" in registry.get_subjects()
    value = Codec("rule", ids).encode(RULE)
    assert value[:5] == b"\x00" + ids[schema_text("rule")].to_bytes(4, "big")
    read = AvroDeserializer(registry)(value, SerializationContext("logs.control", MessageField.VALUE))
    assert read == Codec("rule").decode(Codec("rule").encode(RULE))


def test_values_of_the_time_before_the_registry_stay_readable(registry: SchemaRegistryClient) -> None:
    ids = register(registry, parse_settings("", "test", {}))
    assert isinstance(Codec("rule", ids).decode(Codec("rule").encode(RULE)), dict)


def test_a_registry_that_does_not_answer_is_named() -> None:
    settings = parse_settings("kafka: {schema_registry: {url: 'http://127.0.0.1:9'}}", "test", {})
    with pytest.raises(TemporaryError, match="cannot be registered"):
        prepare_codecs(settings)


def test_a_schema_whose_documentation_changes_keeps_its_id() -> None:
    text = schema_text("raw_chunk")
    reworded = text.replace("A block of consecutive bytes", "Some bytes")
    assert reworded != text
    assert without_docs(reworded) == without_docs(text)
    assert '"doc"' not in without_docs(text)


class Picky:
    """A client of a registry that takes no schema with the default ``{}``, as Apicurio's does not."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def register_schema(self, _subject: str, schema: Schema) -> int:
        if '"{}"' in (schema.schema_str or ""):
            raise SchemaRegistryError(422, 42201, "Failed to discover artifact type from content.")
        self.taken.append(schema.schema_str or "")
        return len(self.taken)


def test_a_registry_that_takes_no_empty_object_as_default_gets_one_with_a_space() -> None:
    picky = Picky()
    ids = register(picky, parse_settings("", "test", {}))  # type: ignore[arg-type]
    assert schema_text("rule") in ids
    assert "Rule" in {json.loads(text)["name"] for text in picky.taken if '"{ }"' in text}
