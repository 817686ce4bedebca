"""Metrics of this process, as schemas.metrics names them, and the endpoint that shows them.

`/metrics` answers in Prometheus text format, `/live` and `/ready` say how the process is (`runtime.health`). One that
ends leaves its last figures in the file named by LOGFERRY_METRICS_SNAPSHOT, so that whoever started it can still add
them up. Beside its own figures each process has those of prometheus_client: CPU, memory, open files, start.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from runtime.endpoint import Healthy, open_endpoint
from schemas.errors import SettingsError
from schemas.metrics import METRICS

if TYPE_CHECKING:
    from schemas.settings import MetricsSettings

_log = logging.getLogger(__name__)

SNAPSHOT_VARIABLE: Final = "LOGFERRY_METRICS_SNAPSHOT"
PORT_FILE_VARIABLE: Final = "LOGFERRY_METRICS_PORT_FILE"
"""Names a file for the port that was taken, for whoever started the process with port 0."""
INFO: Final = "logferry_build_info"
SPANS: Final = "logferry_tracing_spans_total"

Look: TypeAlias = Callable[[], float | Mapping[tuple[str, ...], float]]
"""What a metric is now; where it has labels, for each of their values."""


class Metrics:
    """The metrics of one stage (producer, pods, stream or sink), by full name."""

    def __init__(self, stage: str) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._asked = _Asked()
        self.registry.register(self._asked)
        ProcessCollector(registry=self.registry)
        for name in METRICS:
            if name in (INFO, SPANS) or name.startswith(f"logferry_{stage}_"):
                self._make(name)
        self.set(INFO, 1, version("logferry"))

    def _make(self, name: str) -> None:
        metric = METRICS[name]
        if metric.kind == "counter":
            self._counters[name] = Counter(name, metric.meaning, metric.labels, registry=self.registry)
        elif metric.kind == "gauge":
            self._gauges[name] = Gauge(name, metric.meaning, metric.labels, registry=self.registry)
        else:
            self._histograms[name] = Histogram(
                name, metric.meaning, metric.labels, registry=self.registry, buckets=metric.buckets
            )

    def count(self, name: str, amount: float = 1, *labels: str) -> None:
        """Add to a counter; labels in the order schemas.metrics gives them."""
        counter = self._counters[name]
        (counter.labels(*labels) if labels else counter).inc(amount)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Add to a histogram."""
        histogram = self._histograms[name]
        (histogram.labels(*labels) if labels else histogram).observe(value)

    def ask(self, name: str, look: Look) -> None:
        """Have a gauge or counter found out when somebody asks for it, in the endpoint's thread: the rest is free."""
        known: dict[str, Gauge] | dict[str, Counter] = (
            self._counters if METRICS[name].kind == "counter" else self._gauges
        )
        if name in known:
            self.registry.unregister(known.pop(name))
        self._asked.looks[name] = look

    def serve(self, settings: MetricsSettings, health: Healthy) -> int:
        """Open the endpoint in a thread; returns its port."""
        return serve(settings, self.registry, health)

    def snapshot(self) -> None:
        """Write the last figures to the file that LOGFERRY_METRICS_SNAPSHOT names, if it names one."""
        if path := os.environ.get(SNAPSHOT_VARIABLE):
            write_to_textfile(path, self.registry)


class _Asked(Collector):
    """Metrics that are found out when they are asked for."""

    def __init__(self) -> None:
        self.looks: dict[str, Look] = {}

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: what is asked for is known later, and takes the place of a metric of the same name."""
        return []

    def collect(self) -> Iterable[Metric]:
        """A family for each. What cannot be found out is left out; the others are told."""
        for name, look in list(self.looks.items()):
            try:
                found = look()
            except Exception:
                _log.debug("%s cannot be told", name, exc_info=True)
                continue
            yield _family(name, found if isinstance(found, Mapping) else {(): found})


def _family(name: str, values: Mapping[tuple[str, ...], float]) -> Metric:
    metric = METRICS[name]
    made = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = made(name, metric.meaning, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def serve(settings: MetricsSettings, registry: CollectorRegistry, health: Healthy) -> int:
    """Open the endpoint with figures from anywhere; returns its port."""
    try:
        port = open_endpoint(settings.host, settings.port, registry, health)
    except OSError as error:
        raise SettingsError(
            f"the metrics endpoint cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            where="metrics.port in the settings",
            remedy="choose another port, or 0 for any free one",
        ) from error
    _log.info("metrics at http://%s:%d/metrics", settings.host, port)
    if path := os.environ.get(PORT_FILE_VARIABLE):
        begun = Path(f"{path}.new")
        begun.write_text(str(port), encoding="ascii")
        begun.replace(path)
    return port
