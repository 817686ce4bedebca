"""Pod watchers that run in threads of the test, and what they write to a real Kafka."""

import threading
import time
from collections.abc import Callable
from typing import Any, Self

from confluent_kafka import Consumer, TopicPartition

from producers.pods.watcher import PodWatcher
from schemas.codec import Codec, Undecodable
from schemas.settings import Settings

DEADLINE_SECS = 40.0


def eventually(holds: Callable[[], bool], what: object = "") -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + DEADLINE_SECS
    while not holds():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.02)


class Running:
    """A watcher in a thread; use it in a `with` block, which must end in time and without an error."""

    def __init__(self, settings: Settings) -> None:
        self.watcher = PodWatcher(settings)
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.watcher.run(self.stop)
        except BaseException as error:
            self.error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(DEADLINE_SECS)
        assert not self._thread.is_alive()
        assert self.error is None

    def figure(self, name: str, **labels: str) -> float:
        return self.watcher.metrics.registry.get_sample_value(name, labels) or 0.0

    def leads(self) -> bool:
        return self.figure("logferry_pods_leading") == 1

    def is_in_step(self) -> bool:
        return self.figure("logferry_pods_in_step") == 1


def records(settings: Settings) -> list[tuple[str, dict[str, Any] | None]]:
    """Every record of logs.pods, in order."""
    topic, codec, found = settings.topics.names.pods, Codec("pod"), []
    consumer = Consumer({"bootstrap.servers": settings.kafka.bootstrap_servers, "group.id": "unused"})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=DEADLINE_SECS)
        while len(found) < end:
            for record in consumer.consume(end - len(found), 0.2):
                assert record.error() is None
                value = None if record.value() is None else codec.decode(record.value())
                assert not isinstance(value, Undecodable)
                found.append((record.key().decode(), value))
        return found
    finally:
        consumer.close()
