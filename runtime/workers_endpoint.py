"""The endpoint of a parent of worker processes (`runtime.workers`): it asks each of them, and answers for all.

`/live` and `/ready` are 200 when they are for every worker, and say which worker has what wrong. `/metrics` are those
of all workers, each with the label ``worker``, so one address to scrape is enough for a pod. Nothing is added up: of
counts and histograms that would be the sum, of ages and lags in seconds the highest, and only a query knows which it
wants. The parent's own memory, CPU and files are there too (``worker="parent"``). Workers listen on loopback, at any
free port, which they write into a file for the parent::

    logferry_stream_pending_bytes{worker="0"} 0.0
    logferry_stream_pending_bytes{worker="1"} 212992.0
"""

from __future__ import annotations

import http.client
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from runtime.health import Health
from runtime.metrics import PORT_FILE_VARIABLE, serve

if TYPE_CHECKING:
    from runtime.workers import Worker
    from schemas.settings import MetricsSettings

ANSWER_SECS: Final = 3.0
"""A little more than a worker may wait for Kafka's answer itself."""
AT_ONCE: Final = 16
PARENT: Final = "parent"
PATHS: Final = 3
"""Whoever asks whether workers live does not wait for those who ask whether they are ready, or for figures."""


class Answer(NamedTuple):
    """What a worker's endpoint said."""

    status: int
    text: str


class WorkersEndpoint:
    """Use it in a ``with`` block, around the workers' lives."""

    def __init__(self, workers: Sequence[Worker], settings: MetricsSettings) -> None:
        self._workers = workers
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="logferry-workers-"))
        self.health = Health(settings.stall_secs)
        """Of the parent itself."""
        self._pool = ThreadPoolExecutor(PATHS * min(len(workers), AT_ONCE), thread_name_prefix="ask-worker")

    def __enter__(self) -> Self:
        """Listen. Raises SettingsError when the address cannot be had."""
        own = CollectorRegistry()
        ProcessCollector(registry=own)
        registry = CollectorRegistry()
        registry.register(_Merged(own, self._metrics))
        serve(self._settings, registry, self)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def environment(self, number: int) -> dict[str, str]:
        """What a worker needs that is about to start; what the one before it left is forgotten."""
        self._port_file(number).unlink(missing_ok=True)
        return {
            "LOGFERRY_METRICS__HOST": "127.0.0.1",
            "LOGFERRY_METRICS__PORT": "0",
            PORT_FILE_VARIABLE: str(self._port_file(number)),
        }

    def live(self, now: float) -> list[str]:
        """As runtime.endpoint.Healthy says. A worker that has ended, and is about to be started again, is progress."""
        return self.health.live(now) + self._problems(self._live_of)

    def ready(self, now: float) -> list[str]:
        """As runtime.endpoint.Healthy says."""
        return self.health.live(now) + self._problems(self._ready_of)

    def _problems(self, of: Callable[[Worker], str]) -> list[str]:
        told = self._pool.map(of, self._workers)
        return [
            f"worker {worker.number}: {line}"
            for worker, text in zip(self._workers, told, strict=True)
            for line in text.splitlines()
        ]

    def _live_of(self, worker: Worker) -> str:
        """What is wrong; empty: nothing. A worker that starts has as long as its loop may stand still."""
        answer = self._ask(worker, "/live")
        if worker.process is None or (answer is not None and answer.status == http.client.OK):
            return ""
        if answer is not None:
            return answer.text
        age = time.monotonic() - worker.started_at
        return f"does not answer {age:.0f} s after its start" if age > self._settings.stall_secs else ""

    def _ready_of(self, worker: Worker) -> str:
        answer = self._ask(worker, "/ready")
        if answer is None:
            return "does not answer" if worker.process is not None else "has ended and is started again"
        return "" if answer.status == http.client.OK else answer.text

    def _metrics(self) -> Iterator[tuple[int, str]]:
        answers = self._pool.map(lambda worker: self._ask(worker, "/metrics"), self._workers)
        for worker, answer in zip(self._workers, answers, strict=True):
            if answer is not None and answer.status == http.client.OK:
                yield worker.number, answer.text

    def _ask(self, worker: Worker, path: str) -> Answer | None:
        """A worker's answer; None when it has none."""
        try:
            port = int(self._port_file(worker.number).read_text(encoding="ascii"))
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECS)
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                return Answer(response.status, response.read().decode())
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return None

    def _port_file(self, number: int) -> Path:
        return self._folder / f"{number}.port"


class _Merged(Collector):
    """Metrics of several processes as one's, told apart by a label."""

    def __init__(self, own: CollectorRegistry, texts: Callable[[], Iterable[tuple[int, str]]]) -> None:
        self._own = own
        self._texts = texts

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: nobody is asked before somebody asks."""
        return []

    def collect(self) -> Iterable[Metric]:
        """One family for each name, with the samples of all workers."""
        families: dict[str, Metric] = {}
        _merge(families, self._own.collect(), PARENT)
        for number, text in self._texts():
            _merge(families, text_string_to_metric_families(text), str(number))
        return families.values()


def _merge(families: dict[str, Metric], others: Iterable[Metric], worker: str) -> None:
    for family in others:
        merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
        for sample in family.samples:
            labels = {**sample.labels, "worker": worker}
            merged.add_sample(sample.name, labels, sample.value, sample.timestamp, sample.exemplar)
