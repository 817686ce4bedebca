"""What each stage and command may do at Kafka, and nothing beyond it, for the settings of one pipeline.

``logferry topics rights`` prints it, the chart logferry-servers makes Strimzi users of it, and `tests/secured` gives
each user exactly this at a broker that enforces rights. Operations and resources have Kafka's names
(https://kafka.apache.org/documentation/#operations_resources_and_protocols).

A right to a name that is only known in part (a route's ``logs.ns.{namespace}``, a sink's ``logs.ns.*``) is one to all
names that begin so: Kafka knows no other pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from schemas.settings import KafkaSink

if TYPE_CHECKING:
    from schemas.settings import Settings

TOPICS: Final = "topics"
SINK: Final = "sink-"

SEE: Final = ("Read", "Describe")
FILL: Final = ("Write", "Describe")
MAKE: Final = ("Create", "Write", "Describe")
"""Topics that are made while records flow."""
KEEP: Final = ("Create", "Describe", "Alter", "DescribeConfigs", "AlterConfigs")
OPERATIONS: Final = ("Read", "Write", "Create", "Delete", "Alter", "Describe", "AlterConfigs", "DescribeConfigs")


@dataclass(frozen=True, slots=True)
class Right:
    """What one stage may do with one name, or with all that begin with it."""

    stage: str
    """topics, producer, pods, stream, sink-<name>, operator, redrive, replay, scaler."""
    resource: Literal["topic", "group"]
    name: str
    operations: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked beyond the settings."""

    live_prefix: str = ""
    """How the topics begin that live routes may name; empty: they name those of the settings."""
    index_suffix: str = ""
    """Of trials (``logferry replay --index-suffix``); empty: there are none."""


NO_WISH: Final = Wish()

Rule = Callable[["Settings", Wish], Iterator[Right]]


def rights_for(settings: Settings, wish: Wish = NO_WISH) -> list[Right]:
    """Every right, in the order of the stages, each name once for a stage."""
    found = [right for rule in RULES.values() for right in rule(settings, wish)]
    merged: dict[tuple[str, str, str, bool], set[str]] = {}
    for each in found:
        merged.setdefault((each.stage, each.resource, each.name, each.is_prefix), set()).update(each.operations)
    return [
        Right(stage, "topic" if resource == "topic" else "group", name, _in_order(operations), is_prefix)
        for (stage, resource, name, is_prefix), operations in merged.items()
    ]


def command_of(stage: str) -> str:
    """What a stage's user does, for people."""
    return f"logferry sink {stage.removeprefix(SINK)}" if stage.startswith(SINK) else COMMANDS[stage]


def _in_order(operations: set[str]) -> tuple[str, ...]:
    return tuple(each for each in OPERATIONS if each in operations)


def _on(stage: str, names: Iterable[str], operations: tuple[str, ...]) -> Iterator[Right]:
    """Rights to topics; names may have stars and fields in them, though not at their beginning."""
    for name in names:
        known = name.partition("{")[0].partition("*")[0]
        yield Right(stage, "topic", known, operations, is_prefix=known != name)


def _group(stage: str, name: str, *operations: str, is_prefix: bool = False) -> Right:
    return Right(stage, "group", name, operations, is_prefix)


def _routed(stage: str, settings: Settings, wish: Wish) -> Iterator[Right]:
    """What becomes of chunks, wherever it goes."""
    names = settings.topics.names
    yield from _on(stage, (*settings.routed_topics, names.dead_letter), FILL)
    yield from _on(stage, settings.dynamic_topics, MAKE)
    if wish.live_prefix:
        yield Right(stage, "topic", wish.live_prefix, MAKE, is_prefix=True)


def _topics(settings: Settings, _: Wish) -> Iterator[Right]:
    prefix = settings.topics.prefix
    yield Right(TOPICS, "topic", prefix, KEEP, is_prefix=True)
    yield from _on(TOPICS, (each for each in settings.routed_topics if not each.startswith(prefix)), KEEP)


def _producer(settings: Settings, _: Wish) -> Iterator[Right]:
    names = settings.topics.names
    yield from _on("producer", (names.raw, names.ledger), FILL)


