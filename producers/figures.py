"""What a producer tells of itself beside what it counts: found out when somebody asks, in the endpoint's thread."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from producers.core.files.unread_age import UnreadAge
from producers.ending import removed_bytes
from runtime.held import Held

if TYPE_CHECKING:
    from producers.checkpoint_store import CheckpointStore
    from producers.files.tail import SourceTail
    from producers.kafka_output import KafkaOutput
    from runtime.metrics import Metrics


class ProducerFigures:
    """Back-pressure, and how old the checkpoint is."""

    def __init__(self, metrics: Metrics, output: KafkaOutput, store: CheckpointStore) -> None:
        self.held = Held()
        """Whether reading waits for Kafka."""
        self.saved_at = time.monotonic()
        """When the checkpoint on disk lacked nothing."""
        self._store = store
        metrics.ask("logferry_producer_pending_bytes", lambda: float(output.pending_bytes))
        metrics.ask("logferry_producer_held_up", lambda: float(self.held.is_held))
        metrics.ask("logferry_producer_held_up_seconds_total", self.held.total_secs)
        metrics.ask("logferry_producer_unacknowledged_seconds", lambda: output.silent_secs(time.monotonic()))
        metrics.ask("logferry_producer_checkpoint_age_seconds", self._checkpoint_age)

    def _checkpoint_age(self) -> float:
        return max(0.0, time.monotonic() - self.saved_at) if self._store.is_changed() else 0.0


class FileFigures:
    """How much of the files is not read yet, and how old the oldest of it is."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._ages: dict[SourceTail, UnreadAge] = {}

    def measure(self, sources: int, awake: Sequence[SourceTail]) -> None:
        """``sources`` are watched; those that are not ``awake`` have been read to their ends."""
        unread = {tail: tail.backlog() for tail in awake}
        self._metrics.set("logferry_producer_sources", sources)
        self._metrics.set("logferry_producer_backlog_bytes", sum(unread.values()))
        self._metrics.set("logferry_producer_removed_bytes", removed_bytes(awake))
        self._metrics.set("logferry_producer_oldest_unsent_seconds", self._oldest_secs(unread, time.monotonic()))

    def _oldest_secs(self, unread: Mapping[SourceTail, int], now: float) -> float:
        behind = {tail: amount for tail, amount in unread.items() if amount}
        self._ages = {tail: self._ages.get(tail) or UnreadAge(_unchanged_secs(tail)) for tail in behind}
        return max((age.look(tail.taken, behind[tail], now) for tail, age in self._ages.items()), default=0.0)


def _unchanged_secs(tail: SourceTail) -> float:
    """For how long nothing was added to the file that is read."""
    try:
        changed_at = os.fstat(tail.files.open[0].log.descriptor()).st_mtime
    except (OSError, IndexError):
        return 0.0
    return max(0.0, time.time() - changed_at)
