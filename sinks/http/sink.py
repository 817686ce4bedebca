"""The destination ``http``: a batch, one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from schemas.settings import HttpSink
from sinks.core.text import with_id
from sinks.destination import Built, Destination
from sinks.documents import Document, DocumentBuilder
from sinks.http.client import Answer, NoAnswer, Poster
from sinks.http.request import CONTENT_TYPES, body, idempotency_key
from sinks.http.verdict import judged
from sinks.verdict import Done, Verdict

if TYPE_CHECKING:
    from confluent_kafka import Message

    from schemas.settings import Settings

ID_BYTES: Final = 28
"""What the member ``id`` and a comma or line end add to a document."""


class HttpDestination(Destination[Document]):
    """One address."""

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, HttpSink)
        self._settings = sink
        self._poster = Poster(name, sink)
        self._builder = DocumentBuilder(lambda topic: settings.format_of(topic) == "json")

    def build(self, records: Sequence[Message]) -> Built[Document]:
        """As Destination says."""
        built = self._builder.build(records)
        built.sizes = [size + ID_BYTES for size in built.sizes]
        return built

    def send(self, pieces: Sequence[Document]) -> list[Verdict]:
        """As Destination says."""
        return judged(pieces, self._post, lambda taken, _: [Done.DELIVERED] * len(taken))

    def _post(self, pieces: Sequence[Document]) -> Answer | NoAnswer:
        headers = {"content-type": CONTENT_TYPES[self._settings.format]}
        if self._settings.idempotency_header:
            headers[self._settings.idempotency_header] = idempotency_key([each.id for each in pieces])
        documents = [with_id(each.id, each.body) for each in pieces]
        return self._poster.post(body(self._settings.format, documents), headers)

    def close(self) -> None:
        """As Destination says."""
        self._poster.close()
