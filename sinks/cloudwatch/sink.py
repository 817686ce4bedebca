"""The CloudWatch Logs destination: documents become events, and each log stream is written to in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from schemas.codec import Undecodable
from schemas.settings.sinks.cloudwatch import CloudwatchSink
from sinks.cloudwatch.batches import RequestLimits, requests
from sinks.cloudwatch.client import Clients, connect
from sinks.cloudwatch.events import Event, EventBuilder
from sinks.cloudwatch.names import Stream, StreamNames, StreamTemplates
from sinks.cloudwatch.request import Requests, Streams
from sinks.cloudwatch.verdict import worse
from sinks.destination import Built, Destination
from sinks.documents import DocumentBuilder
from sinks.threads import RequestThreads
from sinks.verdict import Retry, Verdict

if TYPE_CHECKING:
    from confluent_kafka import Message

    from schemas.settings import Settings


class CloudwatchDestination(Destination[Event]):
    """One sink's log groups."""

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, CloudwatchSink)
        self._settings = sink
        self._clients: Clients | None = None
        self._requests: Requests | None = None
        self._documents = DocumentBuilder(lambda topic: settings.format_of(topic) == "json")
        templates = StreamTemplates(sink.log_group, sink.log_stream, sink.host_log_group, sink.host_log_stream)
        self._events = EventBuilder(StreamNames(templates), sink.format)
        self._limits = RequestLimits()
        self._writers = RequestThreads(sink.requests_in_flight * sink.streams_in_flight)

    def prepare(self) -> None:
        """Look for credentials and connect, as Destination says."""
        self._clients = connect(self._settings)
        streams = Streams(self._clients.making, self._settings) if self._settings.create else None
        self._requests = Requests(self._clients.putting, streams)

    def build(self, records: Sequence[Message]) -> Built[Event]:
        """As Destination says."""
        found = self._documents.build(records)
        built: Built[Event] = Built(rejected=found.rejected)
        for record, document in zip(found.records, found.pieces, strict=True):
            event = self._events.event(document.id, document.body)
            if isinstance(event, Undecodable):
                built.rejected.append((record, event))
                continue
            built.records.append(record)
            built.pieces.append(event)
            built.sizes.append(sum(event.sizes))
        return built

    def send(self, pieces: Sequence[Event]) -> list[Verdict]:
        """As Destination says."""
        streams: dict[Stream, list[int]] = {}
        for index, event in enumerate(pieces):
            streams.setdefault(event.stream, []).append(index)
        found: dict[int, Verdict] = {}
        writing = [self._writers.submit(self._write, *each, pieces, found) for each in streams.items()]
        for each in writing:
            each.result()
        return [found[index] for index in range(len(pieces))]

    def _write(self, stream: Stream, indices: list[int], events: Sequence[Event], found: dict[int, Verdict]) -> bool:
        """Send the events of one log stream. Once a request has to wait, those behind it wait, too."""
        assert self._requests is not None
        waiting: Retry | None = None
        for request in requests(indices, events, self._limits):
            answers = [waiting] * len(request.lines) if waiting else self._requests.put(stream, request)
            for line, answer in zip(request.lines, answers, strict=True):
                found[line.event] = worse(found.get(line.event), answer)
                if isinstance(answer, Retry):
                    waiting = answer
        return True

    def close(self) -> None:
        """As Destination says."""
        self._writers.end()
        if self._clients:
            self._clients.close()
