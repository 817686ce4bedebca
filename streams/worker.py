"""What a stream worker does with a chunk: decode, process, produce, account, and acknowledge when all is delivered.

Knows Kafka's client but not Faust: ``streams.app`` feeds it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from runtime.metrics import Metrics
from runtime.traced_chunk import NoTraces
from schemas.codec import Codec, Undecodable
from schemas.replay import END, Replayed
from streams.assignment import Assignment
from streams.assignments import Assignments
from streams.begun import Begun, Place
from streams.connections import Connections
from streams.core.account import UNREADABLE_CHUNK
from streams.core.join import SourceState
from streams.core.process import Processor, out_of_bounds
from streams.core.work import Batch, JoinLimits, Result, Work
from streams.feed import Feed
from streams.figures import StreamFigures
from streams.ledger import Ledger
from streams.replays import REST_SECS, Ended, in_replay
from streams.rulebook import Rulebook
from streams.states import told_as
from streams.waiting import Waiting, pod_of

if TYPE_CHECKING:
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

Token = TypeVar("Token")

LOAD_SECS: Final = 30.0


class StreamWorker(Generic[Token]):
    """Chunks in, records out; tokens come back through ``acknowledge``, in order for each partition."""

    def __init__(
        self,
        settings: Settings,
        acknowledge: Callable[[Token], None],
        connections: Connections | None = None,
        feed: Feed | None = None,
    ) -> None:
        """``connections`` stand for those that are made otherwise; ``feed``: something else than live traffic."""
        stream = settings.stream
        self.feed = feed or Feed.live(settings)
        self.metrics = Metrics("stream")
        self.traces = NoTraces()
        self._names = settings.topics.names
        self._limit = stream.in_flight_max_bytes
        self._connections = connections or Connections.of(settings, self.feed)
        self._pods = self._connections.pods
        self._producer = self._connections.producer
        self._codec = Codec("raw_chunk")
        self._ledger = Ledger(self._producer, self._names.ledger, self.feed)
        self._rulebook = Rulebook(settings, self._connections, self.metrics)
        self._processor = Processor(
            self._rulebook.treatments,
            JoinLimits(stream.record_max_bytes, stream.join_timeout_secs),
            self._pods.pods,
            time.time_ns,
            self._names,
            self.feed.topic,
        )
        self._ended: list[Ended] = []
        self._waiting: Waiting[Begun[Token]] = Waiting(stream.pod_wait_secs, stream.pod_wait_max_bytes)
        self.assignments = Assignments(acknowledge, self._connections.skips)
        self.figures = StreamFigures(self.metrics, self._waiting, lambda: self.pending_bytes)
        self._pods.failed = self.figures.failed

    @property
    def pending_bytes(self) -> int:
        """Values handed to the client and not delivered yet."""
        return self._producer.pending_bytes

    @property
    def is_waiting(self) -> bool:
        """Whether chunks wait for their pods to become known."""
        return len(self._waiting) > 0

    def load(self) -> None:
        """Read what must be known before the first chunk. Raises TemporaryError."""
        self._pods.load(LOAD_SECS)
        self._rulebook.load(LOAD_SECS)
        self._processor.treatments = self._rulebook.treatments

    def has_room(self) -> bool:
        """Whether another chunk may be taken in."""
        return self.pending_bytes < self._limit

    # -- chunks --------------------------------------------------------------------------------------------------------

    def take(
        self,
        partition: int,
        generation: int,
        offset: int,
        value: bytes,
        token: Token,
        timestamp: float = 0.0,
        replayed: Replayed | None = None,
        headers: Iterable[tuple[str, bytes | None]] | None = None,
    ) -> None:
        """One value of logs.raw, with the time that Kafka has for it, in seconds. Never raises on input.

        ``replayed``: what its headers say, where it is sent again.
        """
        assignment = self.assignments.of(partition, generation)
        if assignment is None:
            return
        now = time.monotonic()
        done = assignment.begin(offset, token, timestamp, now)
        if replayed is not None or self.feed.run:
            if replayed is None or self.feed.run not in ("", replayed.run):
                done()  # of another replay, which has workers of its own
                return
            if replayed.is_mark:
                self._mark(assignment, replayed, now, partial(self._ledger.mark, replayed.run, partition, offset, done))
                return
        chunk = self._codec.decode(value)
        problem = chunk.message if isinstance(chunk, Undecodable) else out_of_bounds(chunk)
        if isinstance(chunk, Undecodable) or problem:
            decoded = None if isinstance(chunk, Undecodable) else chunk
            letter = self._processor.undecodable(value, partition, offset, problem or "", decoded)
            self.metrics.count("logferry_stream_dead_letters_total", 1, UNREADABLE_CHUNK)
            run = "" if replayed is None else replayed.run
            told = partial(self._ledger.unreadable, decoded, partition, offset, run, done)
            self._producer.send(self._names.dead_letter, "", [letter], told)
            return
        finished = partial(self._account, done)
        trace = self.traces.take(headers, partition, offset, len(value), timestamp)
        work_of = partial(self._processor.work, chunk, partition, offset, finished)
        begun = Begun(assignment, work_of, chunk, replayed, trace)
        uid = pod_of(chunk)
        if uid and self._waiting.must_wait(uid, self._pods.pods):
            self._waiting.add(uid, begun, len(value), now)
        else:
            self._process(begun)

    def _process(self, begun: Begun[Token]) -> None:
        assignment, work_of, chunk, replayed, trace = begun
        if assignment.revoked:
            return
        work = work_of()
        self.traces.begin(work, trace)
        place, now = Place(assignment, assignment.live, work.key), assignment.time
        if replayed is not None:
            place, now = place._replace(states=assignment.replay(replayed.run, time.monotonic())), replayed.seconds
            in_replay(work, replayed)
            self._expire(place, place.states.state(work.key), now - REST_SECS)
        assignment.spans.taken(told_as(work.key, work.run), work.offset)
        state = place.states.state(work.key)
        held = set(state.held())
        self._finish(place, state, held, self._processor.process(state, chunk, work, now))
        self.traces.made(work)
        work.release()

    def _expire(self, place: Place[Token], state: SourceState[Work], when: float) -> None:
        """Give up what has waited too long at a time."""
        held = set(state.held())
        self._finish(place, state, held, self._processor.expire(state, when))

    def _finish(self, place: Place[Token], state: SourceState[Work], held: set[Work], result: Result) -> None:
        """Produce what came out, and hold the chunks in which something unfinished begins."""
        self._send(place.key, result.batches)
        now_held = set(state.held())
        for work in now_held - held:
            work.outstanding += 1
        for work in held - now_held:
            work.release()
        place.states.touched(place.key, state)
        place.assignment.spans.add(told_as(place.key, place.states.run), result.spans)
        for (name, *labels), amount in result.counts.items():
            self.metrics.count(f"logferry_stream_{name}", amount, *labels)

    def _send(self, key: str, batches: dict[str, Batch]) -> None:
        """Produce to each topic what is meant for it; the chunks wait for the last record of each."""
        for topic, batch in batches.items():
            for work in batch.works:
                work.outstanding += 1
            name = topic + self.feed.suffix
            released = partial(_release, list(batch.works))
            self._producer.send(name, key, *self.traces.mark(name, batch.values, batch.segments, released))

    def _account(self, done: Callable[[], None], work: Work) -> None:
        """Everything that came of a chunk is delivered: say so in the ledger, then acknowledge."""
        self.traces.end(work)
        if work.kept:
            done = partial(_acknowledge, done, work)
        self.figures.finished(work)
        self._ledger.chunk(work, done)

    # -- now and then --------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Delivery reports. Raises FatalError when Kafka refused a record for good."""
        self._producer.poll()

    def attend(self) -> None:
        """Several times a second: live rules, and the chunks that wait for pods."""
        if self._rulebook.follow():
            self._processor.treatments = self._rulebook.treatments
        if self.is_waiting:
            self._pods.follow()
            for begun in self._waiting.ready(self._pods.pods, time.monotonic()):
                self._process(begun)
            self._end_replays()

    def _mark(self, assignment: Assignment[Token], mark: Replayed, now: float, done: Callable[[], None]) -> None:
        """A sign of life of a replay, or its end: then nothing that waits for its rest gets it any more."""
        assignment.replay(mark.run, now)
        if mark.role != END:
            done()
            return
        self._ended.append(Ended(assignment, mark.run, done))
        self._end_replays()

    def _end_replays(self) -> None:
        """Give up what is unfinished of replays that are over, unless chunks of theirs still wait for their pods."""
        while self._ended and not self.is_waiting:
            assignment, run, done = self._ended.pop(0)
            states = assignment.replay(run, time.monotonic())
            if not assignment.revoked:
                for key, state in states.busy():
                    self._expire(Place(assignment, states, key), state, float("inf"))
            assignment.forget(run)
            done()

    def tend(self, is_read_to_its_end: Callable[[int, int], bool] = lambda _partition, _offset: True) -> None:
        """Now and then: take in what is new of pods, and give up lines whose rest does not come.

        ``is_read_to_its_end``: whether a partition has nothing at an offset or behind it.
        """
        self._pods.follow()
        now = time.monotonic()
        for partition, assignment in self.assignments:
            is_at_end = not self.is_waiting and is_read_to_its_end(partition, assignment.next_offset)
            when = assignment.time_at(now, is_read_to_its_end=is_at_end)
            for key, state in assignment.live.busy():
                self._expire(Place(assignment, assignment.live, key), state, when)
            for run in () if self.feed.run else assignment.forget_silent(now):
                _log.warning("nothing is heard of replay %s any more; what it left unfinished is forgotten", run)
        self.assignments.forget_committed()
        self._rulebook.measure()

    # -- the group -----------------------------------------------------------------------------------------------------

    def metadata(self, partition: int, position: int) -> str | None:
        """What to write beside a commit; None: nothing can be committed there. May be called by another thread."""
        return self.assignments.metadata(partition, position)

    def committed(self, partition: int, position: int) -> None:
        """A position was committed. May be called by another thread."""
        self.assignments.committed(partition, position)

    def assigned(self, partitions: int) -> None:
        """So many partitions are ours now."""
        self._processor.treatments.rules.quotas.share = max(1, partitions) / max(1, self._connections.partitions())

    def revoke(self, partitions: set[int], generation: int | None = None) -> None:
        """Forget partitions; what is in flight for them is not acknowledged any more.

        ``generation``: the one that they were ours in, where it is known.
        """
        self.assignments.revoke(partitions, generation)
        self.traces.revoke(partitions)

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()
        self.traces.close()


def _acknowledge(done: Callable[[], None], work: Work) -> None:
    done()
    work.acknowledged()


def _release(works: list[Work]) -> None:
    for work in works:
        work.release()
