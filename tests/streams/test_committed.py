"""What stands beside a committed offset is read as it was written, by the client that reads it: a real broker's."""

from __future__ import annotations

import ctypes
import itertools
import os
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.stack import Stack
from runtime.kafka import client_config
from schemas.settings import KafkaSettings
from streams.committed import Committed
from streams.core.spans import Skip, metadata

ROUNDS = 60
LIBC = ctypes.CDLL(None)
LIBC.malloc.restype, LIBC.malloc.argtypes, LIBC.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
_numbers = itertools.count(1)


def skip(number: int) -> Skip:
    return Skip(f"{number:016x}", b"stderr", number.to_bytes(8, "big"), 10**number % 977, number or None)


def _soil(size: int) -> None:
    """Leave the process' free memory full of bytes that are no text, as a worker's is after some time."""
    places = [LIBC.malloc(each) for each in range(max(1, size - 32), size + 32) for _ in range(7)]
    for number, place in enumerate(places):
        ctypes.memset(place, 0xFF, max(1, size - 32) + number // 7)
    for place in places:
        LIBC.free(place)


class Group:
    """A topic and a group of one test, the one that commits and the one that reads what it committed."""

    def __init__(self, stack: Stack) -> None:
        kafka = KafkaSettings(bootstrap_servers=stack.endpoints.bootstrap_servers)
        self.name = f"committed-{os.getpid()}x{next(_numbers)}"
        admin = AdminClient(client_config(kafka, "test"))
        admin.create_topics([NewTopic(self.name, 1, 1)])[self.name].result(20)
        self._writer = Consumer(client_config(kafka, "test") | {"group.id": self.name, "enable.auto.commit": False})
        self._committed = Committed(kafka, self.name, self.name)

    def read_back(self, position: int, text: str) -> list[Skip]:
        """What a worker finds once a position was committed with a text."""
        self._writer.commit(offsets=[TopicPartition(self.name, 0, position, text)], asynchronous=False)
        _soil(len(text.encode()))
        return self._committed.skips(0)

    def close(self) -> None:
        self._writer.close()
        self._committed.close()


@pytest.fixture
def group(stack: Stack) -> Iterator[Group]:
    made = Group(stack)
    yield made
    made.close()


def test_what_is_written_beside_an_offset_is_read_again_whatever_lay_in_memory_before(group: Group) -> None:
    for number in range(ROUNDS):
        skips = [skip(each) for each in range(number % 7)]
        assert group.read_back(number, metadata(skips) or "") == skips


@pytest.mark.parametrize("text", ["x", "nonsense" * 20, "1;", "1;a,b", "grüßt"])
def test_what_somebody_else_wrote_beside_an_offset_says_nothing(group: Group, text: str) -> None:
    assert [group.read_back(number, text * number) for number in range(20)] == [[]] * 20
