"""What a stream worker tells of itself beside what it counts of lines and records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.metrics import Metrics
    from streams.core.work import Work
    from streams.waiting import Waiting


class StreamFigures:
    """Of one worker."""

    def __init__(self, metrics: Metrics, waiting: Waiting[Any], pending_bytes: Callable[[], int]) -> None:
        self._metrics = metrics
        metrics.ask("logferry_stream_waiting_pods", lambda: float(len(waiting)))
        metrics.ask("logferry_stream_waiting_bytes", lambda: float(waiting.bytes))
        metrics.ask("logferry_stream_pending_bytes", lambda: float(pending_bytes()))

    def finished(self, work: Work) -> None:
        """Kafka has all that came of a chunk. One of a replay says nothing of now, nor one that brought nothing new."""
        if work.end > work.start and not work.run:
            secs = time.time() - work.observed_timestamp / 1e9
            self._metrics.observe("logferry_stream_latency_seconds", max(0.0, secs))

    def failed(self, kind: str) -> None:
        """Count a failure. May be called by another thread."""
        self._metrics.count("logferry_stream_errors_total", 1, kind)

    @contextmanager
    def counted(self, kind: str) -> Iterator[None]:
        """Count what is raised inside. May be used by another thread."""
        try:
            yield
        except Exception:
            self.failed(kind)
            raise
