"""Configuration of Kafka clients, the same for every stage, and what to say when Kafka does not answer.

Producers are idempotent, wait for all in-sync replicas and never give up by themselves: a record is either delivered
or the process ends, and then its position was not advanced. Records of one key stay in order, also for Java consumers
(murmur2, the Java client's partitioner).
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka.admin import AdminClient

from schemas.errors import FatalError, TemporaryError

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

_log = logging.getLogger(__name__)

MESSAGE_MAX_BYTES = 16 * 1024 * 1024
"""Largest value that any stage produces: a dead letter around the largest value of another topic (8 MiB)."""

SESSION_SECS = 10.0
"""So long after its last sign of life a member's partitions go to others. Short: a killed worker's logs wait for it."""


def client_config(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """What producers, consumers and administration share."""
    return {
        **properties(settings),
        "bootstrap.servers": settings.bootstrap_servers,
        "client.id": client_id,
        "socket.keepalive.enable": True,
        "reconnect.backoff.max.ms": 2000,
        "error_cb": log_error,
        "logger": logging.getLogger("librdkafka"),
    }


def properties(settings: KafkaSettings) -> dict[str, str]:
    """kafka.properties with its secrets fetched. Raises SettingsError when one is missing."""
    return settings.client_properties(os.environ, read_file)


def producer_config(
    settings: KafkaSettings,
    client_id: str = "logferry",
    *,
    compression: str = "lz4",
    linger_ms: float = 20,
    buffer_max_bytes: int = 32 * 1024 * 1024,
) -> dict[str, Any]:
    """An idempotent producer that holds at most ``buffer_max_bytes`` and retries for as long as it lives."""
    return {
        **client_config(settings, client_id),
        "enable.idempotence": True,
        "acks": "all",
        "message.timeout.ms": 0,
        "partitioner": "murmur2_random",
        "message.max.bytes": MESSAGE_MAX_BYTES,
        "compression.type": compression,
        "linger.ms": linger_ms,
        "queue.buffering.max.kbytes": max(1, buffer_max_bytes // 1024),
        "queue.buffering.max.messages": 1_000_000,
    }


def consumer_config(settings: KafkaSettings, group: str, client_id: str = "logferry") -> dict[str, Any]:
    """A member of a consumer group that commits only what it is told to."""
    return {
        **client_config(settings, client_id),
        "group.id": group,
        "session.timeout.ms": int(SESSION_SECS * 1000),
        **({"group.instance.id": settings.instance} if settings.instance else {}),
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "cooperative-sticky",
        "fetch.message.max.bytes": MESSAGE_MAX_BYTES,
        "queued.max.messages.kbytes": 16 * 1024,
    }


def check_reachable(settings: KafkaSettings, timeout: float = 10.0) -> None:
    """Raise TemporaryError with a remedy unless a broker answers within ``timeout`` seconds."""
    try:
        AdminClient(client_config(settings, "logferry-check")).list_topics(timeout=timeout)
    except KafkaException as error:
        raise TemporaryError(
            f"no Kafka broker answers: {error.args[0].str()}",
            delay=5.0,
            where=f"kafka.bootstrap_servers: {settings.bootstrap_servers}",
            remedy="check the address and that the broker runs; `logferry up` starts one on this machine",
        ) from error


def undeliverable(error: KafkaError, record: Message) -> FatalError:
    """What to say when Kafka refuses a record for good."""
    topic = record.topic()
    remedies = {
        KafkaError.UNKNOWN_TOPIC_OR_PART: "create the topics with `logferry topics apply`",
        KafkaError._UNKNOWN_TOPIC: "create the topics with `logferry topics apply`",
        KafkaError.TOPIC_AUTHORIZATION_FAILED: "allow this client to write to the topic",
        KafkaError.MSG_SIZE_TOO_LARGE: f"raise the topic's max.message.bytes to {MESSAGE_MAX_BYTES}",
    }
    return FatalError(
        f"Kafka refuses a record: {error.str()}",
        where=f"topic {topic}",
        remedy=remedies.get(error.code(), "look at the broker's log; this process starts again from its last position"),
    )


def read_file(path: str) -> str:
    """The text of a file that the settings refer to. Raises OSError."""
    return Path(path).read_text(encoding="utf-8")


def log_error(error: KafkaError) -> None:
    """Log what a client reports by itself: a lost connection, a fatal error."""
    if error.fatal():
        _log.error("Kafka client: %s", error.str())
    else:
        _log.warning("Kafka client: %s", error.str())
