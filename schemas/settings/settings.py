"""All settings of all stages, and the checks that span several sections."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.settings.inputs import ContainerFilesInput, Input
from schemas.settings.kafka import KafkaSettings, TopicsSettings
from schemas.settings.node import ProducerSettings
from schemas.settings.parts import Problem, ProblemsError, Section, TopicName, nearest
from schemas.settings.pipeline import MetricsSettings, Route, SeverityRule, StreamSettings
from schemas.settings.pods import PodsSettings
from schemas.settings.sinks import ElasticsearchSink, Sink

EntryName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class Settings(Section):
    """One `logferry.yaml`. Every value can also come from the environment: LOGFERRY_<SECTION>__<KEY>."""

    kafka: KafkaSettings = KafkaSettings()
    """The Kafka cluster."""

    topics: TopicsSettings = TopicsSettings()
    """How topics are created."""

    inputs: dict[EntryName, Input] = {"containers": ContainerFilesInput(type="container_files")}
    """What the producer reads, by names of your choice."""

    producer: ProducerSettings = ProducerSettings()
    """The node side."""

    pods: PodsSettings = PodsSettings()
    """The pod watcher."""

    stream: StreamSettings = StreamSettings()
    """The stream stage."""

    severity: tuple[SeverityRule, ...] = ()
    """Minimum severities; the first rule that matches a tag decides, and without one everything is kept."""

    routes: tuple[Route, ...] = (Route(match="**", topic="logs.app"),)
    """Which records go to which topic; the first that matches takes the record, unless it copies."""

    unmatched: TopicName = "drop"
    """What happens to records that no route takes: drop (they are counted), or the name of a topic."""

    sinks: dict[EntryName, Sink] = {}
    """Destinations, by names of your choice; each is a consumer group of its own."""

    metrics: MetricsSettings = MetricsSettings()
    """Health and metrics of each stage."""

    @property
    def routed_topics(self) -> tuple[str, ...]:
        """Topics that records are routed to, each once, in the order of the routes."""
        named = [route.topic for route in self.routes]
        return tuple(dict.fromkeys(named if self.unmatched == "drop" else [*named, self.unmatched]))

    def sink_group(self, name: str) -> str:
        """Return the consumer group of the sink of that name."""
        return self.sinks[name].group or f"logferry-sink-{name}"

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        problems = [*_routes_to_fixed_topics(self), *_topics_without_source(self), *_overrides_of_nothing(self)]
        problems += [*_sinks_of_raw_chunks(self), *_shared_groups(self), *_chunks_beyond_memory(self)]
        if problems:
            raise ProblemsError(problems)
        return self


def _routes_to_fixed_topics(settings: Settings) -> Iterator[Problem]:
    named = [(("routes", index, "topic"), route.topic) for index, route in enumerate(settings.routes)]
    for key, topic in (*named, (("unmatched",), settings.unmatched)):
        if topic in settings.topics.names.fixed:
            yield Problem(
                f"{topic} has a meaning of its own; records cannot be routed to it", "choose another name", key
            )


def _topics_without_source(settings: Settings) -> Iterator[Problem]:
    names = settings.topics.names
    known = (names.raw, *settings.routed_topics, names.dead_letter)
    for name, sink in settings.sinks.items():
        for index, topic in enumerate(sink.topics):
            if topic not in known:
                meant = nearest(topic, known)
                remedy = f"did you mean {meant}?" if meant else f"add a route, or choose from {', '.join(known)}"
                yield Problem(f"no route sends anything to {topic}", remedy, ("sinks", name, "topics", index))


def _overrides_of_nothing(settings: Settings) -> Iterator[Problem]:
    known = (*settings.topics.names.fixed, *settings.routed_topics)
    for topic in settings.topics.overrides:
        if topic not in known:
            meant = nearest(topic, known)
            remedy = f"did you mean {meant}?" if meant else f"choose from {', '.join(known)}"
            yield Problem(f"there is no topic {topic}", remedy, ("topics", "overrides", topic))


def _sinks_of_raw_chunks(settings: Settings) -> Iterator[Problem]:
    names = settings.topics.names
    for name, sink in settings.sinks.items():
        records_only = isinstance(sink, ElasticsearchSink) or sink.format == "parquet"
        for index, topic in enumerate(sink.topics):
            key = ("sinks", name, "topics", index)
            if topic == names.raw and isinstance(sink, ElasticsearchSink):
                yield Problem(f"{topic} holds blocks of bytes, not records", "index a routed topic instead", key)
            if topic == names.dead_letter and records_only:
                yield Problem(f"{topic} holds what could not be read, not records", "archive it with format: avro", key)


def _shared_groups(settings: Settings) -> Iterator[Problem]:
    owners = {settings.stream.group: "the stream stage"}
    for name in settings.sinks:
        owner = owners.setdefault(settings.sink_group(name), f"sink {name}")
        if owner != f"sink {name}":
            problem = f"{owner} has the same consumer group: each would get only a part of the records"
            yield Problem(problem, "give it a group of its own, or leave group out", ("sinks", name, "group"))


def _chunks_beyond_memory(settings: Settings) -> Iterator[Problem]:
    producer = settings.producer
    largest = max(producer.chunk_max_bytes, producer.line_max_bytes)
    if largest > producer.memory_max_bytes:
        problem = f"one chunk may have {largest} bytes, more than all memory"
        yield Problem(problem, f"write {largest} or more", ("producer", "memory_max_bytes"))
