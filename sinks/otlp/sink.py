"""The destination ``otlp``: a batch, one export."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from schemas.settings import OtlpSink
from sinks.destination import Built, Destination
from sinks.http.client import Answer, NoAnswer, Poster
from sinks.http.verdict import judged
from sinks.log_records import RecordBuilder
from sinks.otlp.record import log_record
from sinks.otlp.request import Exported, record_field, request
from sinks.otlp.resource import resource
from sinks.verdict import Done, Reject, Verdict

if TYPE_CHECKING:
    from confluent_kafka import Message

    from schemas.settings import Settings

_log = logging.getLogger(__name__)

CONTENT_TYPE: Final = "application/x-protobuf"
AGAIN: Final = frozenset({401, 403, 404, 407, 408, 429, 502, 503, 504})
BAD_CONTENT: Final = frozenset(range(400, 600)) - AGAIN
"""OTLP, "Failures": all but the retryable codes mean that the request is never taken."""
RESOURCES_REMEMBERED: Final = 10_000


class OtlpDestination(Destination[Exported]):
    """One collector."""

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, OtlpSink)
        self._settings = sink
        self._poster = Poster(name, sink)
        self._builder = RecordBuilder(lambda topic: settings.format_of(topic) == "json")
        self._resources: dict[tuple[str, str], tuple[Mapping[str, Any], bytes]] = {}
        """Tag and incarnation -> the latest resource, and its bytes."""

    def build(self, records: Sequence[Message]) -> Built[Exported]:
        """As Destination says."""
        built = self._builder.build(records)
        pieces = [self._exported(each) for each in built.pieces]
        return Built(built.records, pieces, [len(each.field) for each in pieces], built.rejected)

    def _exported(self, record: Mapping[str, Any]) -> Exported:
        return Exported(
            record["id"], self._resource(record["resource"]), record_field(log_record(record).SerializeToString())
        )

    def _resource(self, of: Mapping[str, Any]) -> bytes:
        key = (of["tag"], of["incarnation"])
        known = self._resources.get(key)
        if known is None or (known[0] is not of and known[0] != of):
            if len(self._resources) >= RESOURCES_REMEMBERED:
                self._resources.clear()
            written = resource(of, annotations=self._settings.annotations).SerializeToString()
            known = self._resources[key] = (of, written)
        return known[1]

    def send(self, pieces: Sequence[Exported]) -> list[Verdict]:
        """As Destination says."""
        return judged(pieces, self._post, verdicts, BAD_CONTENT)

    def _post(self, pieces: Sequence[Exported]) -> Answer | NoAnswer:
        return self._poster.post(request(pieces), {"content-type": CONTENT_TYPE})

    def close(self) -> None:
        """As Destination says."""
        self._poster.close()


def verdicts(pieces: Sequence[Exported], answer: Answer) -> list[Verdict]:
    """The verdicts of an answer 200: all taken, or so many of them not."""
    response = ExportLogsServiceResponse()
    try:
        response.ParseFromString(answer.body)
    except DecodeError:  # some servers answer in JSON, or with a word; 200 says that it was taken
        return [Done.DELIVERED] * len(pieces)
    partial = response.partial_success
    count = min(max(partial.rejected_log_records, 0), len(pieces))
    if count == len(pieces):
        return [Reject(f"rejected by the server: {partial.error_message or 'it does not say why'}")] * count
    if count:
        first, last = pieces[0].id, pieces[-1].id
        words = "%d of %d records were refused, and it is not said which, between ids %s and %s: %s"
        _log.error(words, count, len(pieces), first, last, partial.error_message)
    elif partial.error_message:
        words = "the server took %d records and says: %s"
        _log.warning(words, len(pieces), partial.error_message, extra={"kind": "otlp says"})
    return [*[Done.DELIVERED] * (len(pieces) - count), *[Done.REFUSED_UNNAMED] * count]
