"""Making the topics what schemas/topics and the settings say they are. Never deletes, never takes partitions away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from runtime.kafka import check_reachable, client_config
from schemas.errors import FatalError
from schemas.settings import KafkaSettings
from schemas.topics import Topic

TIMEOUT_SECS = 30.0


@dataclass(frozen=True)
class Change:
    """One thing that was done, or would be."""

    topic: str
    action: str
    """create, add partitions, or configure."""
    detail: str


def apply_topics(kafka: KafkaSettings, topics: Iterable[Topic], *, dry_run: bool = False) -> list[Change]:
    """Create what is missing, add partitions, correct configuration. Raises TemporaryError or FatalError."""
    check_reachable(kafka)
    admin = AdminClient(client_config(kafka, "logferry-topics"))
    wanted = {topic.name: topic for topic in topics}
    existing = admin.list_topics(timeout=TIMEOUT_SECS).topics
    missing = [topic for name, topic in wanted.items() if name not in existing]
    changes = [Change(topic.name, "create", f"{topic.partitions} partitions") for topic in missing]
    grown = {
        name: topic.partitions
        for name, topic in wanted.items()
        if name in existing and len(existing[name].partitions) < topic.partitions
    }
    changes += [
        Change(name, "add partitions", f"to {count}; keys move, so order is not kept across this")
        for name, count in grown.items()
    ]
    differing = _differing(admin, [topic for name, topic in wanted.items() if name in existing])
    changes += [
        Change(name, "configure", ", ".join(f"{k}={v}" for k, v in entries.items()))
        for name, entries in differing.items()
    ]
    if not dry_run:
        _create(admin, missing)
        if grown:
            _wait(admin.create_partitions([NewPartitions(name, count) for name, count in grown.items()]))
        if differing:
            _wait(admin.incremental_alter_configs([_resource(name, entries) for name, entries in differing.items()]))
    return changes


def _create(admin: AdminClient, topics: list[Topic]) -> None:
    if topics:
        new = [
            NewTopic(
                each.name,
                num_partitions=each.partitions,
                replication_factor=each.replication_factor,
                config=dict(each.config),
            )
            for each in topics
        ]
        _wait(admin.create_topics(new))


def _differing(admin: AdminClient, topics: list[Topic]) -> dict[str, dict[str, str]]:
    """Topic -> settings that are not as wanted."""
    if not topics:
        return {}
    described = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic.name) for topic in topics])
    current = {resource.name: _result(future) for resource, future in described.items()}
    found = {
        topic.name: {key: value for key, value in topic.config.items() if current[topic.name][key].value != value}
        for topic in topics
    }
    return {name: entries for name, entries in found.items() if entries}


def _resource(name: str, entries: Mapping[str, str]) -> ConfigResource:
    operations = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in entries.items()
    ]
    return ConfigResource(ResourceType.TOPIC, name, incremental_configs=operations)


def _wait(futures: Mapping[Any, Future[Any]]) -> None:
    for future in futures.values():
        _result(future)


def _result(future: Future[Any]) -> Any:
    try:
        return future.result(timeout=TIMEOUT_SECS)
    except KafkaException as error:
        reason = error.args[0]
        if reason.code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return None
        raise FatalError(
            f"a topic cannot be made: {reason.str()}",
            remedy="check topics.replication_factor against the number of brokers, and this client's rights",
        ) from error
