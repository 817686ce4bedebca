"""What stands beside the offsets that the group committed (`streams.core.spans`), and how many partitions there are."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from runtime.kafka import client_config
from streams.core.spans import Skip, skips_of

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

_log = logging.getLogger(__name__)

TIMEOUT_SECS: Final = 10.0


class Committed:
    """Asks the group's coordinator; never joins the group."""

    def __init__(self, kafka: KafkaSettings, group: str, topic: str) -> None:
        self._topic = topic
        self._consumer = Consumer(
            client_config(kafka, "logferry-stream") | {"group.id": group, "enable.auto.commit": False}
        )

    def skips(self, partition: int) -> list[Skip]:
        """What a reader that begins at the committed offset must pass over."""
        try:
            (found,) = self._consumer.committed([TopicPartition(self._topic, partition)], TIMEOUT_SECS)
        except KafkaException as error:
            _log.warning(
                "partition %d: what to pass over is not known, a record may be doubled: %s",
                partition,
                error.args[0].str(),
            )
            return []
        try:
            text = found.metadata
        except UnicodeDecodeError:  # nothing that we wrote: that ends with a zero byte
            text = ""
        return skips_of(text or "")

    def partitions(self) -> int:
        """Partitions of the topic; 1 when nobody answers."""
        try:
            return len(self._consumer.list_topics(self._topic, TIMEOUT_SECS).topics[self._topic].partitions) or 1
        except KafkaException:
            return 1

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
