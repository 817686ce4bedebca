"""A producer for a cluster that is not the pipeline's own, and what a delivery report of it means."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from runtime.kafka import MESSAGE_MAX_BYTES, ZSTD_LEVEL, read_file
from schemas.errors import FatalError, SettingsError
from sinks.verdict import Done, Reject, Retry, Verdict

if TYPE_CHECKING:
    from schemas.settings import KafkaSink

_log = logging.getLogger(__name__)

UNKNOWN_TOPIC_SECS: Final = 5.0
"""For so long a topic that is not there may be one that was made just now."""
_NEVER: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.INVALID_MSG})
"""Errors that concern the record: too large for the topic, without a key where the topic is compacted."""
_UNKNOWN: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})


def config(name: str, settings: KafkaSink) -> dict[str, Any]:
    """What librdkafka is given. Raises SettingsError when a secret is missing."""
    return {
        **({"compression.level": ZSTD_LEVEL} if settings.compression == "zstd" else {}),
        **settings.kafka.client_properties(os.environ, read_file),
        "bootstrap.servers": settings.kafka.bootstrap_servers,
        "client.id": f"logferry-sink-{name}",
        "socket.keepalive.enable": True,
        "reconnect.backoff.max.ms": 2000,
        "topic.metadata.propagation.max.ms": int(UNKNOWN_TOPIC_SECS * 1000),
        "enable.idempotence": True,
        "acks": "all",
        "message.timeout.ms": 0,
        "partitioner": "murmur2_random",
        "message.max.bytes": MESSAGE_MAX_BYTES,
        "compression.type": settings.compression,
        "linger.ms": 5,
        # One batch of the sink fits in; nothing of a second is handed over before the first is answered for.
        "queue.buffering.max.kbytes": 1_000_000,
        "queue.buffering.max.messages": 1_000_000,
    }


class OtherCluster:
    """An idempotent producer that retries for as long as it lives."""

    def __init__(self, name: str, settings: KafkaSink) -> None:
        """Raises SettingsError for properties that cannot be used."""
        self._where = f"kafka of sink {name}: {settings.kafka.bootstrap_servers}"
        self._fatal: FatalError | None = None
        logger = logging.getLogger(f"{__name__}.{name}.librdkafka")
        logger.setLevel(logging.CRITICAL)  # what matters of it comes as an error
        try:
            self.producer = Producer({**config(name, settings), "error_cb": self._failed, "logger": logger})
        except KafkaException as error:
            raise SettingsError(
                f"Kafka's client cannot be set up: {error.args[0].str().removeprefix('Failed to create producer: ')}",
                where=f"sinks.{name}.kafka.properties",
                remedy="correct the property; files must be there, readable and PEM",
            ) from error

    def _failed(self, error: KafkaError) -> None:
        """What the client reports by itself: brokers that do not answer, logins that are refused."""
        if error.fatal():
            self._fatal = FatalError(
                f"Kafka's client gave up: {error.str()}", where=self._where, remedy="look at the broker's log"
            )
        else:
            _log.warning("%s: %s", self._where, error.str())

    def poll(self, timeout: float) -> None:
        """Hear reports. Raises FatalError when the client is of no use any more: a new process goes on."""
        self.producer.poll(timeout)
        if self._fatal is not None:
            raise self._fatal

    def produce(self, topic: str, value: bytes | None, report: Callable[[Verdict], None], **options: Any) -> None:
        """Hand over one record; ``report`` is called once, with what became of it."""

        def delivered(error: KafkaError | None, _record: object) -> None:
            report(Done.DELIVERED if error is None else verdict(error, topic))

        while True:
            try:
                self.producer.produce(topic, value, on_delivery=delivered, **options)
            except BufferError:
                self.poll(0.05)
            except KafkaException as error:
                report(verdict(error.args[0], topic))
                return
            else:
                return


def verdict(error: KafkaError, topic: str) -> Verdict:
    """What it means for a record that it was not delivered to a topic."""
    if error.code() in _NEVER:
        return Reject(f"{topic}: {error.str()}")
    if error.code() in _UNKNOWN:
        return Retry(f"unknown topic {topic}", remedy="create it in the other cluster")
    if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        return Retry(f"no right to write to {topic}", remedy="give this client's user Write and Describe on the topic")
    if error.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
        return Retry("no right IdempotentWrite", remedy="give this client's user IdempotentWrite on the cluster")
    return Retry(error.name())
