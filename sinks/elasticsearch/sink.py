"""The Elasticsearch destination: builds lines, sends bulk requests, installs the index template."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import elastic_transport
from elasticsearch import ApiError

from runtime.kafka import read_file
from schemas.errors import TemporaryError
from schemas.settings import ElasticsearchSink, resolve
from sinks.destination import Built, Destination
from sinks.elasticsearch.document import LineBuilder
from sinks.elasticsearch.request import BulkRequests, connect
from sinks.elasticsearch.safe_shape import safe_shape
from sinks.elasticsearch.template import index_template, template_name

if TYPE_CHECKING:
    from confluent_kafka import Message

    from schemas.settings import Settings
    from sinks.verdict import Verdict


class ElasticsearchDestination(Destination[bytes]):
    """One sink's indices."""

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, ElasticsearchSink)
        self._name = name
        self._settings = sink
        self._client = connect(sink, _secrets(sink))
        self._requests = BulkRequests(self._client)
        self._builder = LineBuilder(sink.index, lambda topic: settings.format_of(topic) == "json")

    def prepare(self) -> None:
        """Put the index template in place."""
        if not self._settings.template:
            return
        try:
            body = index_template(self._settings)
            self._client.indices.put_index_template(name=template_name(self._name), body=body)
        except (ApiError, elastic_transport.TransportError) as error:
            raise TemporaryError(f"the index template cannot be installed: {error}", delay=1.0) from error

    def build(self, records: Sequence[Message]) -> Built[bytes]:
        """As Destination says."""
        return self._builder.build(records)

    def send(self, pieces: Sequence[bytes]) -> list[Verdict]:
        """As Destination says."""
        return self._requests.send(pieces)

    def safer(self, piece: bytes, _reason: str) -> bytes | None:
        """As Destination says."""
        return safe_shape(piece)

    def close(self) -> None:
        """As Destination says."""
        self._client.close()


def _secrets(settings: ElasticsearchSink) -> dict[str, str]:
    given = {"api_key": settings.api_key, "username": settings.username, "password": settings.password}
    return {name: resolve(value, os.environ, read_file) for name, value in given.items() if value is not None}
