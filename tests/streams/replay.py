"""Producers and stream workers that stop and start again at any moment, without Kafka.

A log of chunks as restarted producers would leave it, and a worker (the real one) whose producer's client is replaced
by `Deliveries`: what it is given counts as kept in Kafka, but is reported as delivered only when the test says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.settings import Settings, parse_settings
from streams.core.rules import LiveRule
from streams.core.spans import Skip, skips_of
from streams.worker import StreamWorker
from tests.streams.source import RECORD_MAX_BYTES, TIMEOUT_SECS, Expected, File, Reading, chunk, is_inside_header

BASE = f"""
stream: {{record_max_bytes: {RECORD_MAX_BYTES}, join_timeout_secs: {TIMEOUT_SECS}, pod_wait_secs: 0}}
routes: [{{match: "**", topic: logs.app}}]
"""


def settings_with(rules: str) -> Settings:
    """The settings of these tests with some rules."""
    return parse_settings(f"{BASE}{rules}\n", "logferry.yaml", {})


SETTINGS = settings_with('multiline: [{match: "**", mode: "off"}]')
RAW, RECORD, LETTER = Codec("raw_chunk"), Codec("log_record"), Codec("dead_letter")


class Deliveries:
    """Stands for the producing client: takes values, and reports them as delivered when told to."""

    pending_bytes = 0

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.kept: list[tuple[str, bytes]] = []
        self.ledger: list[bytes] = []

    def send(self, topic: str, key: str, values: Sequence[bytes], delivered: Callable[[], None]) -> None:
        if topic != "logs.ledger":
            self.kept += [(topic, value) for value in values]
        self.ledger += [value for value in values if topic == "logs.ledger"]
        self.waiting.append(delivered)

    def poll(self, timeout: float = 0.0) -> None: ...

    def deliver(self, index: int) -> None:
        self.waiting.pop(index)()

    def deliver_all(self) -> None:
        while self.waiting:
            self.deliver(0)


class NoPods:
    """Stands for an empty logs.pods."""

    def __init__(self) -> None:
        self.pods: dict[str, dict[str, Any]] = {}

    def load(self, timeout: float) -> None: ...

    def follow(self) -> None: ...


class NoRules:
    """Stands for an empty logs.control."""

    rules: tuple[LiveRule, ...] = ()
    version = -1

    def load(self, timeout: float) -> None: ...

    def follow(self) -> bool:
        return False

    def expire(self, now: int) -> bool:
        return False

    def measure(self, metrics: Any) -> None: ...


class Offline:
    """Stands for the connections of a worker."""

    def __init__(self, metadata: str = "") -> None:
        self.producer = Deliveries()
        self.pods = NoPods()
        self.control = NoRules()
        self._metadata = metadata

    def skips(self, partition: int) -> list[Skip]:
        return skips_of(self._metadata)

    def partitions(self) -> int:
        return 1

    def make_topics(self, names: Collection[str]) -> None: ...


class Worker:
    """One life of a stream worker on partition 0."""

    def __init__(self, position: int, metadata: str = "", settings: Settings = SETTINGS) -> None:
        """``metadata`` is what stands beside the position in the group's commit."""
        self.position = position
        self.committed = position
        self.commits = [(position, metadata)]
        self.acknowledged: list[int] = []
        connections = Offline(metadata)
        self.client = connections.producer
        self.stage: StreamWorker[int] = StreamWorker(settings, self._acknowledge, connections)  # type: ignore[arg-type]

    def _acknowledge(self, offset: int) -> None:
        assert offset == self.committed, "acknowledged in order, without a gap"
        self.acknowledged.append(offset)
        self.committed = offset + 1

    def take(self, log: list[bytes]) -> None:
        self.stage.take(0, 1, self.position, log[self.position], self.position)
        self.position += 1

    def commit(self) -> None:
        """As Faust does now and then."""
        metadata = self.stage.metadata(0, self.committed)
        if metadata is not None and self.committed != self.commits[-1][0]:
            self.commits.append((self.committed, metadata))


