"""The producer: hear which logs have grown, read one chunk of each in turn, send, and remember what Kafka has.

One thread reads and sends; another one listens, where inputs listen. While Kafka is away, reading stops when
``memory_max_bytes`` are waiting: the files are the buffer.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from producers.checkpoint_store import CheckpointStore
from producers.chunk import Loss
from producers.files.watch import Watch
from producers.inputs import network_inputs
from producers.kafka_output import KafkaOutput
from producers.network import Network
from producers.node import node_name
from producers.reader import FileReader
from runtime.metrics import Metrics

if TYPE_CHECKING:
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

DRAIN_SECS: Final = 5.0
"""How long a stopping producer waits for Kafka. What is not acknowledged by then is sent again by the next one."""

FORGET_SECS: Final = 3600.0
"""How long the end of a file is remembered after the file has gone, for a compressed copy may appear late."""

REPORT_SECS: Final = 0.02
"""How long to wait for Kafka's reports while some are due, before looking at files again."""

GAUGE_SECS: Final = 1.0


class NodeProducer:
    """All inputs of this node, and their way into Kafka."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.producer
        node = node_name(settings.producer.node)
        self.metrics = Metrics("producer")
        self._store = CheckpointStore(Path(settings.producer.state_folder))
        self._store.load()
        self._store.save()
        self._watch = Watch(use_inotify=settings.producer.watch == "auto")
        listening = network_inputs(settings, node)
        memory = settings.producer.memory_max_bytes // (2 if listening else 1)
        self._output = KafkaOutput(settings, self.metrics)
        self.files = FileReader(settings, node, self._store, self._watch, self._output, self.metrics, memory)
        self._network = Network(listening, memory, self._store, self.metrics, self._watch.ring) if listening else None
        self._next_save = self._next_gauge = self._next_forget = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop. Raises FatalError when Kafka refuses a record for good, SettingsError at start."""
        try:
            if self._network is not None:
                self._network.start()
            while not stop.is_set():
                self.tick()
        finally:
            self._end()

    def wake(self) -> None:
        """End the wait that `run` may be in; from a signal or another thread."""
        self._watch.ring()

    def tick(self) -> None:
        """One round: send what was received, look at what changed, read, hear Kafka's reports, save."""
        now = time.monotonic()
        self._send_received()
        self.files.look(now)
        busy = self.files.read_round(now)
        self._tend(now)
        if busy or (self._network is not None and not self._network.is_empty()):
            self._output.poll(0)
        elif self._output.in_flight:
            self._output.poll(min(REPORT_SECS, self.files.idle_secs(now)))
            self.files.hear(0)
        else:
            self.files.hear(min(self.files.idle_secs(now), self._idle_secs(now)))

    def _send_received(self) -> None:
        while self._network is not None and (received := self._network.take()) is not None:
            if isinstance(received, Loss):
                self._output.report(received, lambda: None)
            else:
                self._output.send(*received)

    def _tend(self, now: float) -> None:
        """What is done once in a while."""
        if now >= self._next_gauge:
            self._next_gauge = now + GAUGE_SECS
            self.files.measure()
            self.metrics.set("logferry_producer_pending_bytes", self._output.pending_bytes)
        if now >= self._next_save:
            self._next_save = now + self._settings.checkpoint_interval_secs
            self._save()
        if now >= self._next_forget:
            self._next_forget = now + FORGET_SECS / 60
            self._store.marks.forget_old(now, FORGET_SECS)

    def _idle_secs(self, now: float) -> float:
        """How long nothing needs to be tended to."""
        return self._next_save - now if self._store.is_changed() else GAUGE_SECS * 5

    def _save(self) -> None:
        if self._network is not None:
            self._network.save_positions()
        if self._store.is_changed() and not self._store.save():
            self.metrics.count("logferry_producer_errors_total", 1, "checkpoint")

    def _end(self) -> None:
        if self._network is not None:
            self._network.stop(self._serve_last)
        self._send_received()
        if self._output.drain(DRAIN_SECS):
            self._store.end()
        else:
            _log.warning("Kafka did not acknowledge everything in %.0f s; the rest is sent again next time", DRAIN_SECS)
        self._save()
        self.files.close()
        self._watch.close()
        self._store.close()

    def _serve_last(self) -> None:
        self._send_received()
        self._output.poll(REPORT_SECS)
