"""Which sinks there are, and running one by its name. One more sink is one package and one line here."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from runtime.traced_batch import TracedBatches, traced_batches
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from runtime.health import Health
    from runtime.metrics import Metrics
    from schemas.settings import Settings


class Shell(Protocol):
    """A running sink."""

    metrics: Metrics
    health: Health
    traces: TracedBatches | None

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop."""


SINKS: Final[Mapping[str, tuple[str, str, str]]] = {
    "cloudwatch": ("sinks.cloudwatch.sink", "CloudwatchDestination", "cloudwatch"),
    "elasticsearch": ("sinks.elasticsearch.sink", "ElasticsearchDestination", "elasticsearch"),
    "google_cloud": ("sinks.google_cloud.sink", "GoogleCloudDestination", "google-cloud"),
    "object_storage": ("sinks.object_storage.sink", "ObjectStorageShell", "object-storage"),
    "file": ("sinks.file.sink", "FileDestination", "sinks"),
    "http": ("sinks.http.sink", "HttpDestination", "http-sink"),
    "kafka": ("sinks.kafka.sink", "KafkaDestination", "sinks"),
    "otlp": ("sinks.otlp.sink", "OtlpDestination", "otlp"),
    "stdout": ("sinks.stdout.sink", "StdoutDestination", "sinks"),
}
"""Type -> module, class (a Destination, or a whole shell), and the extra that brings its packages. Imported on use: a
machine installs what it runs."""


def run(name: str, settings: Settings, stop: threading.Event, *, tells_ledger: bool = True) -> None:
    """Run one sink until asked to stop. Raises SettingsError when there is none of that name.

    ``tells_ledger``: False for a trial, which is no account of anything.
    """
    sink = settings.sinks.get(name)
    if sink is None:
        known = ", ".join(settings.sinks) or "none"
        raise SettingsError(
            f"there is no sink {name!r}", where="sinks in the settings", remedy=f"choose one of: {known}"
        )
    module, class_name, extra = SINKS[sink.type]
    try:
        found = getattr(importlib.import_module(module), class_name)
        delivery = importlib.import_module("sinks.delivery")
        destination = importlib.import_module("sinks.destination")
        importlib.import_module("sinks.memory").spare_memory()
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"the packages of sink type {sink.type} are not installed: {error.name} is missing",
            remedy=f"pip install 'logferry[{extra}]'",
        ) from error
    made = found(name, settings)
    if isinstance(made, destination.Destination):
        made = delivery.Delivery(name, settings, made, tells_ledger=tells_ledger)
    shell: Shell = made
    shell.traces = traced_batches(settings, name, shell.metrics)
    from runtime.kafka import count_errors

    count_errors(lambda: shell.metrics.count("logferry_sink_errors_total", 1, name, "kafka"))
    shell.metrics.serve(settings.metrics, shell.health)
    try:
        shell.run(stop)
    finally:
        if shell.traces is not None:
            shell.traces.close()
        shell.metrics.snapshot()
