"""The pipeline with a real schema registry (Apicurio): any Confluent client reads its topics."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from bench.pipeline import Pipeline
from runtime.registry import register
from schemas.codec import schema_text
from schemas.topics import topics_for
from tests.conftest import PipelineMaker
from tests.e2e.test_odd_bytes import container_log, cri
from tests.tools.apicurio import Apicurio

pytestmark = pytest.mark.timeout(280)

LINES = (b"one", b'{"level":"warn","msg":"two","n":2}', b"three")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Apicurio]:
    made = Apicurio(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def clients(registry: Apicurio) -> Iterator[list[SchemaRegistryClient]]:
    """Two of the registry, which know nothing of each other."""
    with SchemaRegistryClient({"url": registry.url}) as one, SchemaRegistryClient({"url": registry.url}) as other:
        yield [one, other]


def read_by_confluents_client(pipeline: Pipeline, client: SchemaRegistryClient, count: int) -> list[dict[str, Any]]:
    """As many records of the routed topic, by a client that knows nothing of ours but the registry's address."""
    topic, read = f"{pipeline.index}.app", AvroDeserializer(client)
    consumer = Consumer(
        {"bootstrap.servers": pipeline.bootstrap_servers, "group.id": "theirs", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    found: list[dict[str, Any]] = []
    while len(found) < count:
        record = consumer.poll(30)
        assert record is not None
        assert record.error() is None
        found.append(read(record.value(), SerializationContext(topic, MessageField.VALUE)))
    consumer.close()
    return sorted(found, key=lambda each: each["offset"])


def test_a_pipeline_with_a_registry_is_read_by_confluents_client_also_after_the_registry_was_restarted(
    new_pipeline: PipelineMaker, registry: Apicurio, clients: list[SchemaRegistryClient]
) -> None:
    client, again = clients
    pipeline = new_pipeline(kafka={"schema_registry": {"url": registry.url}})
    away = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "stream", "--config", str(pipeline.config)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert away.returncode != 0
    assert b"the schema of" in away.stderr
    assert b"cannot be registered" in away.stderr
    assert b"where: kafka.schema_registry" in away.stderr
    assert b"Traceback" not in away.stderr
    registry.start()
    client.set_compatibility(level="FULL_TRANSITIVE")
    container_log(pipeline, b"".join(cri(number, text) for number, text in enumerate(LINES)) + b"broken\n")
    pipeline.start("produce", "stream", "search")
    pipeline.wait_for_documents(len(LINES))
    assert sorted(client.get_subjects()) == sorted(f"{each.name}-value" for each in topics_for(pipeline.settings))
    found = read_by_confluents_client(pipeline, client, len(LINES))
    assert [each["original"] or each["body"] for each in found] == [line.decode() for line in LINES]
    assert {value[:1] for _, values in pipeline.batches("app") for value in values} == {b"\x00"}
    ids = register(client, pipeline.settings)
    registry.stop()
    registry.start()
    assert register(again, pipeline.settings) == ids
    assert read_by_confluents_client_again(pipeline, again) == found
    pipeline.stop("search")
    pipeline.start("search")
    with pytest.raises(SchemaRegistryError) as refused:
        again.register_schema(f"{pipeline.index}.app-value", Schema(other_schema(), "AVRO"))
    assert refused.value.http_status_code == 409
    pipeline.wait_for_documents(len(LINES))


def read_by_confluents_client_again(pipeline: Pipeline, client: SchemaRegistryClient) -> list[dict[str, Any]]:
    """The same by a client that asks the registry anew, which has forgotten nothing."""
    topic, read = f"{pipeline.index}.app", AvroDeserializer(client)
    context = SerializationContext(topic, MessageField.VALUE)
    values = [read(value, context) for _, values in pipeline.batches("app") for value in values]
    return sorted(values, key=lambda each: each["offset"])


def other_schema() -> str:
    """A LogRecord whose body is a number."""
    schema = json.loads(schema_text("log_record"))
    fields = [{**each, "type": "long"} if each["name"] == "body" else each for each in schema["fields"]]
    return json.dumps({**schema, "fields": fields}).replace('"{}"', '"{ }"')  # see runtime.registry
