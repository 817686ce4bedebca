"""What stands for the world around a stream worker: the clock, Kafka's client, pods and rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, NamedTuple
from unittest import mock

import streams.worker
from bench.anything.settings import KEY, pods
from runtime.producer import Value as Sent
from streams.core import process
from streams.core.framing import docker
from streams.core.rules import LiveRule
from streams.core.spans import Skip, skips_of

SHORT_LINE_BYTES: Final = 400
"""What counts as a long line here, so that short ones show what long ones would."""


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now

    def time(self) -> float:
        """Seconds since 1970."""
        return self.time_ns() / 1e9

    def time_ns(self) -> int:
        """Nanoseconds since 1970."""
        return 1_763_686_900_000_000_000 + int(self.now * 1e9)


@contextmanager
def short_limits() -> Iterator[None]:
    """Make lines of some hundred bytes long ones, and give the hashes their key."""
    framing = replace(docker.FRAMING, line_max_bytes=SHORT_LINE_BYTES)
    with (
        mock.patch.object(process, "LONG_LINE_BYTES", SHORT_LINE_BYTES),
        mock.patch.object(docker, "FRAMING", framing),
        mock.patch.dict("os.environ", {KEY: "a key"}),
    ):
        yield


class Kept(NamedTuple):
    """A record that Kafka has."""

    topic: str
    key: str
    value: Sent


class Deliveries:
    """Stands for the producing client."""

    pending_bytes = 0

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.kept: list[Kept] = []

    def send(self, topic: str, key: str, values: Sequence[Sent], delivered: Callable[[], None]) -> None:
        """As `OrderedProducer.send`."""
        assert values, "nothing to send, so that nobody would ever say that it is delivered"
        self.kept += [Kept(topic, key, value) for value in values]
        self.waiting.append(delivered)

    def poll(self, timeout: float = 0.0) -> None:
        """Reports come when the driver says so."""

    def deliver(self, index: int) -> None:
        """Report on one of those that wait."""
        self.waiting.pop(index)()


class _Pods:
    def __init__(self) -> None:
        self.pods = pods()

    def follow(self) -> None: ...


class _Control:
    def __init__(self) -> None:
        self.rules: tuple[LiveRule, ...] = ()
        self.has_changed = False

    def follow(self) -> bool:
        has_changed, self.has_changed = self.has_changed, False
        return has_changed

    def expire(self, _now: int) -> bool:
        return False

    def measure(self, _metrics: Any) -> None: ...


class Connections:
    """Stands for the connections of a worker."""

    def __init__(self, metadata: str = "") -> None:
        self.producer = Deliveries()
        self.pods = _Pods()
        self.control = _Control()
        self.made: set[str] = set()
        self._metadata = metadata

    def skips(self, _partition: int) -> list[Skip]:
        """What the commit said that reading begins at."""
        return skips_of(self._metadata)

    def partitions(self) -> int:
        """Partitions of logs.raw."""
        return 1

    def make_topics(self, names: Collection[str]) -> None:
        """Remember them."""
        self.made |= set(names)


@contextmanager
def running(clock: Clock) -> Iterator[Clock]:
    """Workers go by this clock."""
    with mock.patch.object(streams.worker, "time", clock):
        yield clock
