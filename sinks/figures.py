"""What a sink tells of itself beside what it counts: found out when somebody asks, in the endpoint's thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runtime.held import Held

if TYPE_CHECKING:
    from collections.abc import Sized

    from runtime.health import Failing
    from runtime.kafka_lag import Behind
    from runtime.metrics import Metrics
    from sinks.consumer import GroupConsumer
    from sinks.core.pressure import Pressure

ASKED_SECS = 1.0
"""Records and seconds of one answer belong together."""


class SinkFigures:
    """Lag, back-pressure and failures of one sink."""

    def __init__(self, name: str, metrics: Metrics, consumer: GroupConsumer, failing: Failing) -> None:
        self._name = name
        self._metrics = metrics
        self._consumer = consumer
        self._lag: tuple[float, dict[str, Behind]] = (float("-inf"), {})
        self.held = Held()
        """Whether records wait because the destination has all that it gets at once."""
        consumer.failed = lambda kind: self.count("logferry_sink_errors_total", 1, kind)
        one = (name,)
        metrics.ask("logferry_sink_lag_records", lambda: self._by_topic("records"))
        metrics.ask("logferry_sink_lag_seconds", lambda: self._by_topic("seconds"))
        metrics.ask("logferry_sink_held_up", lambda: {one: float(self.held.is_held)})
        metrics.ask("logferry_sink_held_up_seconds_total", lambda: {one: self.held.total_secs()})
        metrics.ask("logferry_sink_failing_seconds", lambda: {one: failing.secs(time.monotonic())})

    def pressure(self, pressure: Pressure, flying: Sized) -> None:
        """Tell how much at once the destination gets, too."""
        one = (self._name,)
        self._metrics.ask("logferry_sink_requests", lambda: {one: float(len(flying))})
        self._metrics.ask("logferry_sink_requests_limit", lambda: {one: float(pressure.requests_in_flight)})
        self._metrics.ask("logferry_sink_request_limit_bytes", lambda: {one: float(pressure.batch_bytes)})

    def count(self, name: str, amount: float = 1, *labels: str) -> None:
        """Add to a counter of schemas.metrics whose first label is the sink."""
        self._metrics.count(name, amount, self._name, *labels)

    def _by_topic(self, field: str) -> dict[tuple[str, ...], float]:
        asked_at, known = self._lag
        now = time.monotonic()
        if now - asked_at > ASKED_SECS:
            known = self._consumer.lag.by_topic()
            self._lag = (time.monotonic(), known)
        return {(self._name, topic): float(getattr(each, field)) for topic, each in known.items()}
