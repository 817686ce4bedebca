"""Records out of the content of lines. `RecordBuilder.keep` is the hot path (docs/benchmarks.md).

Most lines are dropped by severity, so a line is first asked for its severity alone, and a record is built only when
some topic takes it. Sources with rules that look into the record take the way through `streams.core.careful`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from schemas.codec import Codec
from schemas.document import DAY_HEADER, ID_HEADER, DocumentWriter, day_of
from schemas.identity import INCOMPLETE, record_id
from schemas.log_record import RecordWriter
from streams.core.attribute_limits import AttributeLimits
from streams.core.framing.attributes import json_text, merged
from streams.core.framing.cri import STREAMS
from streams.core.groups import Content
from streams.core.parsers import json
from streams.core.parsers.parsed import Fields, Parser
from streams.core.rfc3339 import timestamp_nanos
from streams.core.treatment import Destinations
from streams.core.work import Batch, Counts, Document, JoinLimits, Origin, Result, Span, Work

_json_fields: Final = json.fields
STREAM_NAMES: Final = {**STREAMS, b"": None}


class RecordBuilder:
    """Builds records out of contents and counts what becomes of them."""

    def __init__(
        self,
        limits: JoinLimits,
        writer: RecordWriter,
        documents: DocumentWriter,
        attributes: AttributeLimits,
        dead_letter: Codec,
        clock: Callable[[], int],
        topic: str,
        dead_letters: str,
    ) -> None:
        """``topic``: where the chunks come from; ``dead_letters``: where letters go."""
        self.record_max_bytes = limits.record_max_bytes
        self._encode = writer.encode
        self._documents = documents
        self.limited = attributes.apply
        self._allows_flat = attributes.allows_flat
        self._dead_letter = dead_letter
        self._topic = topic
        self._dead_letters = dead_letters
        self._clock = clock
        self._batches: dict[str, Batch] = {}
        self._touched: dict[Work, None] = {}
        self._together: Counter[tuple[Work, Destinations]] = Counter()
        """Records that several topics get, by their chunk."""
        self.spans: list[Span] = []
        self.counts: Counts = Counter()

    def touch(self, work: Work) -> None:
        """Lines of this chunk are dropped, or become something."""
        self._touched[work] = None

    def result(self) -> Result:
        """Everything built so far."""
        for work in self._touched:
            self._count_dropped(work)
        for topic, batch in self._batches.items():
            batch.count()
            if topic != self._dead_letters:
                self.counts["records_total", topic] += len(batch.values)
                for work, amount in batch.works.items():
                    work.outcomes[f"routed/{topic}"] += amount
        for (work, topics), amount in self._together.items():
            work.outcomes[f"together/{'+'.join(sorted(topics))}"] += amount
        return Result(self._batches, self.counts, self.spans)

    def _count_dropped(self, work: Work) -> None:
        plan = work.origin.treatment.plan
        for number, amount in enumerate(work.dropped):
            if amount:
                self.counts["dropped_records_total", plan.drop_reasons[number]] += amount
                work.outcomes[f"dropped/{plan.drop_details[number]}"] += amount
                work.dropped[number] = 0

    def drop(self, work: Work, reason: str, detail: str = "", amount: int = 1) -> None:
        """Lines that no topic gets, for another reason than their severity."""
        self.counts["dropped_records_total", reason] += amount
        work.outcomes[f"dropped/{detail or reason}"] += amount

    def join_to(self, work: Work, amount: int = 1) -> None:
        """Lines of a chunk that became part of a record which began before."""
        self.counts["joined_lines_total",] += amount
        work.outcomes["joined"] += amount

    # -- records -------------------------------------------------------------------------------------------------------

    def keep_json(
        self,
        work: Work,
        offset: int,
        timestamp: bytes,
        stream: bytes,
        text: bytes,
        found: dict[str, Any],
        number: int,
        topics: Destinations,
    ) -> None:
        """Write the record of a whole line that is a JSON object, with nothing beside it: as `keep`, in one piece."""
        nanos = timestamp_nanos(timestamp)
        if nanos is None:
            self._reject_time(work, offset, timestamp, stream, text)
            return
        origin = work.origin
        event = _json_fields(text, found)
        attributes = event["attributes"]
        if attributes:
            namespace = origin.treatment.plan.namespace
            if not self._allows_flat(attributes, namespace, text):
                attributes = self.limited(attributes, namespace)
        event["attributes"] = json_text(attributes) if attributes else "{}"
        event["id"] = record_id(work.incarnation, offset)
        event["offset"] = offset
        event["timestamp"] = nanos
        event["observed_timestamp"] = work.observed_timestamp
        event["stream"] = STREAM_NAMES[stream]
        event["severity_number"] = number
        work.routed += 1
        self.put(work, origin, event, topics)

    def keep(
        self, line: Content[Work], parser: Parser, found: Any, number: int, topics: Destinations, nanos: int
    ) -> None:
        """Write a record to the topics that take it."""
        event = self.event(line, parser, found)
        if event["attributes"]:
            event["attributes"] = self.limited(event["attributes"], line.work.origin.treatment.plan.namespace)
        self.finish(line, event, number, topics, nanos)

    def event(self, line: Content[Work], parser: Parser, found: Any) -> Fields:
        """What the line says, with what stands beside it."""
        event = parser.fields(line.text, found)
        if line.flags:
            event["flags"] += line.flags
        beside = merged(line.attributes or {}, line.work.attributes or {})
        if beside:
            redactor = line.work.origin.treatment.redactor
            event["attributes"] = merged(event["attributes"], beside if redactor is None else redactor.value(beside))
        return event

    def finish(self, line: Content[Work], event: Fields, number: int, topics: Destinations, nanos: int) -> None:
        """Identity, time and severity; then the record's bytes, for each topic."""
        work, offset, attributes = line.work, line.offset, event["attributes"]
        event["attributes"] = json_text(attributes) if attributes else "{}"
        event["id"] = record_id(work.incarnation, offset | INCOMPLETE if "incomplete" in line.flags else offset)
        event["offset"] = offset
        event["timestamp"] = nanos
        event["observed_timestamp"] = work.observed_timestamp
        event["stream"] = STREAM_NAMES[line.stream]
        event["severity_number"] = number
        if not line.part:
            work.routed += 1
        self.put(work, work.origin, event, topics)

    def put(self, work: Work, origin: Origin, event: Fields, topics: Destinations) -> None:
        """A record with all its fields, to each topic in the encoding that it has."""
        value = None
        json_topics = origin.treatment.plan.json_topics
        if len(topics) > 1:
            self._together[work, topics] += 1
        for topic in topics:
            if topic in json_topics:
                headers = [(ID_HEADER, event["id"].encode()), (DAY_HEADER, day_of(event["timestamp"]))]
                self.send(work, topic, Document(self._documents.document(event, origin.shared), headers))
                continue
            if value is None:
                value = self._encode(origin.prefix, event)
            batch = self._batches.get(topic)
            if batch is not None and batch.last is work:
                batch.values.append(value)
            else:
                self.send(work, topic, value)
        if not origin.resolved:
            self.counts["unresolved_records_total",] += 1

    def send(self, work: Work, topic: str, value: bytes | Document) -> None:
        """A value for a topic. What begins in a chunk that is only context is made like all else, and goes nowhere."""
        if work.is_context:
            return
        batch = self._batches.get(topic)
        if batch is None:
            batch = self._batches[topic] = Batch()
        if batch.last is not work:
            batch.count()
            batch.last = work
        batch.values.append(value)

    def nanos_of(self, line: Content[Work]) -> int | None:
        """Time of a line in nanoseconds since 1970; None: it is no time, and the line went to the dead letters."""
        nanos = timestamp_nanos(line.timestamp)
        if nanos is not None:
            return nanos
        if not line.timestamp and not line.stream:
            return line.work.observed_timestamp  # text without a frame
        self._reject_time(line.work, line.offset, line.timestamp, line.stream, line.text)
        return None

    def _reject_time(self, work: Work, offset: int, timestamp: bytes, stream: bytes, text: bytes) -> None:
        whole = b" ".join((timestamp, stream, b"F", text))
        self.reject(work, offset, whole, "its timestamp is not RFC 3339")

    # -- dead letters --------------------------------------------------------------------------------------------------

    def reject(
        self,
        work: Work,
        offset: int,
        original: bytes,
        message: str,
        reason: str = "unreadable_framing",
        origin: Origin | None = None,
    ) -> None:
        """Bytes of a chunk that become no record. ``origin``: theirs, where it is not the chunk's."""
        work.outcomes[f"dead_letter/{reason}"] += 1
        if work.is_context:
            return
        redactor = (origin or work.origin).treatment.redactor
        letter = self.letter(
            work.partition, work.offset, reason, message, original if redactor is None else redactor.content(original),
            source_id=work.key, incarnation=work.incarnation.hex(), offset=offset, redacted=redactor is not None,
        )  # fmt: skip
        self.send(work, self._dead_letters, letter)

    def letter(
        self, partition: int, topic_offset: int, reason: str, message: str, original: bytes, **origin: str | int
    ) -> bytes:
        """Bytes that cannot be read, as they are, with the reason."""
        self.counts["dead_letters_total", reason] += 1
        return self._dead_letter.encode(
            {
                "stage": "stream",
                "reason": reason,
                "message": message,
                "topic": self._topic,
                "partition": partition,
                "topic_offset": topic_offset,
                "failed_at": self._clock(),
                "original": original,
                **origin,
            }
        )