def _pods(settings: Settings, _: Wish) -> Iterator[Right]:
    yield from _on("pods", (settings.topics.names.pods,), (*SEE, *FILL))


def _stream(settings: Settings, wish: Wish) -> Iterator[Right]:
    names = settings.topics.names
    yield from _on("stream", (names.raw, names.pods, names.control), SEE)
    yield from _routed("stream", settings, wish)
    yield from _on("stream", (names.ledger,), FILL)
    yield _group("stream", settings.stream.group, "Read")


def _sinks(settings: Settings, _: Wish) -> Iterator[Right]:
    for name, sink in settings.sinks.items():
        stage = f"{SINK}{name}"
        yield from _on(stage, sink.topics, SEE)
        if isinstance(sink, KafkaSink):
            yield from _on(stage, sink.written_in(settings.kafka), FILL)
        yield from _on(stage, (settings.topics.names.dead_letter, settings.topics.names.ledger), FILL)
        yield _group(stage, settings.sink_group(name), "Read")


def _operator(settings: Settings, _: Wish) -> Iterator[Right]:
    names = settings.topics.names
    yield from _on("operator", (names.control,), (*SEE, *FILL))
    yield from _on("operator", (names.pods, names.raw, names.dead_letter, names.ledger), SEE)
    yield from _on("operator", (topic for sink in settings.sinks.values() for topic in sink.topics), SEE)
    for group in (settings.stream.group, *map(settings.sink_group, settings.sinks)):
        yield _group("operator", group, "Describe")


def _redrive(settings: Settings, wish: Wish) -> Iterator[Right]:
    names = settings.topics.names
    yield from _on("redrive", (names.raw, names.dead_letter), (*SEE, *FILL))
    yield from _on("redrive", (names.pods, names.control), SEE)
    yield from _on("redrive", (names.ledger,), FILL)
    yield from _routed("redrive", settings, wish)


def _replay(settings: Settings, wish: Wish) -> Iterator[Right]:
    names = settings.topics.names
    yield from _on("replay", (names.raw,), (*SEE, *FILL))
    yield from _on("replay", (names.replay,), (*SEE, *FILL, "Delete"))
    yield from _on("replay", (names.pods, names.control), SEE)
    yield from _routed("replay", settings, wish)
    yield from _on("replay", (names.ledger,), FILL)
    yield _group("replay", f"{settings.stream.group}-replay-", "Read", "Describe", "Delete", is_prefix=True)
    yield _group("replay", settings.stream.group, "Describe")
    if wish.index_suffix:
        yield from _trial(settings, wish.index_suffix)


def _trial(settings: Settings, suffix: str) -> Iterator[Right]:
    """Topics and groups that a trial has for itself, and removes."""
    own = (*settings.routed_topics, settings.topics.names.dead_letter)
    everything = (*SEE, *FILL, *KEEP, "Delete")
    yield from _on("replay", (f"{each}{suffix}" for each in own), everything)
    yield from _on("replay", settings.dynamic_topics, everything)
    for name in settings.sinks:
        yield _group("replay", f"{settings.sink_group(name)}{suffix}", "Read", "Describe", "Delete")


def _scaler(settings: Settings, _: Wish) -> Iterator[Right]:
    read = (settings.topics.names.raw, *(topic for sink in settings.sinks.values() for topic in sink.topics))
    yield from _on("scaler", read, ("Describe",))
    for group in (settings.stream.group, *map(settings.sink_group, settings.sinks)):
        yield _group("scaler", group, "Describe")


RULES: Final[Mapping[str, Rule]] = {
    TOPICS: _topics,
    "producer": _producer,
    "pods": _pods,
    "stream": _stream,
    "sinks": _sinks,
    "operator": _operator,
    "redrive": _redrive,
    "replay": _replay,
    "scaler": _scaler,
}
COMMANDS: Final[Mapping[str, str]] = {
    TOPICS: "logferry topics apply",
    "producer": "logferry produce, logferry relay --to kafka, KafkaHandler",
    "pods": "logferry pods",
    "stream": "logferry stream",
    "operator": "logferry level, route, sampling, quota, redaction; dead-letters list, show, export; audit",
    "redrive": "logferry dead-letters redrive",
    "replay": "logferry replay",
    "scaler": "whatever scales by lag (KEDA) or shows it",
}
