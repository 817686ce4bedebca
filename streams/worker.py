"""What a stream worker does with a chunk: decode, process, produce, and acknowledge when all of it is delivered.

Knows Kafka's client but not Faust: ``streams.app`` feeds it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from runtime.kafka import producer_config
from runtime.metrics import Metrics
from runtime.producer import OrderedProducer
from schemas.codec import Codec, Undecodable
from streams.assignment import Assignment
from streams.core.join import SourceState
from streams.core.process import Processor, out_of_bounds
from streams.core.rules import Rules
from streams.core.work import JoinLimits, Output, Result, Work
from streams.pods import PodTable

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
        producer: OrderedProducer | None = None,
        pods: PodTable | None = None,
    ) -> None:
        """``producer`` and ``pods`` stand for the connections that are made otherwise."""
        stream = settings.stream
        self.metrics = Metrics("stream")
        self._names = settings.topics.names
        self._acknowledge = acknowledge
        self._limit = stream.in_flight_max_bytes
        self._pods = pods or PodTable(settings.kafka, self._names.pods)
        self._codec = Codec("raw_chunk")
        self._processor = Processor(
            Rules(settings.severity, settings.routes, settings.unmatched),
            JoinLimits(stream.record_max_bytes, stream.join_timeout_secs),
            self._pods.pods,
            time.time_ns,
            self._names,
        )
        self._producer = producer or OrderedProducer(
            producer_config(
                settings.kafka,
                "logferry-stream",
                compression=stream.compression,
                linger_ms=stream.linger_ms,
                buffer_max_bytes=2 * stream.in_flight_max_bytes,
            )
        )
        self._assignments: dict[int, tuple[int, Assignment[Token]]] = {}
        """Partition -> generation and assignment."""

    @property
    def pending_bytes(self) -> int:
        """Values handed to the client and not delivered yet."""
        return self._producer.pending_bytes

    def load(self) -> None:
        """Read what must be known before the first chunk. Raises TemporaryError."""
        self._pods.load(LOAD_SECS)

    def has_room(self) -> bool:
        """Whether another chunk may be taken in."""
        return self.pending_bytes < self._limit

    def take(self, partition: int, generation: int, offset: int, value: bytes, token: Token) -> None:
        """One value of logs.raw. Never raises on input."""
        assignment = self._assignment(partition, generation)
        done = assignment.begin(offset, token)
        chunk = self._codec.decode(value)
        problem = chunk.message if isinstance(chunk, Undecodable) else out_of_bounds(chunk)
        if isinstance(chunk, Undecodable) or problem:
            letter = self._processor.undecodable(value, partition, offset, "unreadable_chunk", problem or "")
            self.metrics.count("logferry_stream_dead_letters_total", 1, "unreadable_chunk")
            self._producer.send(self._names.dead_letter, "", [letter], done)
            return
        work = self._processor.work(chunk, partition, offset, done)
        state = assignment.state(work.key)
        held = set(state.held())
        self._finish(assignment, state, held, work.key, self._processor.process(state, chunk, work, time.monotonic()))
        work.release()

    def _assignment(self, partition: int, generation: int) -> Assignment[Token]:
        known = self._assignments.get(partition)
        if known is None or known[0] != generation:
            if known is not None:
                known[1].revoked = True
            known = self._assignments[partition] = (generation, Assignment(self._acknowledge))
        return known[1]

    def _finish(
        self, assignment: Assignment[Token], state: SourceState[Work], held: set[Work], key: str, result: Result
    ) -> None:
        """Produce what came out, and hold the chunks in which something unfinished begins."""
        self._send(key, result.outputs)
        now_held = set(state.held())
        for work in now_held - held:
            work.outstanding += 1
        for work in held - now_held:
            work.release()
        assignment.touched(key, state)
        for (name, *labels), amount in result.counts.items():
            self.metrics.count(f"logferry_stream_{name}", amount, *labels)

    def _send(self, key: str, outputs: list[Output]) -> None:
        """Produce to each topic what is meant for it; the chunks wait for the last record of each."""
        by_topic: dict[str, tuple[list[bytes], dict[Work, None]]] = {}
        for work, topic, value in outputs:
            values, works = by_topic.setdefault(topic, ([], {}))
            values.append(value)
            works[work] = None
        for topic, (values, works) in by_topic.items():
            for work in works:
                work.outstanding += 1
            self._producer.send(topic, key, values, partial(_release, list(works)))

    def serve(self) -> None:
        """Delivery reports. Raises FatalError when Kafka refused a record for good."""
        self._producer.poll()

    def tend(self) -> None:
        """Now and then: take in what is new of pods, and give up lines whose rest does not come."""
        self._pods.follow()
        now = time.monotonic()
        for _, assignment in self._assignments.values():
            for key, state in assignment.busy():
                held = set(state.held())
                self._finish(assignment, state, held, key, self._processor.expire(state, now))
        self.metrics.set("logferry_stream_pending_bytes", self.pending_bytes)

    def revoke(self, partitions: set[int]) -> None:
        """Forget partitions; what is in flight for them is not acknowledged any more."""
        for partition in partitions:
            known = self._assignments.pop(partition, None)
            if known is not None:
                known[1].revoked = True

    def close(self) -> None:
        """Let go of the connections."""
        self._pods.close()


def _release(works: list[Work]) -> None:
    for work in works:
        work.release()
