"""Reading a compacted topic whole and then following it, without a consumer group.

Rules and pod metadata are read this way by every worker: each sees every key, nobody rebalances, nothing is committed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from runtime.kafka import client_config
from schemas.errors import TemporaryError

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

_log = logging.getLogger(__name__)

BATCH = 500


class CompactedReader:
    """Keys and values of one topic, oldest first."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._topic = topic
        self._consumer = Consumer(
            {
                **client_config(kafka, "logferry-reader"),
                "group.id": f"logferry-unused-{topic}",  # the client wants one; it is neither joined nor committed to
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 4096,
            }
        )

    def load(self, timeout: float) -> Iterator[tuple[str, bytes | None]]:
        """Everything up to what was the end when this was called. Raises TemporaryError after ``timeout`` seconds."""
        until = time.monotonic() + timeout
        ends = self._assign(timeout)
        while any(offset < ends[partition] for partition, offset in self._positions().items()):
            if time.monotonic() > until:
                raise TemporaryError(
                    f"{self._topic} could not be read to its end in {timeout:.0f} s",
                    delay=1.0,
                    remedy="look at the brokers",
                )
            yield from self.poll(0.2)

    def _assign(self, timeout: float) -> dict[int, int]:
        """Begin all partitions from the beginning; returns their ends."""
        try:
            partitions = list(self._consumer.list_topics(self._topic, timeout=timeout).topics[self._topic].partitions)
            self._consumer.assign([TopicPartition(self._topic, each, OFFSET_BEGINNING) for each in partitions])
            watermarks = {
                each: self._consumer.get_watermark_offsets(TopicPartition(self._topic, each), timeout=timeout)
                for each in partitions
            }
        except KafkaException as error:
            raise TemporaryError(
                f"{self._topic} cannot be read: {error.args[0].str()}",
                delay=1.0,
                remedy="create it with `logferry topics apply`, or look at the brokers",
            ) from error
        return {each: high if high > low else 0 for each, (low, high) in watermarks.items()}

    def _positions(self) -> dict[int, int]:
        return {each.partition: max(0, each.offset) for each in self._consumer.position(self._consumer.assignment())}

    def poll(self, timeout: float = 0.0) -> Iterator[tuple[str, bytes | None]]:
        """What has come since, waiting for it up to ``timeout`` seconds; a None value is a tombstone."""
        for record in self._consumer.consume(BATCH, timeout):
            key, error = record.key(), record.error()
            if error is not None:
                _log.warning("%s: %s", self._topic, error.str())
            elif key is not None:
                yield (key if isinstance(key, bytes) else key.encode()).decode(errors="replace"), record.value()

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
