"""Between `logs.raw` and the sinks: what is kept, and where it goes."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.settings.node import MIB
from schemas.settings.parts import (
    SIZE,
    Compression,
    Milliseconds,
    Pattern,
    Port,
    Seconds,
    Section,
    SeverityName,
    TopicName,
)

# Routed topics take 8 MiB; bytes that are not UTF-8 grow fourfold, and labels come on top.
RECORD_BYTES_AT_MOST = 3 * MIB // 2


class StreamSettings(Section):
    """The stream stage: `logs.raw` to routed topics."""

    group: Annotated[str, Field(min_length=1)] = "logferry-stream"
    """Consumer group of the workers; those with the same name share the work."""

    in_flight_max_bytes: Annotated[int, Field(ge=1 * MIB), SIZE] = 32 * MIB
    """Records produced but not yet acknowledged, per worker. When it is reached, the next chunk waits."""

    join_timeout_secs: Seconds = 30.0
    """How long a partial line waits for its rest, by the lines' own timestamps; then it goes on alone, flagged
    `incomplete`. Longer than any pause of a runtime between two pieces of one line."""

    record_max_bytes: Annotated[int, Field(ge=1, le=RECORD_BYTES_AT_MOST), SIZE] = 1 * MIB
    """Longest text of one record; a longer line becomes several, flagged `split`."""

    compression: Compression = "lz4"
    """Codec of the routed records."""

    linger_ms: Milliseconds = 20
    """Longest a record waits for others to share a request."""


class SeverityRule(Section):
    """Lines below a minimum are dropped; the first rule that matches decides."""

    match: Annotated[Pattern, Field(examples=["kube.shop.**"])]
    """Tag patterns as in fluentd: * one part, ** any parts, {a,b} either; several separated by spaces."""

    minimum: Annotated[SeverityName, Field(examples=["warn"])]
    """Lowest severity that is kept: trace, debug, info, warn, error, fatal. Lines of unknown severity are kept too."""


class Route(Section):
    """Where records go; the first that matches takes the record, unless it copies."""

    match: Annotated[Pattern, Field(examples=["kube.shop.**"])]
    """Tag patterns as in fluentd: * one part, ** any parts, {a,b} either; several separated by spaces."""

    minimum: SeverityName | None = None
    """Only records of this severity or above; records of unknown severity do not pass a minimum here, because a topic
    such as logs.errors promises that every record is one. Null takes all."""

    topic: Annotated[TopicName, Field(examples=["logs.app"])]
    """Topic that takes the records; it is created when missing. Several routes may name the same."""

    copies: bool = Field(default=False, alias="copy")
    """Send a copy here and go on with the next route."""

    format: Literal["avro"] = "avro"
    """Encoding of the values."""


class MetricsSettings(Section):
    """The endpoint for health and metrics of each stage."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address it listens on. Loopback, because figures of a system are not for everybody; in a pod 0.0.0.0."""

    port: Port = 0
    """Port it listens on; 0 takes any free one, which is printed and remembered. In a pod a fixed one."""
