"""The Elasticsearch destination: builds lines, sends bulk requests, prepares the cluster."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from schemas.settings import ElasticsearchSink
from sinks.destination import Built, Destination
from sinks.elasticsearch.cluster import Cluster
from sinks.elasticsearch.connect import connect, secrets_of
from sinks.elasticsearch.document import LineBuilder
from sinks.elasticsearch.request import BulkRequests
from sinks.elasticsearch.safe_shape import safe_shape
from sinks.ledger import Ledger
from sinks.verdict import Done

if TYPE_CHECKING:
    from confluent_kafka import Message

    from schemas.settings import Settings
    from sinks.verdict import Verdict


class ElasticsearchDestination(Destination[bytes]):
    """One sink's indices."""

    usual: ClassVar[Done] = Done.INDEXED

    def __init__(self, name: str, settings: Settings) -> None:
        sink = settings.sinks[name]
        assert isinstance(sink, ElasticsearchSink)
        self._client = connect(sink, secrets_of(sink))
        self._cluster = Cluster(self._client, name, sink, lambda: Ledger(settings, name))
        self._requests = BulkRequests(self._client)
        self._builder = LineBuilder(sink.target, lambda topic: settings.format_of(topic) == "json")

    def prepare(self) -> None:
        """As Destination says: index template, lifecycle policy, promoted attributes; retention begins."""
        self._cluster.prepare(time.time(), self.count)

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
        self._cluster.close()
        self._client.close()
