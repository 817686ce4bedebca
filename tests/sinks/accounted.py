"""A sink that tells the ledger, in this process or in one of its own, with topics of its own on real Kafka."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from deploy.topics import apply_topics
from schemas.codec import Undecodable
from schemas.settings import parse_settings
from schemas.topics import topics_for
from sinks.delivery import Delivery
from sinks.destination import Built, Destination
from sinks.verdict import Done, Reject, Retry, Verdict
from tests.sinks.told import Entry, chain, entries, path

_numbers = itertools.count(1)

PARTITIONS = 2
NAME = "x"
STAGE = f"sink/{NAME}"


class Spoken(Destination[bytes]):
    """What a record's value says becomes of it: unreadable, nothing, there, refused, later, or delivered."""

    def __init__(self) -> None:
        self.asked: set[bytes] = set()
        self.gate = threading.Event()
        self.gate.set()

    def build(self, records: Sequence[Message]) -> Built[bytes]:
        built: Built[bytes] = Built()
        for record in records:
            value = record.value() or b""
            if value.startswith(b"unreadable"):
                built.rejected.append((record, Undecodable("malformed_value", "no such thing")))
            elif not value.startswith(b"nothing"):
                built.records.append(record)
                built.pieces.append(value)
                built.sizes.append(len(value))
        return built

    def send(self, pieces: Sequence[bytes]) -> list[Verdict]:
        self.gate.wait(30)
        return [self._verdict(each) for each in pieces]

    def _verdict(self, piece: bytes) -> Verdict:
        if piece.startswith(b"there"):
            return Done.ALREADY_THERE
        if piece.startswith(b"refused"):
            return Reject("mapper_parsing_exception")
        if piece.startswith(b"later") and piece not in self.asked:
            self.asked.add(piece)
            return Retry("status 429", 0.1)
        return Done.DELIVERED


class Accounted:
    """Topics, settings, and what the ledger says."""

    def __init__(self, servers: str, folder: Path, *, topics: Sequence[str] = ("app",), **sink: Any) -> None:
        self.prefix = f"told{os.getpid()}x{next(_numbers)}"
        self.servers = servers
        self.config = folder / f"{self.prefix}.yaml"
        self.topic = f"{self.prefix}.app"
        made = {"type": "stdout", "topics": [f"{self.prefix}.{each}" for each in topics], "group": self.prefix}
        data = {
            "kafka": {"bootstrap_servers": servers},
            "topics": {"prefix": f"{self.prefix}.", "partitions": PARTITIONS},
            "routes": [{"match": "**", "topic": self.topic}],
            "sinks": {NAME: made | sink},
        }
        self.config.write_text(yaml.safe_dump(data))
        self.settings = parse_settings(self.config.read_text(), "x", {})
        apply_topics(self.settings.kafka, topics_for(self.settings))
        self._producer = Producer({"bootstrap.servers": servers, "linger.ms": 1})
        self.sent = [0] * PARTITIONS

    def send(self, partition: int, *values: bytes, key: bytes | None = None) -> None:
        """Values of one source, which is the partition's unless ``key`` says otherwise."""
        for value in values:
            self._producer.produce(self.topic, value, key or source(partition).encode(), partition=partition)
        self.sent[partition] += len(values)
        assert self._producer.flush(30) == 0

    def committed(self, topic: str = "") -> list[int]:
        """Of each partition; -1001: nothing."""
        reader = Consumer({"bootstrap.servers": self.servers, "group.id": self.prefix})
        try:
            places = [TopicPartition(topic or self.topic, each) for each in range(PARTITIONS)]
            return [each.offset for each in reader.committed(places, timeout=20)]
        finally:
            reader.close()

    def wait(self, good: Callable[[], bool], secs: float = 60.0) -> None:
        until = time.monotonic() + secs
        while not good():
            assert time.monotonic() < until, (self.committed(), self.sent)
            time.sleep(0.1)

    def wait_for_commits(self) -> None:
        """Until all that was sent is committed."""
        self.wait(lambda: self.committed() == self.sent)

    def entries(self) -> list[Entry]:
        return entries(self.servers, f"{self.prefix}.ledger")

    def path(self, partition: int, start: int = 0) -> list[Entry]:
        """From the beginning to what is committed; empty: the chain is broken."""
        return path(chain(self.entries(), self.topic, partition), start, self.committed()[partition])

    @contextmanager
    def running(self, destination: Destination[Any]) -> Iterator[Delivery[Any]]:
        """A member of the group, in this process."""
        stop, failures = threading.Event(), []
        delivery = Delivery(NAME, self.settings, destination)

        def run() -> None:
            try:
                delivery.run(stop)
            except Exception as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield delivery
        finally:
            stop.set()
            thread.join(60)
        assert not thread.is_alive()
        assert failures == []

    def process(self, log: Path) -> subprocess.Popen[bytes]:
        """A member of the group, in a process of its own."""
        with log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", "sink", NAME, "--config", str(self.config)],
                stdout=out,
                stderr=out,
                start_new_session=True,
                env=os.environ | {"LOGFERRY_KAFKA__INSTANCE": self.prefix, "LOGFERRY_METRICS__PORT": "0"},
            )


def source(number: int) -> str:
    return f"{number:016x}"
