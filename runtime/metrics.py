"""Metrics of this process, as schemas.metrics names them, and the endpoint that shows them.

`/metrics` answers in Prometheus text format, `/live` and `/ready` say how the process is (`runtime.health`). One that
ends leaves its last figures in the file named by LOGFERRY_METRICS_SNAPSHOT, so that whoever started it can still add
them up.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, write_to_textfile

from runtime.endpoint import Healthy, open_endpoint
from schemas.errors import SettingsError
from schemas.metrics import METRICS

if TYPE_CHECKING:
    from schemas.settings import MetricsSettings

_log = logging.getLogger(__name__)

SNAPSHOT_VARIABLE: Final = "LOGFERRY_METRICS_SNAPSHOT"
PORT_FILE_VARIABLE: Final = "LOGFERRY_METRICS_PORT_FILE"
"""Names a file for the port that was taken, for whoever started the process with port 0."""


class Metrics:
    """The metrics of one stage (producer, stream or sink), by full name."""

    def __init__(self, stage: str) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        for name, metric in METRICS.items():
            if not name.startswith(f"logferry_{stage}_"):
                continue
            if metric.kind == "counter":
                self._counters[name] = Counter(name, metric.meaning, metric.labels, registry=self.registry)
            else:
                self._gauges[name] = Gauge(name, metric.meaning, metric.labels, registry=self.registry)

    def count(self, name: str, amount: float = 1, *labels: str) -> None:
        """Add to a counter; labels in the order schemas.metrics gives them."""
        counter = self._counters[name]
        (counter.labels(*labels) if labels else counter).inc(amount)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def serve(self, settings: MetricsSettings, health: Healthy) -> int:
        """Open the endpoint in a thread; returns its port."""
        return serve(settings, self.registry, health)

    def snapshot(self) -> None:
        """Write the last figures to the file that LOGFERRY_METRICS_SNAPSHOT names, if it names one."""
        if path := os.environ.get(SNAPSHOT_VARIABLE):
            write_to_textfile(path, self.registry)


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
