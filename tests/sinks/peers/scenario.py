"""One sink in front of its destination: fed, cut off, stopped and killed, and what was seen meanwhile."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.local.stack import Stack
from deploy.topics import apply_topics
from schemas.codec import Codec
from schemas.document import DAY_HEADER, ID_HEADER, DocumentWriter, day_of, shared_part
from schemas.settings import parse_settings
from schemas.topics import topics_for
from tests.sinks.peers.peer import PeerOfSink, Surroundings
from tests.sinks.records import CODEC, log_record

PARTITIONS = 2
SOME, MANY = 300, 3000
"""Records of a phase: together more than a pipe holds; so many that a kill meets them half way."""
AWAY_SECS = 2.0
PATIENCE_SECS = 60.0
GARBAGE = (b"\xff\x00 no record", b"", b"\xc3\x01half a header")


@dataclass
class Seen:
    """Facts, each of which a test looks at."""

    at_first: Counter[str] = field(default_factory=Counter)
    """Ids that arrived of the first records, and how often."""
    spoiled: list[bytes] = field(default_factory=list)
    """What the dead letters hold."""
    committed: list[int] = field(default_factory=list)
    """Records committed: behind the first phase, at the end of the absence, and when all had arrived."""
    after_absence: Counter[str] = field(default_factory=Counter)
    stopped_in_secs: float = 0.0
    stopped_with: int = -1
    """Exit status of the sink that was asked to stop while its destination was away."""
    committed_by_stopping: int = -1
    """Records that were committed meanwhile."""
    at_last: Counter[str] = field(default_factory=Counter)
    """All that arrived, the sink having been killed in the midst."""


class Scenario:
    """One type; use `run` once."""

    def __init__(self, kind: str, stack: Stack, folder: Path) -> None:
        self.kind = kind
        self._name = f"c{os.getpid()}-{kind.replace('_', '-')}"
        self._folder = folder
        self._servers = stack.endpoints.bootstrap_servers
        module = importlib.import_module(f"tests.sinks.peers.{kind}")
        self.peer: PeerOfSink = module.Peer(Surroundings(stack, folder, self._name))
        self._config = folder / "logferry.yaml"
        self._config.write_text(yaml.safe_dump(self._settings()))
        settings = parse_settings(self._config.read_text(), str(self._config), {})
        apply_topics(settings.kafka, topics_for(settings))
        self._producer = Producer({"bootstrap.servers": self._servers, "linger.ms": 1})
        self._group = Consumer({"bootstrap.servers": self._servers, "group.id": self._name})
        self._documents = DocumentWriter()
        self._process: subprocess.Popen[bytes] | None = None
        self.sent: list[str] = []
        self._spoiled = 0

    @property
    def topics(self) -> list[str]:
        return [f"{self._name}.app", f"{self._name}.docs"][: 2 if self.peer.takes_documents else 1]

    def _settings(self) -> dict[str, Any]:
        sink = {"topics": self.topics, "group": self._name, **self.peer.settings}
        return {
            "kafka": {"bootstrap_servers": self._servers},
            "topics": {"prefix": f"{self._name}.", "partitions": PARTITIONS},
            "routes": [
                {"match": "**", "topic": f"{self._name}.app", "copy": True},
                {"match": "**", "topic": f"{self._name}.docs", "format": "json"},
            ],
            "sinks": {self._name: sink},
        }

    # -- what is done --------------------------------------------------------------------------------------------------

    def run(self) -> Seen:
        """All phases, one after the other."""
        try:
            return self._phases(Seen())
        finally:
            if self._process is not None:
                self.kill()
            self._group.close()
            self.peer.close()

    def _phases(self, seen: Seen) -> Seen:
        self.send(SOME)
        if not self.peer.takes_anything:
            self.spoil()
        self.send(SOME)
        self.start()
        self.wait("the first records", lambda: not self.missing())
        self.wait("their commit", lambda: self.committed() == self.in_topics())
        seen.at_first, seen.spoiled = Counter(self.peer.received()), self.dead_letters()
        self._absence(seen)
        self._kill()
        self.wait("all records", lambda: not self.missing())
        self.wait("the last commit", lambda: self.committed() == self.in_topics())
        seen.at_last = Counter(self.peer.received())
        self._stop_while_away(seen)
        return seen

    def _absence(self, seen: Seen) -> None:
        seen.committed.append(self.committed())
        self.peer.go()
        self.send(SOME)
        time.sleep(AWAY_SECS)
        seen.committed.append(self.committed())
        self.peer.come_back()
        self.wait("what was sent meanwhile", lambda: not self.missing())
        self.wait("its commit", lambda: self.committed() == self.in_topics())
        seen.committed.append(self.committed())
        seen.after_absence = Counter(self.peer.received())

    def _stop_while_away(self, seen: Seen) -> None:
        before = self.committed()
        self.peer.go()
        self.send(SOME)
        time.sleep(1.0)
        began = time.monotonic()
        seen.stopped_with = self.stop()
        seen.stopped_in_secs = time.monotonic() - began
        seen.committed_by_stopping = self.committed() - before

    def _kill(self) -> None:
        """In the midst of work: some have arrived and are not committed, and more are there already."""
        before = len(self.peer.received())
        self.send(MANY // 2)
        self.wait("a part of many", lambda: len(self.peer.received()) > before)
        self.send(MANY // 2)
        self.kill()
        self.start()

    def start(self) -> None:
        with (self._folder / "sink.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", "sink", self._name, "--config", str(self._config)],
                stdout=log if self.peer.stdout is None else self.peer.stdout,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"LOGFERRY_KAFKA__INSTANCE": self._name, "LOGFERRY_METRICS__PORT": "0"},
            )

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(PATIENCE_SECS)
        self._process = None
        return status

    def send(self, count: int) -> None:
        """So many records, alternately to each topic, with turns of namespaces, hence of files and resources."""
        for number in range(len(self.sent), len(self.sent) + count):
            record = log_record(number, namespace=("dev", "test")[number // 10 % 2])
            topic = self.topics[number // 5 % len(self.topics)]
            self._produce(topic, number, record)
            self.sent.append(record["id"])
        assert self._producer.flush(30) == 0

    def _produce(self, topic: str, number: int, record: dict[str, Any]) -> None:
        where = {"key": record["resource"]["source_id"], "partition": number % PARTITIONS}
        if topic.endswith(".app"):
            self._producer.produce(topic, CODEC.encode(record), **where)
        else:
            document = self._documents.document(record, shared_part(record["resource"]))
            headers = {ID_HEADER: record["id"].encode(), DAY_HEADER: day_of(record["timestamp"])}
            self._producer.produce(topic, document, headers=headers, **where)
        self._producer.poll(0)

    def spoil(self) -> None:
        """Values that no sink can read, between others."""
        for topic in self.topics:
            for value in GARBAGE:
                self._producer.produce(topic, value, key=b"whoever", partition=0)
                self._spoiled += 1

    # -- what is seen --------------------------------------------------------------------------------------------------

    def missing(self) -> set[str]:
        return set(self.sent) - set(self.peer.received())

    def in_topics(self) -> int:
        return len(self.sent) + self._spoiled

    def committed(self) -> int:
        """Records of all partitions that the sink's group has committed."""
        partitions = [TopicPartition(topic, each) for topic in self.topics for each in range(PARTITIONS)]
        return sum(max(0, each.offset) for each in self._group.committed(partitions, timeout=20))

    def dead_letters(self) -> list[bytes]:
        """Original bytes of all dead letters."""
        topic, codec, found = f"{self._name}.dead-letter", Codec("dead_letter"), []
        for partition in range(PARTITIONS):
            low, high = self._group.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
            self._group.assign([TopicPartition(topic, partition, low)])
            while low < high:
                for record in self._group.consume(min(100, high - low), 1.0):
                    letter = codec.decode(record.value() or b"")
                    assert isinstance(letter, dict), letter
                    found.append(letter["original"])
                    low += 1
        self._group.unassign()
        return sorted(found)

    def wait(self, what: str, good: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_SECS
        while not good():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > until:
                log = (self._folder / "sink.log").read_text(errors="replace")[-3000:]
                problem = "the sink ended" if ended else "not within its time"
                raise AssertionError(f"{self.kind}: {what}: {problem}; missing {len(self.missing())}\n{log}")
            time.sleep(0.25)
