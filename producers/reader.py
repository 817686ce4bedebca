"""All files of all inputs: which changed, whose turn it is, and their chunks on the way to Kafka."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from producers.account import Account
from producers.core.files.rate import Allowance, allowance_of
from producers.earlier import Earlier
from producers.ending import awaits_its_end, note_sizes
from producers.figures import FileFigures
from producers.inputs import file_inputs, started
from producers.polling import Polling, next_round
from producers.schedule import Schedule

if TYPE_CHECKING:
    from producers.checkpoint_store import CheckpointStore
    from producers.chunk import Loss, Source
    from producers.core.files.checkpoint import Mark
    from producers.files.life import Life
    from producers.files.tail import Reading, SourceTail
    from producers.files.watch import Watch
    from producers.kafka_output import KafkaOutput
    from runtime.metrics import Metrics
    from schemas.settings import Settings

SWEEP_SECS: Final = 30.0
"""How often everything is looked at where changes are heard of anyway."""

HEARD_SECS: Final = 0.05
"""From one listing of folders to the next at least: names that change meanwhile are collected. The first one that
changes after a rest is looked at at once; a pod may be gone again in no time."""

TRIES: Final = 5
"""So often, a second apart, a file that cannot be read on is tried again before it is given up."""

ROUND_SECS: Final = 0.1
"""How long files are read until it is looked again at what is new. What is open is read to its end even when it is
removed meanwhile; what nobody has opened is lost then."""

SWEEP_SHARE: Final = 500
"""Folders of which nothing is heard are looked at no sooner than so many times as long as it took: 0.2 % of a core."""


class FileReader:
    """The file side of a producer."""

    def __init__(  # the places it reads from, remembers in, and sends to
        self,
        settings: Settings,
        node: str,
        store: CheckpointStore,
        watch: Watch,
        output: KafkaOutput,
        metrics: Metrics,
        memory_max_bytes: int,
    ) -> None:
        producer = settings.producer
        self._settings = producer
        self._store = store
        self._watch = watch
        self._output = output
        self._metrics = metrics
        self._memory = memory_max_bytes
        unknown = 0 if store.ended_in_order else memory_max_bytes + producer.line_max_bytes
        self._inputs = file_inputs(settings, node, store.marks, watch, unknown_bytes=unknown)
        self._schedule = Schedule()
        self._polling = Polling(producer.poll_interval_secs, producer.scan_interval_secs)
        self._allowances: dict[str, Allowance | None] = {}
        self.account = Account(output, store.marks, producer.ledger_interval_secs)
        self._earlier = Earlier(store.marks, self.account, self, node)
        self._next_scan = self._next_sweep = self._next_full_sweep = self._scanned_at = 0.0
        self._held_until = 0.0  # no rate limit keeps a log waiting any longer
        self._pending = 0
        """Bytes of files that Kafka has not acknowledged."""
        self._dated: list[tuple[SourceTail, Reading]] = []
        """What was read in this round and may be sent only when the checkpoint is on disk: one write for all of it."""
        self._figures = FileFigures(metrics)

    # -- what changed --------------------------------------------------------------------------------------------------

    def hear(self, timeout: float) -> None:
        """Take note of what changes, waiting up to ``timeout`` seconds for something."""
        for kind, owner, name in self._watch.wait(timeout):
            now = time.monotonic()
            if kind == "file":
                self._schedule.heard(owner, now)  # type: ignore[arg-type]  # only tails are watched as files
            else:
                self._names_changed(str(owner), name, now)

    def _names_changed(self, folder: str, name: str, now: float) -> None:
        self._next_scan = min(self._next_scan, max(now, self._scanned_at + HEARD_SECS))
        for each in self._inputs:
            each.changed(folder, name)

    def look(self, now: float) -> None:
        """Look at files and folders that changed, and once in a while at all."""
        self._schedule.advance(now)
        for tail in self._polling.changed(now):
            self._schedule.wake(tail)
        if self._watch.overflowed:
            self._watch.overflowed = False
            self.look_everywhere()
        if now < min(self._next_scan, self._next_sweep):
            return
        sweeps = now >= self._next_sweep
        if sweeps:
            self._sweep(now)
        began = time.perf_counter()
        self._scan(now, time.time())
        self._scanned_at = now
        self._next_scan = min([now + self._settings.scan_interval_secs, *(each.next_walk for each in self._inputs)])
        if sweeps:
            took = time.perf_counter() - began
            self._next_sweep = next_round(now, took, SWEEP_SHARE, self._settings.scan_interval_secs)
        self._earlier.look(now, self.tails)

    def look_everywhere(self) -> None:
        """Have every folder looked at in the next round, whether anything was heard of it or not."""
        self._next_sweep = self._next_full_sweep = 0.0

    def _sweep(self, now: float) -> None:
        """Have folders looked at without having heard of them: the unwatched ones often, all of them seldom."""
        full = now >= self._next_full_sweep
        if full:
            self._next_full_sweep = now + SWEEP_SECS
        for each in self._inputs:
            each.sweep(full=full)

    def _scan(self, now: float, wall: float) -> None:
        for each in self._inputs:
            from_end = each.starts_at_end and started(each.name) not in self._store.positions
            for tail in each.scan(now, wall, from_end=from_end):
                self._schedule.wake(tail)
            self._store.advance(started(each.name), "yes")

    def idle_secs(self, now: float) -> float:
        """How long nothing has to be read or looked at, unless something is heard."""
        due = min(self._schedule.next_due(), self._polling.next_due(), self._next_scan, self._next_sweep)
        return max(0.0, due - now)

    # -- reading -------------------------------------------------------------------------------------------------------

    def read_round(self, now: float) -> bool:
        """One chunk of each log that has something, or of as many as there is time for; whether there may be more."""
        sent = self._read_ready(now)
        if self._dated:
            self._store.save()
            for tail, reading in self._dated:
                self._send(tail, reading, now)
            self._dated.clear()
        return sent

    def _read_ready(self, now: float) -> bool:
        sent, until = False, time.monotonic() + ROUND_SECS
        for _ in range(self._schedule.ready()):
            if self.is_full():
                return False
            if time.monotonic() > until:
                return True
            tail = self._schedule.next()
            if tail is not None:
                self._polling.forget(tail)
                sent = self._turn(tail, now) or sent
        return sent

    def is_full(self) -> bool:
        """Whether reading waits for Kafka."""
        return self._pending >= self._memory or not self._output.has_room()

    def _turn(self, tail: SourceTail, now: float) -> bool:
        allowance = self._allowance(tail)
        wait = 0.0 if allowance is None else allowance.wait_secs(now)
        if wait:
            self._metrics.count("logferry_producer_delayed_seconds_total", wait, tail.namespace)
            self._schedule.at(tail, now + wait)
            self._held_until = max(self._held_until, now + wait)
            return False
        reading = self._next_chunk(tail, now)
        if reading is not None:
            self._pending += len(reading.chunk.payload)
            tail.taken += len(reading.chunk.payload)
            if allowance is not None:
                allowance.spend(len(reading.chunk.payload))
            if reading.dated:
                self._dated.append((tail, reading))
            else:
                self._send(tail, reading, now)
        self._report(tail)
        return reading is not None

    def _next_chunk(self, tail: SourceTail, now: float) -> Reading | None:
        try:
            reading = tail.next_chunk(now, time.time_ns())
            if reading is None:
                self._rest(tail, now)
        except OSError as error:
            self._metrics.count("logferry_producer_errors_total", 1, "unreadable_file")
            tail.failures += 1
            if tail.failures >= TRIES:
                tail.failures = 0
                tail.abandon(error)
            self._schedule.at(tail, now + 1.0)
            return None
        tail.failures = 0
        return reading

    def _send(self, tail: SourceTail, reading: Reading, now: float) -> None:
        chunk, size = reading.chunk, len(reading.chunk.payload)
        self._store.marks.touch(chunk.incarnation.hex())  # should Kafka never take it, it is known how much is lost
        self._output.send(chunk, partial(self._kept, tail, reading.life, chunk.offset, size))
        tail.read_at = now
        if chunk.ended or size >= self._settings.chunk_max_bytes // 2:
            self._schedule.wake(tail)
        else:
            self._schedule.pause(tail, now)

    def _kept(self, tail: SourceTail, life: Life, offset: int, size: int) -> None:
        """Kafka has a chunk."""
        self._pending -= size
        ended, name = life.acknowledge(offset), life.incarnation.hex()
        self._store.marks.touch(name)
        self.account.moved(name, tail, time.monotonic(), ended=ended)

    def _rest(self, tail: SourceTail, now: float) -> None:
        """Nothing to read now: hear of the next change, or look again in a while."""
        if tail.wants_scan:
            self._names_changed(tail.files.folder, "", now)
        due = tail.due(now)
        descriptor = tail.growing()
        if descriptor is not None:
            if not self._watch.file(descriptor, tail):
                self._polling.rest(tail, now)
            elif tail.has_changed():  # between the last read and the watch
                self._schedule.pause(tail, now)
                return
        if due is not None:
            self._schedule.at(tail, due)

    def _allowance(self, tail: SourceTail) -> Allowance | None:
        namespace = tail.namespace
        if namespace not in self._allowances:
            self._allowances[namespace] = allowance_of(self._settings.rate_limits, namespace)
        return self._allowances[namespace]

    # -- what is lost --------------------------------------------------------------------------------------------------

    def _report(self, tail: SourceTail) -> None:
        while tail.files.losses:
            loss = tail.files.losses.pop()
            self._output.report(loss, partial(self._reported, loss.incarnation.hex()))

    def _reported(self, name: str) -> None:
        """The ledger has it, so it need not be reported again."""
        mark = self._store.marks.get(name)
        if mark is not None:
            mark.ended = True
            self._store.marks.touch(name)

    def report_earlier(self, name: str, loss: Loss) -> None:
        """An incarnation of an earlier run is lost."""
        self._output.report(loss, partial(self._reported, name))

    def source_at(self, mark: Mark) -> Source | None:
        """Whose file a mark is about, by its path; None: that cannot be told."""
        found = (each.source_at(mark.path) for each in self._inputs)
        return next((source for source in found if source is not None and source["id"] == mark.source_id), None)

    def has_files(self, mark: Mark) -> bool:
        """Whether files of a mark's log are there, though it may not have been found."""
        return any(each.has_files(mark.path, mark.source_id) for each in self._inputs)

    # -- what others ask -----------------------------------------------------------------------------------------------

    def tails(self) -> Iterator[SourceTail]:
        """All logs found so far."""
        for each in self._inputs:
            yield from each.tails()

    def measure(self) -> None:
        """Set the gauges. A log at rest has been read to its end."""
        note_sizes(awake := list(self._schedule.awake()), self._store.marks)
        self._figures.measure(sum(each.count() for each in self._inputs), awake)

    def awaits_more(self, now: float) -> bool:
        """Whether there is something to be sent though nothing is at this moment."""
        return now < self._held_until or any(map(awaits_its_end, self.tails()))

    def close(self) -> None:
        """Let go of all files."""
        for each in self._inputs:
            each.close()
