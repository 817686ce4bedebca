"""Reads a period of logs.raw, partition by partition as Kafka gives them, without joining a group."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from producers.core.replay.period import Wanted
from producers.replay.found import Chunk, Overview, Passed, Step, Trouble, pod_of
from runtime.kafka import client_config, of_topic
from schemas.codec import Codec, Undecodable
from schemas.errors import TemporaryError
from schemas.replay import replayed_of

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

ASK_SECS: Final = 15.0
SILENCE_SECS: Final = 30.0
BATCH: Final = 32
"""A chunk may have several MiB."""
EARLY_SECS: Final = 300.0
"""A node's clock may be ahead of the broker's by so much."""
NANOS: Final = 1_000_000_000
TELL_SECS: Final = 0.5
"""At a low rate a batch takes long; so often its reader says how far it is."""


class Bounds(NamedTuple):
    """What is read of one partition."""

    first: int
    end: int


class RawTopic:
    """logs.raw for one replay. ``late_secs``: so long after it was read on its node a chunk may have come to Kafka."""

    def __init__(self, kafka: KafkaSettings, topic: str, late_secs: float) -> None:
        self._topic = topic
        self._late_secs = late_secs
        self._codec = Codec("raw_chunk")
        self._consumer = Consumer(
            {
                **client_config(kafka, "logferry-replay"),
                "group.id": f"logferry-unused-{topic}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 16384,
            }
        )

    def overview(self, wanted: Wanted) -> Overview:
        """What there is of it. Raises TemporaryError."""
        bounds, troubles = self._bounds(wanted)
        return Overview(sum(each.end - each.first for each in bounds.values()), "chunks", 0, tuple(troubles))

    def read(self, wanted: Wanted, position: str = "") -> Iterator[Step]:
        """All chunks that are needed, from a position on. Raises TemporaryError when Kafka does not answer."""
        bounds, troubles = self._bounds(wanted)
        if not position:
            yield from troubles
        next_of = {each: bound.first for each, bound in bounds.items()}
        told = {int(key): value for key, value in json.loads(position or "{}").items()}
        next_of |= {each: max(next_of[each], at) for each, at in told.items() if each in next_of}
        done = sum(next_of[each] - bound.first for each, bound in bounds.items())
        left = {each for each, bound in bounds.items() if next_of[each] < bound.end}
        self._consumer.assign([TopicPartition(self._topic, each, next_of[each]) for each in left])
        told_at = time.monotonic()
        while left:
            for record in self._records():
                partition, offset = cast("int", record.partition()), cast("int", record.offset())
                if partition not in left:
                    continue
                done += min(offset + 1, bounds[partition].end) - next_of[partition]
                next_of[partition] = offset + 1
                if offset < bounds[partition].end:
                    yield from self._step(record, wanted)
                    if time.monotonic() - told_at > TELL_SECS:
                        yield Passed(_text(next_of), done)
                        told_at = time.monotonic()
                if offset + 1 >= bounds[partition].end:
                    left.discard(partition)
                    self._consumer.incremental_unassign([TopicPartition(self._topic, partition)])
            yield Passed(_text(next_of), done)

    def _step(self, record: Message, wanted: Wanted) -> Iterator[Step]:
        value = record.value() or b""
        if replayed_of(record.headers()):  # type: ignore[arg-type]  # of another replay; the client's types are wide
            return
        chunk = self._codec.decode(value)
        if isinstance(chunk, Undecodable):
            where = f"{self._topic}, partition {record.partition()}, offset {record.offset()}"
            yield Trouble(where, f"{chunk.message}; it was told as a dead letter the first time")
            return
        role = wanted.role_of(chunk)
        if role is not None:
            yield Chunk(value, chunk["source"]["id"], role, record.timestamp()[1] / 1000, pod_of(chunk))

    def _records(self) -> list[Message]:
        until = time.monotonic() + SILENCE_SECS
        while time.monotonic() < until:
            records = of_topic(self._consumer.consume(BATCH, 0.2))
            for record in records:
                error = record.error()
                if error is not None:
                    raise self._silent(error.str())
            if records:
                return records
        raise self._silent(f"nothing came for {SILENCE_SECS:.0f} s")

    def _bounds(self, wanted: Wanted) -> tuple[dict[int, Bounds], list[Trouble]]:
        """What to read of each partition, and what of the period is no longer there."""
        period = wanted.period
        try:
            found = self._consumer.list_topics(self._topic, timeout=ASK_SECS).topics[self._topic]
            if found.error is not None:
                raise self._silent(found.error.str())
            partitions = sorted(found.partitions)
            begins = self._offsets(partitions, period.begin / NANOS - EARLY_SECS)
            ends = self._offsets(partitions, period.end / NANOS + self._late_secs)
            marks = {
                each: self._consumer.get_watermark_offsets(TopicPartition(self._topic, each), timeout=ASK_SECS)
                for each in partitions
            }
        except KafkaException as error:
            raise self._silent(error.args[0].str()) from error
        bounds: dict[int, Bounds] = {}
        troubles: list[Trouble] = []
        for each in partitions:
            low, high = marks[each]
            first, end = (high if at < 0 else max(at, low) for at in (begins[each], ends[each]))
            bounds[each] = Bounds(first, max(first, end))
            gone = self._gone(each, low, high, period.since / NANOS) if low > 0 and first == low else ""
            if gone:
                troubles.append(Trouble(f"{self._topic}, partition {each}", gone))
        return bounds, troubles

    def _gone(self, partition: int, low: int, high: int, since: float) -> str:
        """What to say of a partition whose beginning is past its retention; nothing, where that was before a time."""
        if low == high:
            return "all of it is past its retention"
        self._consumer.assign([TopicPartition(self._topic, partition, low)])
        asked = (self._consumer.consume(1, ASK_SECS) for _ in range(2))  # the first answer may be about the group
        first = next((each for records in asked for each in of_topic(records) if each.error() is None), None)
        self._consumer.unassign()
        if first is None:
            return "its beginning is past its retention"
        if first.timestamp()[1] / 1000 <= since:
            return ""
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(first.timestamp()[1] / 1000))
        return f"what came before {moment} is past its retention"

    def _offsets(self, partitions: list[int], seconds: float) -> dict[int, int]:
        """The first offset of each partition that is not before a time; -1: there is none."""
        asked = [TopicPartition(self._topic, each, max(0, int(seconds * 1000))) for each in partitions]
        return {each.partition: each.offset for each in self._consumer.offsets_for_times(asked, ASK_SECS)}

    def _silent(self, problem: str) -> TemporaryError:
        return TemporaryError(
            f"{self._topic} cannot be read: {problem}",
            delay=5.0,
            where=f"topic {self._topic}",
            remedy="look at the brokers; this client's user needs Read and Describe on the topic. Then run the same "
            "command again, it goes on",
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()


def _text(next_of: Mapping[int, int]) -> str:
    return json.dumps(next_of, separators=(",", ":"))
