"""Topics as reviewed data: one file in `schemas/topics/` each, joined here with the settings.

A file says what a topic is for, its key, its value's schema, and how long it is kept; the settings say how many
partitions and copies there are, and may override any configuration. `deploy` creates what `topics_for` returns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import yaml

from schemas.settings import Settings, TopicOverride
from schemas.topic_names import PREFIX
from schemas.topic_templates import TopicTemplate

RAW: Final = "logs.raw"
CONTROL: Final = "logs.control"
PODS: Final = "logs.pods"
DEAD_LETTER: Final = "logs.dead-letter"
LEDGER: Final = "logs.ledger"
REPLAY: Final = "logs.replay"
ROUTE: Final = "logs.<route>"

_MS_PER_HOUR: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class TopicKind:
    """One data file: what is fixed about a topic, whatever the settings."""

    name: str
    """Name of the topic; `logs.<route>` stands for every routed topic."""
    purpose: str
    key: str
    value: str
    """File name of the value's schema in schemas/avro."""
    retention_hours: int | None
    """None where compaction alone removes records."""
    cleanup_policy: str
    max_message_bytes: int
    partitions: int | None
    """None where the settings decide."""
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    history_hours: int = 0
    """So long compaction keeps all that a key ever had; behind that, only its last value."""
    timestamp_type: str = ""
    """Whose time a record has: empty for its sender's, LogAppendTime for the broker's."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is created in Kafka."""

    name: str
    kind: TopicKind
    partitions: int
    replication_factor: int
    config: Mapping[str, str]
    """Kafka's topic configuration."""


@cache
def topic_kinds() -> Mapping[str, TopicKind]:
    """Return the data files by topic name, `logs.<route>` among them."""
    folder = files("schemas").joinpath("topics")
    texts = [file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".yaml")]
    kinds = sorted((_kind(yaml.safe_load(text)) for text in texts), key=lambda kind: kind.name)
    return MappingProxyType({kind.name: kind for kind in kinds})


def topics_for(settings: Settings) -> list[Topic]:
    """Return every topic that a pipeline with these settings uses: the fixed ones and those that routes name."""
    kinds = topic_kinds()
    prefix = settings.topics.prefix
    fixed = [(prefix + name.removeprefix(PREFIX), kind) for name, kind in kinds.items() if name != ROUTE]
    routed = [(name, kinds[ROUTE]) for name in settings.routed_topics]
    return [_topic(name, kind, settings) for name, kind in (*fixed, *routed)]


def dynamic_topic_spec(name: str, settings: Settings) -> Topic:
    """Return a topic that a worker needs and `topics_for` does not know: made from fields, or named by a live rule.

    It has the overrides of the first template that can have made the name.
    """
    templates = (template for template in settings.dynamic_topics if TopicTemplate(template).describes(name))
    like = next((template for template in templates if name not in settings.topics.overrides), name)
    return replace(_topic(like, topic_kinds()[ROUTE], settings), name=name)


def _kind(data: dict[str, Any]) -> TopicKind:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return TopicKind(**fields)


def _topic(name: str, kind: TopicKind, settings: Settings) -> Topic:
    override = settings.topics.overrides.get(name, TopicOverride())
    copies = override.replication_factor or settings.topics.replication_factor
    return Topic(
        name=name,
        kind=kind,
        partitions=override.partitions or kind.partitions or settings.topics.partitions,
        replication_factor=copies,
        config=MappingProxyType({**_config(kind, copies), **override.config}),
    )


def _config(kind: TopicKind, copies: int) -> dict[str, str]:
    retention = -1 if kind.retention_hours is None else kind.retention_hours * _MS_PER_HOUR
    times = {"message.timestamp.type": kind.timestamp_type} if kind.timestamp_type else {}
    history = {"min.compaction.lag.ms": str(kind.history_hours * _MS_PER_HOUR)} if kind.history_hours else {}
    return {
        **history,
        **times,
        "cleanup.policy": kind.cleanup_policy,
        # What the sender chose; the broker must not spend CPU on packing again.
        "compression.type": "producer",
        "max.message.bytes": str(kind.max_message_bytes),
        # With three copies, one broker may be away and an acknowledged record still stands twice.
        "min.insync.replicas": str(max(1, copies - 1)),
        "retention.ms": str(retention),
    }
