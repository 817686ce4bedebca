"""The loop of every sink that sends requests: read, build, send several at once, hear of every record, then commit."""

from __future__ import annotations

import logging
import random
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Final, Generic

from runtime.backoff import Backoff
from runtime.health import Failing, Health
from runtime.metrics import Metrics
from runtime.traced_batch import TracedBatches
from schemas.errors import TemporaryError
from schemas.settings.sinks import BatchedSink
from sinks.accounts import Accounts
from sinks.consumer import Batch, GroupConsumer
from sinks.core.account import DEAD_LETTER, PASSED
from sinks.core.pressure import Pressure, PressureLimits
from sinks.dead_letters import DeadLetters
from sinks.destination import Built, Destination, Piece
from sinks.figures import SinkFigures
from sinks.gathering import Gathering, Request
from sinks.latency import Latency
from sinks.ledger import Ledger
from sinks.left import Left
from sinks.threads import RequestThreads
from sinks.verdict import Done, Reject, Retry, Verdict

if TYPE_CHECKING:
    from confluent_kafka import Message

    from schemas.settings import Settings

_log = logging.getLogger(__name__)

REJECTED: Final = "rejected_by_destination"
READ_RECORDS: Final = 2000
READ_SECS: Final = 0.1
PAUSE_AFTER_SECS: Final = 5.0
DRAIN_SECS: Final = 4.0
SETTLE_SECS: Final = 2.0
LOUD_EVERY: Final = 10
"""A request that keeps failing is complained of at its first failure and at every tenth."""
HUNG_REQUESTS: Final = 5
"""A batch may take so many times request_timeout_secs, since several requests may be needed for it (a server that
takes some of it, halves of what it does not take); beyond that, and stall_secs, its thread hangs."""
SLOW_SHARE: Final = 1 / 4
"""An answer that takes longer than this part of request_timeout_secs slows the sink down."""


