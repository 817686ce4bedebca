"""Containers of a node to measure, and how late their lines come: a line says when it was written."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, TopicPartition

from bench.pipeline import Pipeline
from deploy.demo.cri import encode, label
from deploy.demo.lines import Lines, Profile
from deploy.demo.logfile import ContainerLog
from deploy.demo.pods import ContainerSpec, NodeTree, PodSpec
from runtime.kafka import client_config
from schemas.codec import Codec

FLOOD_BYTES_PER_SEC: Final = 200 * 1000 * 1000
FLOOD_BLOCK_BYTES: Final = 2 * 1000 * 1000
CONTAINER: Final = ContainerSpec("app", argv=(), image="bench.example/app:1")


class Node:
    """Containers' logs and the links to them, one log opened at a time unless it is asked for."""

    def __init__(self, root: Path) -> None:
        self._tree = NodeTree(root)
        self._made = 0

    def container(self) -> ContainerLog:
        """One more container with an empty log."""
        self._made += 1
        pod = PodSpec("bench", f"app-{self._made:05d}", (CONTAINER,))
        path = self._tree.log(pod, f"00000000-0000-0000-0000-{self._made:012d}", CONTAINER.name, 0)
        log = ContainerLog(path)
        link = self._tree.link(pod, CONTAINER.name, f"{self._made:064x}")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
        return log

    def quiet(self, count: int) -> int:
        """Containers that wrote one line and then nothing more; returns the bytes written."""
        size = 0
        for _ in range(count):
            log = self.container()
            size += log.write_pieces([(label("stdout"), b"started")], time.time_ns())
            log.close(time.time_ns())
        return size


def write_now(log: ContainerLog) -> None:
    """One line that says when it was written."""
    now = time.time_ns()
    log.write_pieces([(label("stdout"), b"written=%d" % now)], now)


class Delays(threading.Thread):
    """Reads logs.raw as it grows, and keeps for every line of `write_now` how late it came, in seconds."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(daemon=True)
        config = client_config(pipeline.settings.kafka, "reader") | {"group.id": "unused", "fetch.wait.max.ms": 10_000}
        self._consumer = Consumer(config)
        self._topic = pipeline.settings.topics.names.raw
        self._codec = Codec("raw_chunk")
        self._ended = threading.Event()
        self.seen: list[float] = []
        self._partitions: dict[str, int] = {}
        """Pod -> partition that its lines come in."""
        partitions = self._consumer.list_topics(self._topic, 10).topics[self._topic].partitions
        self._assigned = [TopicPartition(self._topic, each, 0) for each in partitions]
        self._unwanted: list[TopicPartition] = []
        self._consumer.assign(self._assigned)

    def partition_of(self, log: ContainerLog) -> int:
        """The partition that a container's lines come in, once one has come."""
        return self._partitions[log.path.parent.parent.name.split("_")[1]]

    def only(self, partition: int) -> None:
        """From now on read no other partition."""
        self._unwanted = [each for each in self._assigned if each.partition != partition]

    def run(self) -> None:
        """Until `stop`."""
        while not self._ended.is_set():
            if self._unwanted:  # said to the client by this thread alone: it is the one that asks it for records
                self._consumer.pause(self._unwanted)
                self._unwanted = []
            for record in self._consumer.consume(1000, 0.2):
                arrived = time.time_ns()
                value = record.value()
                if record.error() is None and value is not None:
                    self._take(value, record.partition() or 0, arrived)

    def _take(self, value: bytes, partition: int, arrived: int) -> None:
        chunk = self._codec.decode(value)
        assert isinstance(chunk, dict), chunk
        self._partitions[chunk["source"]["container"]["pod"]] = partition
        for line in chunk["payload"].splitlines():
            _, found, written = line.partition(b"written=")
            if found:
                self.seen.append((arrived - int(written)) / 1e9)

    def wait_for(self, lines: int, timeout: float = 60.0) -> None:
        """Until so many lines have come. Raises TimeoutError."""
        until = time.monotonic() + timeout
        while len(self.seen) < lines:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(self.seen)} of {lines} lines have come")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop reading."""
        self._ended.set()
        self.join()
        self._consumer.close()


class Flood(threading.Thread):
    """Writes lines that were made beforehand into a log at a rate, or as fast as the disk takes them."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._path = path
        lines = Lines(Profile())
        pieces = lines.pieces(b"flood", 0, FLOOD_BLOCK_BYTES // 200)
        self._block = encode(pieces, time.time_ns())
        self._ended = threading.Event()
        self.written = 0
        self.secs = 0.0

    def run(self) -> None:
        """Until `stop`."""
        began = time.monotonic()
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        while not self._ended.is_set():
            self.written += os.write(file, self._block)
            self.secs = time.monotonic() - began
            time.sleep(max(0.0, self.written / FLOOD_BYTES_PER_SEC - self.secs))
        os.close(file)

    def stop(self) -> None:
        """Stop writing."""
        self._ended.set()
        self.join()
