"""What stands beside a committed offset is read as it was written, by another client than the one that wrote it."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Partition
from aiokafka.structs import OffsetAndMetadata
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.stack import Stack
from runtime.kafka import client_config
from schemas.settings import KafkaSettings
from streams.committed import Committed
from streams.core.spans import Skip, metadata, skips_of

_numbers = itertools.count(1)


def skips(count: int) -> list[Skip]:
    return [Skip(f"{at:016x}", b"stderr", at.to_bytes(8, "big"), 10**at % 977, at or None) for at in range(count)]


class Group:
    """A topic and a group of one test: aiokafka commits, as in a worker, and `Committed` reads."""

    def __init__(self, stack: Stack) -> None:
        kafka = KafkaSettings(bootstrap_servers=stack.endpoints.bootstrap_servers)
        self.name = f"committed-{os.getpid()}x{next(_numbers)}"
        self._servers = kafka.bootstrap_servers
        admin = AdminClient(client_config(kafka, "test"))
        admin.create_topics([NewTopic(self.name, 1, 1)])[self.name].result(20)
        self._committed = Committed(kafka, self.name, self.name)

    def read_back(self, *texts: str) -> list[list[Skip]]:
        """What a worker finds when each of these was committed."""
        return asyncio.run(self._read_back(texts))

    async def _read_back(self, texts: tuple[str, ...]) -> list[list[Skip]]:
        writer = AIOKafkaConsumer(bootstrap_servers=self._servers, group_id=self.name, enable_auto_commit=False)
        writer.assign([Partition(self.name, 0)])
        await writer.start()
        found = []
        for position, text in enumerate(texts):
            await writer.commit({Partition(self.name, 0): OffsetAndMetadata(position, text)})
            found.append(self._committed.skips(0))
        await writer.stop()
        return found

    def close(self) -> None:
        self._committed.close()


@pytest.fixture
def group(stack: Stack) -> Iterator[Group]:
    made = Group(stack)
    yield made
    made.close()


def test_what_is_written_beside_an_offset_is_read_again(group: Group) -> None:
    told = [skips(number % 60) for number in range(120)]
    assert group.read_back(*(metadata(each) or "" for each in told)) == told


def test_what_somebody_else_wrote_beside_an_offset_says_nothing(group: Group) -> None:
    assert group.read_back("x", "nonsense" * 50, "1;", "1;a,b", "grüßt", "1;a,b,c,d,e;") == [[]] * 6


def test_bytes_behind_the_end_of_what_was_written_are_not_read() -> None:
    assert [skips_of(f"{metadata(skips(2))}{garbage}") for garbage in ("", "7", ";2", "U")] == [skips(2)] * 4


def test_more_than_a_broker_takes_beside_an_offset_is_not_committed() -> None:
    assert metadata(skips(90)) is None