class Delivery(Generic[Piece]):
    """One process of a sink."""

    def __init__(
        self, name: str, settings: Settings, destination: Destination[Piece], *, tells_ledger: bool = True
    ) -> None:
        """``tells_ledger``: what is only tried out is no account of anything."""
        sink = settings.sinks[name]
        assert isinstance(sink, BatchedSink)
        self._name = name
        self._destination = destination
        self.traces: TracedBatches | None = None
        self.metrics = Metrics("sink")
        self.health = Health(settings.metrics.stall_secs)
        ledger = Ledger(settings, name, self.health.waiting) if tells_ledger else None
        self._consumer = GroupConsumer(
            settings.kafka,
            settings.sink_group(name),
            sink.topics,
            settle=self._settle,
            stall_secs=settings.metrics.stall_secs,
            accounts=None if ledger is None else Accounts(ledger, destination.usual.value, self._lost),
        )
        self._dead_letters = DeadLetters(settings.kafka, settings.topics.names.dead_letter, name, self.health)
        slow_secs = sink.request_timeout_secs * SLOW_SHARE
        self._pressure = Pressure(PressureLimits(sink.requests_in_flight, sink.batch_max_bytes, slow_secs))
        self._gathering: Gathering[Piece] = Gathering(sink.batch_max_records, sink.batch_max_age_secs)
        self._threads = sink.requests_in_flight
        self._backoff = Backoff()
        self._flying: dict[Future[bool], Request[Piece]] = {}
        self._last_read = 0.0
        self._call_secs = HUNG_REQUESTS * sink.request_timeout_secs
        self._failing = Failing("the destination")
        self._is_prepared = False
        self._latency = Latency(name, settings, self.metrics)
        self._figures = SinkFigures(name, self.metrics, self._consumer, self._failing)
        self._figures.pressure(self._pressure, self._flying)
        destination.count = self._figures.count
        self.health.live_if(self._consumer.intake.check)
        for check in (self._prepared, self._consumer.check, self._failing.check):
            self.health.ready_if(check)
        self._stop = threading.Event()
        self._gave_up = threading.Event()
        """A request was given up because of ``_stop``. What comes behind it must not overtake it: a file that has what
        is behind would take what is before for written."""

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop."""
        self._stop = stop
        self._prepare()
        pool = RequestThreads(self._threads)
        while not stop.is_set():
            self._step(pool)
        self._drain(pool)
        self._consumer.close()
        self._destination.close()

    def _prepare(self) -> None:
        """Make the destination ready, however long it takes to answer."""
        attempt = 0
        while not self._stop.is_set():
            self.health.beat(self._call_secs)
            try:
                self._destination.prepare()
            except TemporaryError as error:
                attempt += 1
                self._failing.failed(error.problem)
                if attempt % LOUD_EVERY == 1:
                    _log.warning("the destination is not ready, attempt %d: %s", attempt, error)
                self.metrics.count("logferry_sink_errors_total", 1, self._name, "prepare")
                self._stop.wait(self._backoff.delay(attempt, random.random()))  # noqa: S311 - jitter, no secret
            else:
                self._is_prepared = True
                self._failing.succeeded()
                return

    def _prepared(self, _now: float) -> str | None:
        return None if self._is_prepared else "the destination is not ready yet"

    def _step(self, pool: RequestThreads) -> None:
        self.health.beat()
        busy = len(self._flying) >= self._pressure.requests_in_flight
        if busy and self._gathering.is_due(self._pressure.batch_bytes, time.monotonic()):
            self._figures.held.hold()
            wait(self._flying, READ_SECS, FIRST_COMPLETED)
            self._stay_in_group()
        else:
            self._figures.held.free()
            self._consumer.resume()
            self._take(self._consumer.read(self._pressure.share_of(READ_RECORDS), READ_SECS))
            self._last_read = time.monotonic()
        self._land()
        self._launch(pool)
        self._consumer.commit()

    def _stay_in_group(self) -> None:
        """While the destination takes nothing, show the group that this member lives.

        Not at once: pausing throws away what the client has fetched ahead.
        """
        if time.monotonic() - self._last_read >= PAUSE_AFTER_SECS:
            self._consumer.pause()
            self._take(self._consumer.read(READ_RECORDS, 0.0))

    def _take(self, records: list[Message]) -> None:
        """Make pieces of records; set aside what cannot be read."""
        if not records:
            return
        batch = self._consumer.begin(records)
        self.metrics.count("logferry_sink_records_total", len(records), self._name)
        built = self._destination.build(records)
        for record, problem in built.rejected:
            self._reject(record, problem.reason, problem.message)
            batch.tell(record, DEAD_LETTER + problem.reason)
        if len(built.records) + len(built.rejected) < len(records):
            _tell_passed(batch, records, built)
        self._gathering.add(batch, built, self._pressure.batch_bytes, time.monotonic())

    def _settle(self) -> None:
        """Partitions are about to go: what is answered for soon need not be read and sent again by who gets them."""
        if self._flying:
            wait(self._flying, SETTLE_SECS)
        self._land()

    def _launch(self, pool: RequestThreads, *, now: bool = False) -> None:
        """Send what is due (``now``: everything), as far as more requests may be under way."""
        while now or (
            len(self._flying) < self._pressure.requests_in_flight
            and self._gathering.is_due(self._pressure.batch_bytes, time.monotonic())
        ):
            request = self._gathering.next()
            if request is None:
                return
            deliver = self._deliver if self.traces is None else self.traces.following(self._deliver)
            self._flying[pool.submit(deliver, request)] = request

    def _land(self) -> None:
        """Finish what has been answered. Raises what a request thread raised."""
        for future in [each for each in self._flying if each.done()]:
            request = self._flying.pop(future)
            if future.result():
                request.tell()
                for batch in request.finished():
                    self._consumer.finish(batch)

    def _deliver(self, request: Request[Piece]) -> bool:
        """Send pieces until each is answered for; False when asked to stop before."""
        left = Left(request.records, request.pieces, request.outcomes)
        attempt = 0
        while left.pieces:
            if self._gave_up.is_set():
                return False
            sent_at, before = time.monotonic(), len(left.pieces)
            with self.health.call("a request to the destination", self._call_secs + self.health.stall_secs):
                answers = self._destination.send(left.pieces)
            delay = self._judge(left, answers, sent_at)
            if not left.pieces:
                break
            if delay is None:  # nothing but new shapes
                continue
            taken = len(left.pieces) < before
            attempt = 1 if taken else attempt + 1  # bit by bit is no reason to wait longer
            self._complain(left, attempt)
            if self._stop.wait(max(delay, self._backoff.delay(attempt, random.random()))):  # noqa: S311 - jitter
                self._gave_up.set()
                return False
        self._dead_letters.flush()
        self._latency.acknowledged(self._latency.sample(request.records))
        return True

    def _judge(self, left: Left[Piece], answers: list[Verdict], sent_at: float) -> float | None:
        """Count and set aside what is decided, keep the rest in ``left``. Returns how long to wait at least."""
        counts = {outcome: answers.count(outcome) for outcome in Done}
        decided = sum(counts.values())
        for outcome, amount in counts.items():
            if amount:
                self.metrics.count("logferry_sink_documents_total", amount, self._name, outcome.value)
        if counts[self._destination.usual] < decided:
            left.tell_done(answers, self._destination.usual)
        if decided == len(answers):
            self._failing.succeeded()
            self._pressure.answered(sent_at, time.monotonic())
            left.keep([])
            return None
        return self._judge_each(left, answers, sent_at)

    def _judge_each(self, left: Left[Piece], answers: list[Verdict], sent_at: float) -> float | None:
        again: list[int] = []
        later: list[Retry] = []
        for index, answer in enumerate(answers):
            if isinstance(answer, Retry):
                again.append(index)
                later.append(answer)
            elif isinstance(answer, Reject):
                if left.take_safer(index, self._destination.safer, answer.reason):
                    again.append(index)
                else:
                    self._reject(left.records[index], REJECTED, left.reason(index, answer.reason))
                    left.outcomes.append((left.records[index], DEAD_LETTER + REJECTED))
        left.keep(again)
        left.last = next((each for each in later if each.remedy), later[0] if later else None)
        if not later:
            self._failing.succeeded()
            return None
        self._failing.failed(later[0].cause)
        self._pressure.refused(sent_at, time.monotonic())
        return max(each.after_secs or 0.0 for each in later)

    def _complain(self, left: Left[Piece], attempt: int) -> None:
        assert left.last is not None
        self.metrics.count("logferry_sink_retries_total", 1, self._name, left.last.cause)
        if attempt % LOUD_EVERY == 1:
            level = logging.ERROR if left.last.remedy else logging.WARNING
            remedy = f"; {left.last.remedy}" if left.last.remedy else ""
            detail = f" ({left.last.detail})" if left.last.detail else ""
            count, cause = len(left.pieces), left.last.cause + detail
            _log.log(level, "%d records wait for the destination, attempt %d: %s%s", count, attempt, cause, remedy)

    def _reject(self, record: Message, reason: str, message: str) -> None:
        if not self._dead_letters.send(record, reason, message):
            self.metrics.count("logferry_sink_errors_total", 1, self._name, "unkept")
            _log.warning("a dead letter is left out: %s: %s", reason, message, extra={"kind": reason})
        self.metrics.count("logferry_sink_documents_total", 1, self._name, "rejected")
        self.metrics.count("logferry_sink_dead_letters_total", 1, self._name, reason)

    def _lost(self, count: int) -> None:
        self.metrics.count("logferry_sink_lost_records_total", count, self._name)

    def _drain(self, pool: RequestThreads) -> None:
        """Let what is under way come to its end, for a few seconds; the rest is read again."""
        self._launch(pool, now=True)
        if self._flying:
            wait(self._flying, DRAIN_SECS)
        self._land()
        pool.end()


def _tell_passed(batch: Batch, records: list[Message], built: Built[Piece]) -> None:
    """Some records had nothing to deliver."""
    known = {id(each) for each in (*built.records, *(record for record, _ in built.rejected))}
    for record in records:
        if id(record) not in known:
            batch.tell(record, PASSED)
