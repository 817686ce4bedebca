"""All settings of all stages, and the checks that span several sections."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.settings.http_status import HttpStatusSettings
from schemas.settings.inputs import ContainerFilesInput, Input
from schemas.settings.kafka import KafkaSettings, TopicsSettings
from schemas.settings.logging import LoggingSettings
from schemas.settings.multiline import MultilineRule
from schemas.settings.node import ProducerSettings
from schemas.settings.parsers import ParserDefinition, ParseRule, parser_names_wrong
from schemas.settings.parts import Problem, ProblemsError, Section, TopicName
from schemas.settings.pipeline import MetricsSettings, StreamSettings
from schemas.settings.pods import PodsSettings
from schemas.settings.redaction import RedactionRule
from schemas.settings.routing import format_of, routing_problems, topics_of_sinks
from schemas.settings.rules import Format, QuotaRule, Route, SamplingRule, SeverityRule
from schemas.settings.sinks import Sink
from schemas.settings.tracing import TracingSettings
from schemas.settings.transform import AttributeSettings, TransformRule

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

    parsers: dict[EntryName, ParserDefinition] = {}
    """Parsers of your own, by names of your choice."""

    parse: tuple[ParseRule, ...] = ()
    """Which parser the lines of a tag have; the first rule that matches decides, and without one the format is
    recognised line by line."""

    multiline: tuple[MultilineRule, ...] = ()
    """How lines become records of several lines; the first rule that matches a tag decides, and without one stack
    traces of all known languages are joined. The annotation logferry.io/multiline of a pod goes first."""

    http_status: HttpStatusSettings = HttpStatusSettings()
    """Severity of the lines of access logs, which say a status instead of a level."""

    redaction: tuple[RedactionRule, ...] = ()
    """What is taken out of lines before anything leaves the stream stage; all rules that match apply together."""

    transform: tuple[TransformRule, ...] = ()
    """What is changed about records before they are routed; all rules that match apply, one after the other."""

    attributes: AttributeSettings = AttributeSettings()
    """How much a record may have beside its text."""

    severity: tuple[SeverityRule, ...] = ()
    """Minimum severities; the first rule that matches a tag decides, and without one everything is kept."""

    routes: tuple[Route, ...] = (Route(match="**", topic="logs.app"),)
    """Which records go to which topic; the first that matches takes the record, unless it copies."""

    unmatched: TopicName = "drop"
    """What happens to records that no route takes: drop (they are counted), or the name of a topic."""

    sampling: tuple[SamplingRule, ...] = ()
    """Of which lines only some are kept; the first rule that matches decides, and without one all are kept."""

    quotas: tuple[QuotaRule, ...] = ()
    """How much each namespace may send; the first that names it decides, and without one any amount passes."""

    sinks: dict[EntryName, Sink] = {}
    """Destinations, by names of your choice; each is a consumer group of its own."""

    metrics: MetricsSettings = MetricsSettings()
    """Health and metrics of each stage."""

    logging: LoggingSettings = LoggingSettings()
    """The log of each process of ours."""

    tracing: TracingSettings = TracingSettings()
    """Traces of the way of chunks."""

    @property
    def routed_topics(self) -> tuple[str, ...]:
        """Topics that records are routed to, each once, in the order of the routes.

        Those that are made from fields while the pipeline runs are not among them, unless a sink names one.
        """
        named = [route.topic for route in self.routes if not route.template.fields]
        rest = () if self.unmatched == "drop" else (self.unmatched,)
        return tuple(dict.fromkeys((*named, *rest, *self.delayed_topics, *topics_of_sinks(self))))

    @property
    def dynamic_topics(self) -> tuple[str, ...]:
        """Names with fields in them, each once, in the order of the routes: ``logs.ns.{namespace}``."""
        return tuple(dict.fromkeys(route.topic for route in self.routes if route.template.fields))

    @property
    def delayed_topics(self) -> tuple[str, ...]:
        """Where each quota sends what is over."""
        return tuple(quota.topic or self.topics.names.delayed for quota in self.quotas)

    def format_of(self, topic: str) -> Format | None:
        """Return the encoding of the values that routes send to a topic; None when none of the settings does."""
        return format_of(self, topic)

    def sink_group(self, name: str) -> str:
        """Return the consumer group of the sink of that name."""
        return self.sinks[name].group or f"logferry-sink-{name}"

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        problems = [*routing_problems(self), *_shared_groups(self), *_chunks_beyond_memory(self)]
        problems += parser_names_wrong(self.parsers, self.parse)
        if problems:
            raise ProblemsError(problems)
        return self


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
