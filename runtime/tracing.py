"""Spans of traced chunks, on their way to a collector. Without `tracing.endpoint` there is no `Tracing` at all.

A span that has ended is handed to OpenTelemetry's batch processor, whose thread sends it. Nobody waits for that: beyond
QUEUE_MAX spans that wait are dropped, what a collector does not take is lost, and both are counted. A stage that ends
gives the last ones FLUSH_SECS.

Names are those of OpenTelemetry's semantic conventions for messaging and Kafka (1.4x, "in development"); what they have
no name for begins with ``logferry.``.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from runtime.own_logs import instance_of, our_version
from runtime.trace_context import SpanRef
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from runtime.metrics import Metrics
    from schemas.settings import Settings

Value: TypeAlias = str | int | float | bool
Kind: TypeAlias = Literal["internal", "producer", "consumer", "client"]


class Ended(Protocol):
    """Takes spans that have ended; never waits, never raises."""

    def take(self, span: Span) -> None:
        """Keep it to be sent."""

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""


class Span:
    """A piece of a chunk's way. Begins when it is made."""

    __slots__ = ("_out", "attributes", "end", "error", "kind", "links", "name", "parent", "ref", "start")

    def __init__(
        self,
        out: Ended,
        name: str,
        kind: Kind,
        ref: SpanRef,
        parent: SpanRef | None,
        start: int,
        attributes: dict[str, Value],
        links: Sequence[SpanRef],
    ) -> None:
        self._out = out
        self.name = name
        self.kind: Kind = kind
        self.ref = ref
        self.parent = parent
        self.start = start
        """Nanoseconds since 1970."""
        self.end = 0
        """0: it has not ended."""
        self.error = ""
        self.attributes = attributes
        self.links = links

    def finish(self, error: str = "") -> None:
        """It ends now; a second time says nothing."""
        if not self.end:
            self.end = max(time.time_ns(), self.start)
            self.error = error
            self._out.take(self)


class Tracing:
    """What a stage makes spans with."""

    def __init__(self, out: Ended, one_in: int) -> None:
        self._out = out
        self.one_in = one_in

    def root(self, trace: int, name: str, kind: Kind, attributes: dict[str, Value], start: int | None = None) -> Span:
        """The first span of a trace."""
        return self._begin(name, kind, trace, None, attributes, start, ())

    def child(
        self,
        parent: SpanRef,
        name: str,
        kind: Kind,
        attributes: dict[str, Value],
        start: int | None = None,
        links: Sequence[SpanRef] = (),
    ) -> Span:
        """A span that another one caused. ``start`` in nanoseconds since 1970; None: now."""
        return self._begin(name, kind, parent.trace, parent, attributes, start, links)

    def _begin(
        self,
        name: str,
        kind: Kind,
        trace: int,
        parent: SpanRef | None,
        attributes: dict[str, Value],
        start: int | None,
        links: Sequence[SpanRef],
    ) -> Span:
        ref = SpanRef(trace, random.getrandbits(64) or 1)
        return Span(self._out, name, kind, ref, parent, start or time.time_ns(), attributes, links)

    def close(self) -> None:
        """Send what waits, for a few seconds at most; what comes later is dropped."""
        self._out.close()


def tracing_of(settings: Settings, stage: str, metrics: Metrics) -> Tracing | None:
    """How a stage traces; None: it does not. Raises SettingsError when the packages are missing, or a secret is.

    ``stage``: as in a LedgerEntry, for example ``sink/search``.
    """
    if settings.tracing.endpoint is None:
        return None
    from runtime.metrics import SPANS

    try:
        from runtime.trace_export import Exporter
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"the packages of tracing are not installed: {error.name} is missing",
            where="tracing.endpoint in the settings",
            remedy="pip install 'logferry[traces]', or leave endpoint out",
        ) from error
    count: Callable[[str, int], None] = lambda outcome, amount: metrics.count(SPANS, amount, outcome)  # noqa: E731
    out = Exporter(settings.tracing, _resource(settings, stage), count)
    return Tracing(out, settings.tracing.sample_one_in)


def _resource(settings: Settings, stage: str) -> Mapping[str, str]:
    """What all spans of this process have in common."""
    return {
        "service.name": f"logferry-{stage.replace('/', '-')}",
        "service.namespace": "logferry",
        "service.version": our_version(),
        "service.instance.id": f"{instance_of(settings.kafka.instance)}-{os.getpid()}",
        **settings.tracing.resource,
    }


def kafka_attributes(operation: str, kind: str, topic: str, **more: Value) -> dict[str, Value]:
    """Attributes of a span about records of a topic.

    ``operation``: as Kafka's clients call it; ``kind``: send, receive, process; ``more``: names with _ for dots behind
    ``messaging.``, for example ``destination__partition__id``.
    """
    found: dict[str, Value] = {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": kind,
        "messaging.destination.name": topic,
    }
    return found | {f"messaging.{name.replace('__', '.')}": value for name, value in more.items()}
