"""The destination ``kafka``: hand over, and wait for the delivery report of each record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from schemas.document import DAY_HEADER, ID_HEADER
from schemas.settings import KafkaSink
from sinks.consumer import offset_of, partition_of
from sinks.destination import Built, Destination
from sinks.documents import Document, DocumentBuilder
from sinks.kafka.client import OtherCluster
from sinks.lines import in_order
from sinks.verdict import Retry, Verdict

if TYPE_CHECKING:
    from schemas.settings import Settings

POLL_SECS: Final = 0.2
OVERHEAD_BYTES: Final = 100
"""About what a record takes beside key and value."""


@dataclass(eq=False, slots=True)
class Outgoing:
    """A record on its way; it is handed over once, however often its verdict is asked for."""

    topic: str
    value: bytes | None
    options: dict[str, Any]
    """Key, headers and timestamp, as the client takes them."""
    is_under_way: bool = False
    verdict: Verdict | None = None

    def report(self, verdict: Verdict) -> None:
        """What became of it."""
        self.is_under_way = False
        self.verdict = verdict


class KafkaDestination(Destination[Outgoing]):
    """Topics of another cluster."""

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, KafkaSink)
        self._settings = sink
        self._cluster = OtherCluster(name, sink)
        self._documents: DocumentBuilder | None = None
        if sink.format == "json":
            self._documents = DocumentBuilder(lambda topic: settings.format_of(topic) == "json")

    def build(self, records: Sequence[Message]) -> Built[Outgoing]:
        """As Destination says."""
        if self._documents is None:
            pieces = [self._as_it_is(each) for each in records]
            return Built(list(records), pieces, list(map(_size, pieces)))
        found = in_order(self._documents.build(records))
        pieces = [self._document(*each) for each in zip(found.records, found.pieces, strict=True)]
        return Built(found.records, pieces, list(map(_size, pieces)), found.rejected)

    def _as_it_is(self, record: Message) -> Outgoing:
        return self._outgoing(
            record, record.value(), list(cast("list[tuple[str, Any]] | None", record.headers()) or ())
        )

    def _document(self, record: Message, document: Document) -> Outgoing:
        headers: list[tuple[str, Any]] = [(ID_HEADER, document.id.encode()), (DAY_HEADER, document.day.encode())]
        return self._outgoing(record, document.body, headers)

    def _outgoing(self, record: Message, value: bytes | None, headers: list[tuple[str, Any]]) -> Outgoing:
        topic, partition = partition_of(record)
        if self._settings.origin_headers:
            headers += [
                ("logferry-topic", topic.encode()),
                ("logferry-partition", b"%d" % partition),
                ("logferry-offset", b"%d" % offset_of(record)),
            ]
        options: dict[str, Any] = {"key": record.key(), "headers": headers}
        kind, millis = record.timestamp()
        if kind != TIMESTAMP_NOT_AVAILABLE:
            options["timestamp"] = millis
        return Outgoing(self._settings.topic.replace("{topic}", topic), value, options)

    def send(self, pieces: Sequence[Outgoing]) -> list[Verdict]:
        """As Destination says; what has no report yet goes on being under way and is only waited for next time."""
        for each in pieces:
            each.verdict = None
            if not each.is_under_way:
                each.is_under_way = True
                self._cluster.produce(each.topic, each.value, each.report, **each.options)
        self._wait(pieces)
        late = Retry(f"no delivery report within {self._settings.request_timeout_secs:g} s")
        return [each.verdict or late for each in pieces]

    def _wait(self, pieces: Sequence[Outgoing]) -> None:
        until = time.monotonic() + self._settings.request_timeout_secs
        under_way = list(pieces)
        while under_way and time.monotonic() < until:
            self._cluster.poll(POLL_SECS)
            while under_way and not under_way[-1].is_under_way:
                under_way.pop()


def _size(piece: Outgoing) -> int:
    return len(piece.value or b"") + len(cast("bytes", piece.options["key"]) or b"") + OVERHEAD_BYTES
