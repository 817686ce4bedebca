"""Sends chunks once more: the same values under the same keys, with headers that say what is wanted, at a pace."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from producers.replay.found import Chunk
from runtime.kafka import producer_config, undeliverable
from runtime.producer import enqueue
from schemas.codec import Codec
from schemas.errors import FatalError, TemporaryError
from schemas.replay import ALIVE, END, Replayed, headers_of, mark_of

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

FLUSH_SECS: Final = 60.0
ASK_SECS: Final = 15.0
BUFFER_BYTES: Final = 32 * 1024 * 1024
NANOS: Final = 1_000_000_000


class Pace:
    """No more than so many bytes a second, measured over the last seconds; 0: as many as there are."""

    def __init__(self, bytes_per_second: float, now: float) -> None:
        self._rate = bytes_per_second
        self._free_at = now

    def delay(self, size: int, now: float) -> float:
        """How long to wait after so many bytes."""
        if not self._rate:
            return 0.0
        self._free_at = max(self._free_at, now) + size / self._rate
        return max(0.0, self._free_at - now)


class Sender:
    """One replay's way into one topic."""

    def __init__(self, kafka: KafkaSettings, topic: str, run: str, bytes_per_second: float) -> None:
        self.topic = topic
        self._run = run
        self._pace = Pace(bytes_per_second, time.monotonic())
        self._producer = Producer(producer_config(kafka, "logferry-replay", buffer_max_bytes=BUFFER_BYTES))
        self._failure: FatalError | None = None
        self._mark = Codec("raw_chunk").encode(mark_of(run))
        self.ahead: dict[int, deque[tuple[int, int]]] = {}
        """Partition -> offset and size of what is with Kafka, in order."""
        self.ends: dict[int, int] = {}
        """Partition -> offset of the mark that nothing comes behind."""
        self.ahead_bytes = 0

    def send(self, chunk: Chunk) -> None:
        """One chunk; waits as long as its pace asks for. Raises FatalError when Kafka refuses one for good."""
        size = len(chunk.value)
        headers = headers_of(Replayed(self._run, chunk.seconds, chunk.role))
        enqueue(self._producer, self.topic, chunk.value, chunk.source, headers=headers, on_delivery=self._report(size))
        self.poll(0)
        delay = self._pace.delay(size, time.monotonic())
        if delay > 0.01:
            self.wait(delay)

    def wait(self, secs: float) -> None:
        """Let time pass, and hear of deliveries."""
        until = time.monotonic() + secs
        while (left := until - time.monotonic()) > 0:
            self.poll(min(left, 0.1))
            time.sleep(min(0.05, max(0.0, until - time.monotonic())))

    def poll(self, timeout: float) -> None:
        """Hear of deliveries. Raises FatalError when Kafka refused a record."""
        self._producer.poll(timeout)
        if self._failure is not None:
            raise self._failure

    def flush(self) -> None:
        """Wait until all that was sent is with Kafka. Raises TemporaryError when that takes too long."""
        if self._producer.flush(FLUSH_SECS):
            raise TemporaryError(
                f"Kafka did not take what was sent within {FLUSH_SECS:.0f} s",
                delay=5.0,
                where=f"topic {self.topic}",
                remedy="look at the brokers; then run the same command again, it goes on",
            )
        self.poll(0)

    def mark(self, role: str = ALIVE) -> None:
        """Say to every partition that the replay goes on, or is over."""
        headers = headers_of(Replayed(self._run, time.time() if role == ALIVE else 0.0, role))
        for partition in self.partitions():
            report = self._ended if role == END else self._heard
            enqueue(
                self._producer,
                self.topic,
                self._mark,
                self._run,
                headers=headers,
                partition=partition,
                on_delivery=report,
            )
        self.flush()

    def partitions(self) -> list[int]:
        """Of the topic. Raises TemporaryError or FatalError when it cannot be written to."""
        try:
            found = self._producer.list_topics(self.topic, timeout=ASK_SECS).topics[self.topic]
        except KafkaException as error:
            raise TemporaryError(
                f"no answer about {self.topic}: {error.args[0].str()}", delay=5.0, remedy="look at the brokers"
            ) from error
        if found.error is not None:
            raise FatalError(
                f"{self.topic} cannot be written to: {found.error.str()}",
                where=f"topic {self.topic}",
                remedy="create it with `logferry topics apply`; this client's user needs Write and Describe on it",
            )
        return sorted(found.partitions)

    def taken(self, committed: Mapping[int, int]) -> None:
        """Forget what workers are through with: they committed these offsets."""
        for partition, queue in self.ahead.items():
            position = committed.get(partition, 0)
            while queue and queue[0][0] < position:
                self.ahead_bytes -= queue.popleft()[1]

    def _report(self, size: int) -> Callable[[KafkaError | None, Message], None]:
        def report(error: KafkaError | None, record: Message) -> None:
            self._heard(error, record)
            partition, offset = record.partition(), record.offset()
            if error is None and partition is not None and offset is not None:
                self.ahead.setdefault(partition, deque()).append((offset, size))
                self.ahead_bytes += size

        return report

    def _ended(self, error: KafkaError | None, record: Message) -> None:
        self._heard(error, record)
        partition, offset = record.partition(), record.offset()
        if error is None and partition is not None and offset is not None:
            self.ends[partition] = offset

    def _heard(self, error: KafkaError | None, record: Message) -> None:
        if error is not None:
            self._failure = undeliverable(error, record)
