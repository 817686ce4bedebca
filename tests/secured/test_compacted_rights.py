"""What a reader of rules and pods needs at a broker that enforces rights, and what it says when that is missing."""

import logging
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from runtime.compacted import CompactedReader
from schemas.errors import TemporaryError
from schemas.settings import KafkaSettings
from tests.secured.modes import Secured


@pytest.fixture
def topic(secured: Secured, request: pytest.FixtureRequest) -> str:
    name = f"rights-{abs(hash(request.node.name))}"
    admin = AdminClient({"bootstrap.servers": secured.kafka.address("PLAINTEXT")})
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])[name].result(20)
    producer = Producer({"bootstrap.servers": secured.kafka.address("PLAINTEXT")})
    producer.produce(name, b"value", "key")
    assert producer.flush(10) == 0
    return name


@pytest.fixture
def reader(secured: Secured, topic: str) -> Iterator[CompactedReader]:
    properties = secured.login("SCRAM-SHA-512", "stream")
    kafka = KafkaSettings.model_validate(
        {"bootstrap_servers": secured.kafka.address("SECURE"), "properties": properties}
    )
    made = CompactedReader(kafka, topic)
    yield made
    made.close()


def give(secured: Secured, topic: str, *operations: AclOperation) -> None:
    admin = AdminClient({"bootstrap.servers": secured.kafka.address("PLAINTEXT")})
    rights = [
        AclBinding(
            ResourceType.TOPIC,
            topic,
            ResourcePatternType.LITERAL,
            "User:stream",
            "*",
            operation,
            AclPermissionType.ALLOW,
        )
        for operation in operations
    ]
    for future in (admin.create_acls(rights) if rights else {}).values():
        future.result(10)


def test_no_right_to_any_group_is_needed(
    secured: Secured, topic: str, reader: CompactedReader, caplog: pytest.LogCaptureFixture
) -> None:
    give(secured, topic, AclOperation.READ, AclOperation.DESCRIBE)
    assert list(reader.load(20)) == [("key", b"value")]
    until = time.monotonic() + 3
    while time.monotonic() < until:
        assert list(reader.poll(0.1)) == []
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("rights", [(), (AclOperation.DESCRIBE,)])
def test_a_topic_that_may_not_be_read_does_not_look_empty(
    secured: Secured, topic: str, reader: CompactedReader, rights: tuple[AclOperation, ...]
) -> None:
    give(secured, topic, *rights)
    with pytest.raises(TemporaryError) as caught:
        list(reader.load(20))
    assert "uthoriz" in caught.value.problem
    assert caught.value.where == f"topic {topic}"
    assert caught.value.remedy == "give this client's user the rights Read and Describe on the topic"
