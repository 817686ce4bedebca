"""Configuration of Kafka clients, the same for every stage, and what to say when Kafka does not answer.

Producers are idempotent, wait for all in-sync replicas and never give up by themselves: a record is either delivered
or the process ends, and then its position was not advanced. Records of one key stay in order, also for Java consumers
(murmur2, the Java client's partitioner).

A client that is not let in (`kafka_access`) goes on trying, and says once a minute why. When a file with a credential
has changed since the process began, the process ends instead: its supervisor starts it with the new one.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka.admin import AdminClient

from runtime.kafka_access import Access, Finding
from schemas.errors import FatalError, SettingsError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from schemas.settings import KafkaSettings

_log = logging.getLogger(__name__)

MESSAGE_MAX_BYTES = 16 * 1024 * 1024
"""Largest value that any stage produces: a dead letter around the largest value of another topic (8 MiB)."""

ZSTD_LEVEL = 1
"""Unless kafka.properties says otherwise. Level 3, the codec's own choice, costs a third more CPU and gains nothing on
logs (docs/benchmarks.md)."""

FETCH_PARTITION_BYTES = 1024 * 1024
"""Asked of each partition at once. Answers lie unpacked in memory, five times as large and beyond any limit of the
queue; a larger message comes all the same, alone (KIP-74)."""
AHEAD_PARTITION_BYTES = 4 * 1024 * 1024
"""Fetched ahead of each partition: as much as a sink takes in a quarter of a second, since memory counts."""

SESSION_SECS = 10.0
"""So long after its last sign of life a member's partitions go to others. Short: a killed worker's logs wait for it."""
REBOOTSTRAP_MS: Final = 10_000
"""So long nobody tells of brokers until the addresses of the settings are asked again. A broker that has stood still
names none for a moment, not even itself; librdkafka forgets it then, and left alone it asks nobody for five minutes."""

_silent = logging.getLogger("librdkafka.silent")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
_QUIET: Final[dict[str, Any]] = {"logger": _silent}

_access = Access({}, {})
"""Of the settings that were asked about last: a process has one Kafka."""


def client_config(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """What producers, consumers and administration share. Raises SettingsError for properties that cannot be used."""
    values = properties(settings)
    _know(settings, values)
    return {
        **values,
        "bootstrap.servers": settings.bootstrap_servers,
        "client.id": client_id,
        "socket.keepalive.enable": True,
        "reconnect.backoff.max.ms": 2000,
        "metadata.recovery.rebootstrap.trigger.ms": REBOOTSTRAP_MS,
        "error_cb": log_error,
        "logger": _Listener(),
    }


def _know(settings: KafkaSettings, values: dict[str, str]) -> None:
    """Remember what the clients are made with, after trying it out on a client without brokers."""
    global _access
    if settings.properties == _access.properties:
        return
    try:
        AdminClient({**values, **_QUIET})
    except KafkaException as error:
        raise SettingsError(
            f"Kafka's client cannot be set up: {error.args[0].str().removeprefix('Failed to create admin client: ')}",
            where="kafka.properties",
            remedy="correct the property; files must be there, readable and PEM, and ssl.key.password that of the key",
        ) from error
    _access = Access(settings.properties, values)


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
        **({"compression.level": ZSTD_LEVEL} if compression == "zstd" else {}),
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
        # Not cooperative: of a static member that is killed between the two rounds, and comes back, nobody gets what it
        # had to give away, until some other member comes or goes (docs/decisions/0005).
        "partition.assignment.strategy": "roundrobin",
        "fetch.message.max.bytes": FETCH_PARTITION_BYTES,
        "queued.max.messages.kbytes": AHEAD_PARTITION_BYTES // 1024,
        "fetch.queue.backoff.ms": 20,  # while so much is fetched ahead: 50 looks a second at whether there is room
        "fetch.max.bytes": MESSAGE_MAX_BYTES,  # of one answer; librdkafka takes no less
    }


def check_reachable(settings: KafkaSettings, timeout: float = 10.0) -> None:
    """Raise TemporaryError with a remedy unless a broker answers within ``timeout`` seconds."""
    findings: list[Finding] = []

    def hear(error: KafkaError) -> None:
        findings.extend(filter(None, [_access.recognise(error.str(), time.monotonic())]))

    config = client_config(settings, "logferry-check") | {"error_cb": hear, "logger": _Listener(findings.append)}
    client = AdminClient(config)
    until, patience = time.monotonic() + timeout, timeout / 8
    while True:
        try:
            client.list_topics(timeout=min(patience, max(0.1, until - time.monotonic())))
        except KafkaException as error:
            client.poll(0)
            if findings or time.monotonic() >= until:
                raise _unreachable(settings, findings, error) from error
            patience *= 2
        else:
            return


def _unreachable(settings: KafkaSettings, findings: list[Finding], error: KafkaException) -> TemporaryError:
    if findings:
        refusal = _access.explain(findings[0])
        return TemporaryError(refusal.problem, delay=5.0, where=refusal.where, remedy=refusal.remedy)
    return TemporaryError(
        f"no Kafka broker answers: {error.args[0].str()}",
        delay=5.0,
        where=f"kafka.bootstrap_servers: {settings.bootstrap_servers}",
        remedy="check the address, that the broker runs, and that it wants the security.protocol of kafka.properties; "
        "`logferry up` starts one on this machine",
    )


def undeliverable(error: KafkaError, record: Message) -> FatalError:
    """What to say when Kafka refuses a record for good."""
    remedy = REFUSALS.get(error.code(), "look at the broker's log; this process starts again from its last position")
    return FatalError(f"Kafka refuses a record: {error.str()}", where=f"topic {record.topic()}", remedy=remedy)


REFUSALS: Final = {
    KafkaError.UNKNOWN_TOPIC_OR_PART: "create the topics with `logferry topics apply`",
    KafkaError._UNKNOWN_TOPIC: "create the topics with `logferry topics apply`",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "give this client's user the rights Write and Describe on the topic",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "give this client's user the right IdempotentWrite on the cluster",
    KafkaError.MSG_SIZE_TOO_LARGE: f"raise the topic's max.message.bytes to {MESSAGE_MAX_BYTES}",
}
"""What to do about a record that is refused, by why it is. A client that knows already refuses it by itself."""


def of_topic(records: Iterable[Message]) -> list[Message]:
    """What a reader without a group was given, without answers about the group that Kafka's client makes it name.

    The client asks who coordinates that group, which nobody joins; where rights are enforced, it may not be told.
    """
    refused = KafkaError.GROUP_AUTHORIZATION_FAILED
    return [each for each in records if (error := each.error()) is None or error.code() != refused]


def read_file(path: str) -> str:
    """The text of a file that the settings refer to. Raises OSError."""
    return Path(path).read_text(encoding="utf-8")


_heard: Final[list[Callable[[], object]]] = []


def count_errors(heard: Callable[[], object]) -> None:
    """Have each error that a client of this process reports by itself counted; a process has one Kafka."""
    _heard[:] = [heard]


def log_error(error: KafkaError) -> None:
    """Log what a client reports by itself. Raises FatalError when its credentials have been replaced meanwhile."""
    for heard in _heard:
        heard()
    text, now = error.str(), time.monotonic()
    if finding := _access.recognise(text, now):
        if renewed := _access.renewed_files():
            raise FatalError(
                f"Kafka does not let this process in, and its credentials have been replaced since it began: {text}",
                where=", ".join(renewed),
                remedy="start it again (a supervisor does so by itself): it then takes the new ones",
            )
        _complain(finding)
    elif error.fatal():
        _log.error("Kafka client: %s", text)
    elif error.code() not in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT) or not _access.is_consequence(now):
        _log.warning("Kafka client: %s%s", text, _ALONE if error.code() == KafkaError._ALL_BROKERS_DOWN else "")


_ALONE: Final = (
    "; it goes on trying. If they do run: are the addresses of bootstrap_servers right, and does the broker want the "
    "security.protocol of kafka.properties?"
)


def _complain(finding: Finding) -> None:
    if _access.is_due(finding, time.monotonic()):
        _log.error("%s", _access.explain(finding))


class _Listener:
    """Stands as librdkafka's logger, since of some brokers that hang up only its log tells."""

    def __init__(self, found: Callable[[Finding], None] = _complain) -> None:
        self._log = logging.getLogger("librdkafka")
        self._found = found

    def log(self, level: int, text: str, *arguments: object) -> None:
        """One line of librdkafka's log."""
        if self._log.hasHandlers():  # a command that has not set up logging says what there is to say itself
            self._log.log(level, text, *arguments)
        if finding := _access.recognise_hang_up(text % arguments if arguments else text, time.monotonic()):
            self._found(finding)
