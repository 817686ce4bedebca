"""The producer: look for files, read one chunk of each in turn, send, and remember what Kafka has acknowledged.

One thread. While Kafka is away, reading stops when ``memory_max_bytes`` are waiting: the files are the buffer.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from producers.checkpoint_store import CheckpointStore
from producers.container_files import ContainerFiles
from producers.core.checkpoint import forget_old
from producers.kafka_output import KafkaOutput
from producers.life import ReadLimits
from producers.source_tail import UNREADABLE, SourceTail
from runtime.metrics import Metrics

if TYPE_CHECKING:
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

DRAIN_SECS: Final = 5.0
"""How long a stopping producer waits for Kafka. What is not acknowledged by then is sent again by the next one."""

FORGET_SECS: Final = 3600.0
"""How long the end of a file is remembered after the file has gone, for a compressed copy may appear late."""


def node_name(settings: Settings) -> str:
    """This node's name: from the settings, from NODE_NAME (Kubernetes' downward API), or the host's."""
    return settings.producer.node or os.environ.get("NODE_NAME") or socket.gethostname()


class NodeProducer:
    """All inputs of this node, and their way into Kafka."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.producer
        self.metrics = Metrics("producer")
        self._store = CheckpointStore(Path(settings.producer.state_folder))
        self._marks = self._store.load()
        self._left_open = {name for name, mark in self._marks.items() if not mark.ended}
        """Incarnations that an earlier run did not finish; those that no scan finds are lost."""
        limits = ReadLimits(
            settings.producer.chunk_max_bytes,
            settings.producer.line_max_bytes,
            settings.producer.unterminated_line_secs,
        )
        node = node_name(settings)
        self._inputs = [ContainerFiles(each, node, self._marks, limits) for each in settings.inputs.values()]
        self._output = KafkaOutput(settings.kafka, settings.topics.names.raw, settings.producer, self.metrics)
        self._next_scan = self._next_save = 0.0
        self._scans = 0
        self._saved_at_chunk = -1

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop. Raises FatalError when Kafka refuses a record for good."""
        try:
            while not stop.is_set():
                self._tick()
        finally:
            if not self._output.drain(DRAIN_SECS):
                _log.warning(
                    "Kafka did not acknowledge everything in %.0f s; the rest is sent again next time", DRAIN_SECS
                )
            self._save()
            for each in self._inputs:
                each.close()
            self._store.close()

    def _tick(self) -> None:
        now = time.monotonic()
        if now >= self._next_scan:
            self._scan(now)
        sent = self._read_round(now)
        self._output.poll(0 if sent else self._settings.poll_interval_secs)
        if now >= self._next_save:
            self._next_save = now + self._settings.checkpoint_interval_secs
            self._save()

    def _scan(self, now: float) -> None:
        wall = time.time()
        for each in self._inputs:
            each.scan(now, wall)
            self._left_open.difference_update(name for tail in each.tails() for name in tail.known())
        self._scans += 1
        if self._scans == 2:
            self._report_lost()
        forget_old(self._marks, wall, FORGET_SECS)
        self._next_scan = now + self._settings.scan_interval_secs
        tails = [tail for each in self._inputs for tail in each.tails()]
        self.metrics.set("logferry_producer_sources", len(tails))
        self.metrics.set("logferry_producer_backlog_bytes", sum(size for tail in tails for size in tail.backlog()))

    def _read_round(self, now: float) -> bool:
        """One chunk of each source; whether there was any."""
        sent = False
        for each in self._inputs:
            for tail in each.tails():
                while not self._output.has_room():
                    self._output.poll(0.1)
                    if not self._output.has_room():
                        return False
                sent = self._read(tail, now) or sent
        self.metrics.set("logferry_producer_pending_bytes", self._output.pending_bytes)
        return sent

    def _read(self, tail: SourceTail, now: float) -> bool:
        try:
            chunk = tail.next_chunk(now)
        except UNREADABLE as error:
            self.metrics.count("logferry_producer_errors_total", 1, "unreadable_file")
            self.metrics.count("logferry_producer_lost_bytes_total", tail.abandon(error))
            return False
        if chunk is None:
            return False
        self._output.send(tail, chunk)
        return True

    def _report_lost(self) -> None:
        """Name what an earlier run had not finished and what is no longer there."""
        for name in self._left_open:
            mark = self._marks[name]
            mark.ended = True
            lost = max(0, mark.size - mark.offset)
            self.metrics.count("logferry_producer_lost_bytes_total", lost)
            _log.error(
                "%s (incarnation %s) was removed before it was read: lost from byte %d, at least %d bytes",
                mark.path, name, mark.offset, lost,
            )  # fmt: skip
        self._left_open.clear()

    def _save(self) -> None:
        if self._output.acknowledged_chunks == self._saved_at_chunk:
            return
        if self._store.save(self._marks):
            self._saved_at_chunk = self._output.acknowledged_chunks
        else:
            self.metrics.count("logferry_producer_errors_total", 1, "checkpoint")
