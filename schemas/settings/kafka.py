"""Where Kafka is, and how topics are made there."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from schemas.settings.parts import (
    Count,
    HttpUrl,
    Problem,
    ProblemsError,
    ScalarText,
    Section,
    TopicName,
    TopicTemplateText,
)
from schemas.settings.secret import Secret, TextOrSecret, references_only, resolve
from schemas.topic_names import PREFIX, TopicNames


def _comma_text(value: object) -> object:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value


def _servers(text: str) -> str:
    servers = [server.strip() for server in text.split(",")]
    wrong = [server for server in servers if not re.fullmatch(r"[^/\s]+:\d+", server)]
    if wrong:
        raise ProblemsError(
            Problem(f"{server!r} is not HOST:PORT", f"write {_as_server(server)}" if server else "") for server in wrong
        )
    return ",".join(servers)


def _as_server(text: str) -> str:
    host, _, port = text.rpartition("://")[2].rstrip("/").partition(":")
    return f"{host or 'localhost'}:{port if port.isdigit() else 9092}"


# Each of them would break a promise: a record lost, doubled, out of order, or an offset committed too early.
_OWN_PROPERTIES: Final[Mapping[str, str]] = {
    "bootstrap.servers": "use kafka.bootstrap_servers",
    "metadata.broker.list": "use kafka.bootstrap_servers",
    "compression.type": "use producer.compression and stream.compression, or compression of a sink",
    "compression.codec": "use producer.compression and stream.compression, or compression of a sink",
    "group.id": "use stream.group and sinks.<name>.group",
    **dict.fromkeys(
        (
            "acks",
            "auto.offset.reset",
            "delivery.timeout.ms",
            "enable.auto.commit",
            "enable.auto.offset.store",
            "enable.idempotence",
            "message.timeout.ms",
            "partitioner",
            "request.required.acks",
            "transactional.id",
        ),
        "leave it out: the stages set what delivery depends on",
    ),
}


def _not_ours(properties: dict[str, str | Secret]) -> dict[str, str | Secret]:
    problems = [
        Problem(f"{key} cannot be set here", _OWN_PROPERTIES[key], (key,))
        for key in properties
        if key in _OWN_PROPERTIES
    ]
    if problems:
        raise ProblemsError(problems)
    return properties


class SchemaRegistry(Section):
    """A Confluent-compatible schema registry."""

    url: HttpUrl
    """Its address, for example http://registry:8081."""


class KafkaCluster(Section):
    """A Kafka cluster, and how to be let in there."""

    bootstrap_servers: Annotated[
        str, AfterValidator(_servers), BeforeValidator(_comma_text, json_schema_input_type=str | list[str])
    ] = "localhost:9092"
    """Brokers asked first, as HOST:PORT, several separated by commas or as a list. Two or three are enough:
    they name the rest."""

    properties: Annotated[dict[str, TextOrSecret], AfterValidator(references_only), AfterValidator(_not_ours)] = Field(
        default={}, json_schema_extra={"x-env-separator": "."}
    )
    """Handed to librdkafka as they are, for TLS and SASL (security.protocol, sasl.mechanism, ssl.ca.location, …);
    passwords by reference. What delivery depends on (acks, idempotence, offsets) belongs to the stages and is
    refused."""

    def client_properties(self, environ: Mapping[str, str], read_file: Callable[[str], str]) -> dict[str, str]:
        """Return the properties with their secrets fetched; raises `SettingsError` when one is missing."""
        return {key: resolve(value, environ, read_file) for key, value in self.properties.items()}


class KafkaSettings(KafkaCluster):
    """The Kafka cluster that all stages share."""

    schema_registry: SchemaRegistry | None = None
    """With a registry, values are in the Confluent wire format; without, in Avro single-object encoding. None by
    default: one server less to run, and any consumer finds the schemas in this package."""

    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,200}$")] | None = None
    """Name of this process among all that share a consumer group (Kafka's static membership), for example the pod's
    name. A process that is killed and comes back under its name has its partitions at once, without a rebalance. Give
    it by LOGFERRY_KAFKA__INSTANCE, since every process needs its own; two with one name fence each other off."""


class TopicOverride(Section):
    """What one topic has differently from all others."""

    partitions: Count | None = None
    """Partitions of this topic. Partitions are only ever added, and adding some moves keys, so choose early."""

    replication_factor: Count | None = None
    """Copies of each partition of this topic."""

    config: dict[str, ScalarText] = Field(default={}, json_schema_extra={"x-env-separator": "."})
    """Kafka's own topic configuration (retention.ms, cleanup.policy, …); wins over what the topic's data file says."""


class TopicsSettings(Section):
    """What topics are called and how they are created."""

    prefix: TopicName = PREFIX
    """Beginning of the names of the fixed topics (logs.raw, logs.pods …), so that several pipelines can share a
    cluster. Routes name their topics in full."""

    partitions: Count = 8
    """Partitions of every topic that does not say otherwise: the most workers that can share it. Eight feed a small
    cluster's stream workers and cost the broker little."""

    replication_factor: Count = 1
    """Copies of each partition. One, because a first cluster has one broker; a cluster that must not lose a disk's
    logs needs three."""

    dynamic_max: Count = 100
    """How many topics the fields in the topics of routes (logs.ns.{namespace}) may make, as each worker counts them;
    what would need more goes to the name with `other` for each field. A hundred, because every partition of every
    topic costs brokers memory and open files, and a label can have any number of values."""

    overrides: dict[TopicTemplateText, TopicOverride] = Field(default={}, json_schema_extra={"x-env-separator": "."})
    """Differences by topic name, for example {logs.raw: {partitions: 16, config: {retention.ms: 86400000}}}; topics
    that are made from fields by what stands in the route: {"logs.ns.{namespace}": {partitions: 2}}."""

    @property
    def names(self) -> TopicNames:
        """The fixed topics."""
        return TopicNames(self.prefix)

    @field_validator("overrides")
    @classmethod
    def _some_difference(cls, overrides: dict[str, TopicOverride]) -> dict[str, TopicOverride]:
        empty = [name for name, override in overrides.items() if override == TopicOverride()]
        if empty:
            raise ProblemsError(
                Problem(f"{name} overrides nothing", "name a value, or leave it out", (name,)) for name in empty
            )
        return overrides