class Outcome(NamedTuple):
    """What all lives of the worker left behind."""

    reading: Reading
    counts: dict[str, float]
    """Of the last life."""


def read_back(kept: list[tuple[str, bytes]]) -> Reading:
    """What stands in Kafka; fails when one id has two contents."""
    reading = Reading()
    for topic, value in kept:
        if topic == "logs.dead-letter":
            letter = LETTER.decode(value)
            assert isinstance(letter, dict)
            reading.letters.add((letter["incarnation"], letter["offset"], letter["original"]))
            continue
        record = RECORD.decode(value)
        assert isinstance(record, dict)
        text = record["body"] if record["original"] is None else record["original"]
        found = Expected(record["offset"], record["timestamp"], record["stream"], text, frozenset(record["flags"]))
        assert reading.records.setdefault(record["id"], found) == found, "one id, two contents"
    return reading


@st.composite
def logs(draw: st.DrawFn, files: list[File], *, restarts: int = 3, across_files: bool = True) -> list[bytes]:
    """The values of logs.raw that producers leave which stop at any moment and start again at any earlier boundary."""
    number, position, run, first = 0, 0, 1, True
    boundaries, log = [(0, 0)], []
    while number < len(files):
        content = files[number].content
        end = draw(st.sampled_from(_ends(content, position)))
        ended = end == len(content) and (end == position or draw(st.booleans()))
        log.append(chunk(files, number, position, end, ended=ended, first=first, run=run))
        number, position, first = (number + 1, 0, True) if ended else (number, end, False)
        boundaries.append((number, position))
        if run <= restarts and draw(st.integers(0, 3)) == 0:
            back = [each for each in boundaries if each <= (number, position) and (across_files or each[0] == number)]
            number, position = draw(st.sampled_from(back))
            run, first = run + 1, True
    return [RAW.encode(each) for each in log]


def _ends(content: bytes, position: int) -> list[int]:
    """Where a chunk that begins at ``position`` may end."""
    if position == len(content):
        return [position]
    anywhere = range(position + 1, len(content))
    return [len(content), *(at for at in anywhere if not is_inside_header(content, at))]


def straight(files: list[File]) -> list[bytes]:
    """One chunk for each file."""
    return [
        RAW.encode(chunk(files, number, 0, len(file.content), ended=True, first=True, run=1))
        for number, file in enumerate(files)
    ]


def run_through(log: list[bytes], settings: Settings = SETTINGS) -> Outcome:
    """One worker, everything delivered at once."""
    worker = Worker(0, settings=settings)
    for _ in log:
        worker.take(log)
        worker.client.deliver_all()
    return Outcome(read_back(worker.client.kept), counts(worker))


def run_with_crashes(
    draw: st.DataObject, log: list[bytes], *, crashes: int = 3, settings: Settings = SETTINGS
) -> Outcome:
    """Workers that lose everything at any moment; the next one reads from the lowest offset not acknowledged."""
    worker, kept = Worker(0, settings=settings), []
    while worker.position < len(log):
        worker.take(log)
        for _ in range(draw.draw(st.integers(0, len(worker.client.waiting)), "delivered")):
            worker.client.deliver(draw.draw(st.integers(0, len(worker.client.waiting) - 1), "which"))
        if draw.draw(st.booleans(), "commit"):
            worker.commit()
        if crashes and draw.draw(st.integers(0, 2), "crash if 0") == 0:
            kept += worker.client.kept
            crashes -= 1
            worker = Worker(*worker.commits[-1], settings)
    worker.client.deliver_all()
    return Outcome(read_back(kept + worker.client.kept), counts(worker))


def counts(worker: Worker) -> dict[str, float]:
    """The worker's counters, without labels."""
    found: dict[str, float] = {}
    for metric in worker.stage.metrics.registry.collect():
        for sample in metric.samples:
            if sample.name.endswith("_total"):
                name = sample.name.removeprefix("logferry_stream_").removesuffix("_total")
                found[name] = found.get(name, 0) + sample.value
    return found
