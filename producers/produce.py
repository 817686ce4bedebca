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
from producers.ending import DRAIN_TICK_SECS, QUIET_SECS, left_unread, note_sizes
from producers.figures import ProducerFigures
from producers.files.watch import Watch
from producers.inputs import network_inputs
from producers.kafka_output import KafkaOutput
from producers.network import Network
from producers.network_health import LoopCheck
from producers.node import node_name
from producers.reader import FileReader
from runtime.health import Health
from runtime.metrics import Metrics

if TYPE_CHECKING:
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

DRAIN_SECS: Final = 5.0
"""How long a stopping producer waits for Kafka. What is not acknowledged by then is sent again by the next one."""

LEFT_SECS: Final = 2.0
"""How long it waits until Kafka has what the ledger is told at the end."""

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
        self.health = Health(settings.metrics.stall_secs)
        self._store = CheckpointStore(Path(settings.producer.state_folder))
        self._store.load()
        self._store.save()
        self._watch = Watch(use_inotify=settings.producer.watch == "auto")
        listening = network_inputs(settings, node)
        memory = settings.producer.memory_max_bytes // (2 if listening else 1)
        self._output = KafkaOutput(settings, self.metrics, self.health)
        self.files = FileReader(settings, node, self._store, self._watch, self._output, self.metrics, memory)
        self._network = Network(listening, memory, self._store, self.metrics, self._watch.ring) if listening else None
        self._figures = ProducerFigures(self.metrics, self._output, self._store)
        self._next_save = self._next_gauge = self._next_forget = 0.0
        self.health.ready_if(self._store.check)
        if self._network is not None:
            self.health.live_if(LoopCheck(self._network, self.health.stall_secs).check)

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop. Raises FatalError when Kafka refuses a record for good, SettingsError at start."""
        try:
            if self._network is not None:
                self._network.start()
            while not stop.is_set():
                self.tick()
            self._read_on()
        finally:
            self._end()

    def wake(self) -> None:
        """End the wait that `run` may be in; from a signal or another thread."""
        self._watch.ring()

    def _read_on(self) -> None:
        """Go on until nothing more comes, for a while at most."""
        self.files.look_everywhere()
        self.files.account.paused = True
        quiet_since = time.monotonic()
        until = quiet_since + self._settings.drain_secs
        while (now := time.monotonic()) < min(until, quiet_since + QUIET_SECS):
            if self.tick(DRAIN_TICK_SECS) or self._output.in_flight or self.files.awaits_more(now):
                quiet_since = time.monotonic()

    def tick(self, most_secs: float = float("inf")) -> bool:
        """One round: send what was received, look at what changed, read, hear Kafka's reports, save.

        Waits for changes up to ``most_secs``. Tells whether anything was sent.
        """
        self.health.beat()
        now = time.monotonic()
        sent = self._send_received()
        self.files.look(now)
        busy = self.files.read_round(now)
        (self._figures.held.hold if self.files.is_full() else self._figures.held.free)()
        self._tend(now)
        if (busy or self._has_received()) and self._output.has_room():
            self._output.poll(0)
            self.files.hear(0)
        elif self._output.in_flight:
            self._output.poll(min(REPORT_SECS, self.files.idle_secs(now)))
            self.files.hear(0)
        else:
            idle_secs = min(self.files.idle_secs(now), self._idle_secs(now), most_secs)
            self.health.beat(idle_secs)
            self.files.hear(idle_secs)
        return sent or busy

    def _send_received(self) -> bool:
        sent = False
        while self._network is not None and self._output.has_room() and (received := self._network.take()) is not None:
            if isinstance(received, Loss):
                self._output.report(received, lambda: None)
            else:
                self._output.send(*received)
            sent = True
        return sent

    def _has_received(self) -> bool:
        return self._network is not None and not self._network.is_empty()

    def _tend(self, now: float) -> None:
        """What is done once in a while."""
        if now >= self._next_gauge:
            self._next_gauge = now + GAUGE_SECS
            self.files.measure()
        self.files.account.tell(now)
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
        else:
            self._figures.saved_at = time.monotonic()

    def _end(self) -> None:
        if self._network is not None:
            self._network.stop(self._serve_last)
        note_sizes(self.files.tails(), self._store.marks)
        if self._drain():
            self._store.end()
            self._tell_what_is_left()
        else:
            _log.warning("Kafka did not acknowledge everything in %.0f s; the rest is sent again next time", DRAIN_SECS)
        self._save()
        self.files.close()
        self._watch.close()
        self._store.close()
        self._output.close()

    def _drain(self) -> bool:
        """Whether Kafka has all that was read and received."""
        until = time.monotonic() + DRAIN_SECS
        self._send_received()
        while drained := self._output.drain(max(0.0, until - time.monotonic())):
            if not self._has_received():
                break
            self._send_received()
        return drained

    def _tell_what_is_left(self) -> None:
        """Without these entries nobody would know what a node that never comes back took with it."""
        self.files.account.tell_all()
        for left in left_unread(self.files.tails()):
            self._output.leave(left)
        if not self._output.drain(LEFT_SECS):
            _log.warning("Kafka did not acknowledge in %.0f s what was left unread; the ledger may lack it", LEFT_SECS)

    def _serve_last(self) -> None:
        self._send_received()
        self._output.poll(REPORT_SECS)
