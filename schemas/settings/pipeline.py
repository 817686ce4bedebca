"""Between `logs.raw` and the sinks: how the stream stage works; what it keeps, and where that goes, is in `rules`."""

from typing import Annotated

from pydantic import Field

from schemas.settings.node import MIB
from schemas.settings.parts import (
    NUMBER,
    SIZE,
    Compression,
    Milliseconds,
    Port,
    Seconds,
    Section,
    Size,
)
from schemas.settings.rules import AnnotationRule

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

    pod_wait_secs: Annotated[float, Field(ge=0), NUMBER] = 2.0
    """How long the chunks of a pod wait that logs.pods does not know yet; those of other pods go on. Then they go on
    with what the path tells, counted as unresolved. 2 s, because the watcher tells of a pod within one; 0: no waiting,
    where there is no watcher."""

    pod_wait_max_bytes: Size = 16 * MIB
    """Chunks that may wait for their pods, per worker; beyond that those that waited longest go on. 16 MiB hold the
    first lines of some hundred pods that begin at once."""

    record_max_bytes: Annotated[int, Field(ge=1, le=RECORD_BYTES_AT_MOST), SIZE] = 1 * MIB
    """Longest text of one record; a longer line becomes several, flagged `split`."""

    annotations: tuple[AnnotationRule, ...] = ()
    """Which annotations of pods are obeyed in which namespaces; without a rule for a namespace all are. The first rule
    that names it decides."""

    compression: Compression = "lz4"
    """Codec of the routed records."""

    linger_ms: Milliseconds = 20
    """Longest a record waits for others to share a request."""


class MetricsSettings(Section):
    """The endpoint for health and metrics of each stage."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address it listens on. Loopback, because figures of a system are not for everybody; in a pod 0.0.0.0."""

    port: Port = 0
    """Port it listens on; 0 takes any free one, which is printed and remembered. In a pod a fixed one."""

    stall_secs: Seconds = 60.0
    """How long the main loop of a stage may make no progress before /live answers 503. 60 s, because nothing that a
    loop does by itself takes half of that; waiting for Kafka or a destination counts as progress."""
