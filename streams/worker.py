"""What a stream worker does with a chunk: decode, process, produce, account, and acknowledge when all is delivered.

Knows Kafka's client but not Faust: ``streams.app`` feeds it.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from runtime.kafka import read_file
from runtime.metrics import Metrics
from schemas.codec import Codec, Undecodable
from schemas.errors import SettingsError
from streams.assignment import Assignment
from streams.connections import Connections
from streams.core.join import SourceState
from streams.core.process import UNREADABLE_CHUNK, Processor, out_of_bounds
from streams.core.redact import redactor_of
from streams.core.rules import Rules
from streams.core.spans import Spans, metadata
from streams.core.treatment import Tools, Treatments
from streams.core.work import Batch, JoinLimits, Result, Work
from streams.waiting import Waiting

if TYPE_CHECKING:
    from schemas.settings import Settings
    from schemas.settings.secret import Secret

_log = logging.getLogger(__name__)

Token = TypeVar("Token")

LOAD_SECS: Final = 30.0


class _Begun(NamedTuple, Generic[Token]):
    """A chunk that is decoded."""

    assignment: Assignment[Token]
    work_of: Callable[[], Work]
    chunk: dict[str, Any]


class StreamWorker(Generic[Token]):
    """Chunks in, records out; tokens come back through ``acknowledge``, in order for each partition."""

    def __init__(
        self, settings: Settings, acknowledge: Callable[[Token], None], connections: Connections | None = None
    ) -> None:
        """``connections`` stand for those that are made otherwise."""
        stream = settings.stream
        self.metrics = Metrics("stream")
        self._settings = settings
        self._names = settings.topics.names
        self._acknowledge = acknowledge
        self._limit = stream.in_flight_max_bytes
        self._connections = connections or Connections.of(settings)
        self._pods = self._connections.pods
        self._control = self._connections.control
        self._producer = self._connections.producer
        self._codec = Codec("raw_chunk")
        self._ledger = Codec("ledger_entry")
        redactor_of(settings.redaction, lambda secret: secret.resolve(os.environ, read_file))  # or refuse to start
        self._own_key = token_hex()
        self._tools = Tools(settings, time.time_ns, self._secret)
        self._processor = Processor(
            Treatments(Rules.of(settings), self._tools, self._connections.make_topics),
            JoinLimits(stream.record_max_bytes, stream.join_timeout_secs),
            self._pods.pods,
            time.time_ns,
            self._names,
        )
        self._waiting: Waiting[_Begun[Token]] = Waiting(stream.pod_wait_secs, stream.pod_wait_max_bytes)
        self._assignments: dict[int, tuple[int, Assignment[Token]]] = {}
        """Partition -> generation and assignment."""
        self._spans: dict[int, Spans] = {}
        """Partition -> those of its latest assignment: Faust may commit when it is revoked already."""
        self._revoked: dict[int, int | None] = {}
        """Partition -> generation in which it was taken from us; a chunk of that one may still have waited for room."""
        self._committed: dict[int, int] = {}
        """Partition -> position that was committed and not looked at yet."""

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
        self._control.load(LOAD_SECS)
        self._apply_rules()

    def has_room(self) -> bool:
        """Whether another chunk may be taken in."""
        return self.pending_bytes < self._limit

    # -- chunks --------------------------------------------------------------------------------------------------------

    def take(
        self, partition: int, generation: int, offset: int, value: bytes, token: Token, timestamp: float = 0.0
    ) -> None:
        """One value of logs.raw, with the time that Kafka has for it, in seconds. Never raises on input."""
        if self._revoked.get(partition) == generation:
            return
        now = time.monotonic()
        assignment = self._assignment(partition, generation)
        done = assignment.begin(offset, token, timestamp, now)
        chunk = self._codec.decode(value)
        problem = chunk.message if isinstance(chunk, Undecodable) else out_of_bounds(chunk)
        if isinstance(chunk, Undecodable) or problem:
            decoded = None if isinstance(chunk, Undecodable) else chunk
            letter = self._processor.undecodable(value, partition, offset, problem or "", decoded)
            self.metrics.count("logferry_stream_dead_letters_total", 1, UNREADABLE_CHUNK)
            self._producer.send(self._names.dead_letter, "", [letter], done)
            return
        finished = partial(self._account, done)
        begun = _Begun(assignment, partial(self._processor.work, chunk, partition, offset, finished), chunk)
        uid = _pod_of(chunk)
        if uid and self._waiting.must_wait(uid, self._pods.pods):
            self._waiting.add(uid, begun, len(value), now)
        else:
            self._process(begun)

    def _assignment(self, partition: int, generation: int) -> Assignment[Token]:
        known = self._assignments.get(partition)
        if known is None or known[0] != generation:
            if known is not None:
                known[1].revoked = True
            made = Assignment(self._acknowledge, self._connections.skips(partition))
            known = self._assignments[partition] = (generation, made)
            self._spans[partition] = made.spans
        return known[1]

    def _process(self, begun: _Begun[Token]) -> None:
        assignment, work_of, chunk = begun
        if assignment.revoked:
            return
        work = work_of()
        assignment.spans.taken(work.key, work.offset)
        state = assignment.state(work.key)
        held = set(state.held())
        self._finish(assignment, state, held, work.key, self._processor.process(state, chunk, work, assignment.time))
        work.release()

    def _finish(
        self, assignment: Assignment[Token], state: SourceState[Work], held: set[Work], key: str, result: Result
    ) -> None:
        """Produce what came out, and hold the chunks in which something unfinished begins."""
        self._send(key, result.batches)
        now_held = set(state.held())
        for work in now_held - held:
            work.outstanding += 1
        for work in held - now_held:
            work.release()
        assignment.touched(key, state, result.spans)
        for (name, *labels), amount in result.counts.items():
            self.metrics.count(f"logferry_stream_{name}", amount, *labels)

    def _send(self, key: str, batches: dict[str, Batch]) -> None:
        """Produce to each topic what is meant for it; the chunks wait for the last record of each."""
        for topic, batch in batches.items():
            for work in batch.works:
                work.outstanding += 1
            self._producer.send(topic, key, batch.values, partial(_release, list(batch.works)))

    def _account(self, done: Callable[[], None], work: Work) -> None:
        """Everything that came of a chunk is delivered: say so in the ledger, then acknowledge."""
        if work.kept:
            done = partial(_acknowledge, done, work)
        if work.end == work.start and not work.lines:
            done()
            return
        entry = self._ledger.encode(work.ledger_entry(time.time_ns()))
        self._producer.send(self._names.ledger, work.incarnation.hex(), [entry], done)

    # -- now and then --------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Delivery reports. Raises FatalError when Kafka refused a record for good."""
        self._producer.poll()

    def attend(self) -> None:
        """Several times a second: live rules, and the chunks that wait for pods."""
        for problem in self._processor.treatments.take_problems():
            _log.warning("%s", problem)
            self.metrics.count("logferry_stream_errors_total", 1, "annotation")
        changed = self._control.follow()
        if self._control.expire(time.time_ns()) or changed:
            self._apply_rules()
        if self.is_waiting:
            self._pods.follow()
            for begun in self._waiting.ready(self._pods.pods, time.monotonic()):
                self._process(begun)

    def _apply_rules(self) -> None:
        """Make the rules in force those of the next chunk."""
        rules = Rules.of(self._settings, self._control.rules, self._processor.treatments.rules)
        for problem in rules.problems:
            self._tell_of_rule(problem)
        self._processor.treatments = Treatments(rules, self._tools, self._connections.make_topics)
        self._control.measure(self.metrics)

    def _tell_of_rule(self, problem: str) -> None:
        _log.error("%s", problem)
        self.metrics.count("logferry_stream_errors_total", 1, "rule")

    def _secret(self, secret: Secret) -> str:
        """A secret's value. Where a live rule names one that is not there, values are hashed all the same.

        They must not go out in the clear because of it, nor keep other rules from holding.
        """
        try:
            return secret.resolve(os.environ, read_file)
        except SettingsError as error:
            self._tell_of_rule(
                f"values are hashed with a key of this worker's own, so that others hash them apart: {error}"
            )
            return self._own_key

    def tend(self, is_read_to_its_end: Callable[[int, int], bool] = lambda _partition, _offset: True) -> None:
        """Now and then: take in what is new of pods, and give up lines whose rest does not come.

        ``is_read_to_its_end``: whether a partition has nothing at an offset or behind it.
        """
        self._pods.follow()
        now = time.monotonic()
        for partition, (_, assignment) in self._assignments.items():
            is_at_end = not self.is_waiting and is_read_to_its_end(partition, assignment.next_offset)
            when = assignment.time_at(now, is_read_to_its_end=is_at_end)
            for key, state in assignment.busy():
                held = set(state.held())
                self._finish(assignment, state, held, key, self._processor.expire(state, when))
        for partition, position in list(self._committed.items()):
            if partition in self._spans:
                self._spans[partition].forget(position)
            del self._committed[partition]
        self.metrics.set("logferry_stream_pending_bytes", self.pending_bytes)
        self._control.measure(self.metrics)

    # -- the group -----------------------------------------------------------------------------------------------------

    def metadata(self, partition: int, position: int) -> str | None:
        """What to write beside a commit; None: nothing can be committed there. May be called by another thread."""
        spans = self._spans.get(partition)
        if spans is None or position > spans.known_to:
            return None  # of an assignment before this one: what begins before the position is not read again yet
        return metadata(spans.at(position))

    def committed(self, partition: int, position: int) -> None:
        """A position was committed. May be called by another thread."""
        self._committed[partition] = position

    def assigned(self, partitions: int) -> None:
        """So many partitions are ours now."""
        self._processor.treatments.rules.quotas.share = max(1, partitions) / max(1, self._connections.partitions())

    def revoke(self, partitions: set[int], generation: int | None = None) -> None:
        """Forget partitions; what is in flight for them is not acknowledged any more.

        ``generation``: the one that they were ours in, where it is known.
        """
        for partition in partitions:
            known = self._assignments.pop(partition, None)
            self._revoked[partition] = generation if known is None else known[0]
            if known is not None:
                known[1].revoked = True

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()


def _pod_of(chunk: dict[str, Any]) -> str:
    """Uid of the pod that a chunk is of; empty: of none."""
    container = chunk["source"]["container"]
    return container["pod_uid"] if container is not None and container["namespace"] else ""


def _acknowledge(done: Callable[[], None], work: Work) -> None:
    done()
    work.acknowledged()


def _release(works: list[Work]) -> None:
    for work in works:
        work.release()
