"""The cluster side of a sink: what has to stand there before the first record, and what is tidied up afterwards."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sinks.elasticsearch.capabilities import version_of
from sinks.elasticsearch.connect import where
from sinks.elasticsearch.install import add_promoted, put_template
from sinks.elasticsearch.lifecycle import put_policy
from sinks.elasticsearch.retention import HourlyRetention
from sinks.elasticsearch.template import template_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from elasticsearch import Elasticsearch

    from schemas.settings import ElasticsearchSink
    from sinks.ledger import Ledger

_log = logging.getLogger(__name__)


class Cluster:
    """Lifecycle policy, index template, promoted attributes, retention."""

    def __init__(
        self,
        client: Elasticsearch,
        name: str,
        settings: ElasticsearchSink,
        ledger: Callable[[], Ledger] | None = None,
    ) -> None:
        """``name`` of the sink; ``ledger`` hears which indices retention deletes."""
        self._client = client
        self._settings = settings
        self._sink = name
        self._ledger = ledger
        self._template = template_name(name, settings)
        self._retention: HourlyRetention | None = None

    def prepare(self, now: float, count: Callable[..., None] = lambda *_: None) -> None:
        """Put everything in place; harmless to repeat. Raises TemporaryError, SettingsError.

        ``count`` as Destination has it.
        """
        settings = self._settings
        version = version_of(self._client)
        policy = put_policy(self._client, self._template, settings)
        if settings.template:
            put_template(self._client, self._template, settings, policy)
            add_promoted(self._client, settings, now)
        _log.info("sink %s writes to %s of Elasticsearch %s", self._sink, settings.target, version or where(settings))
        if settings.data_stream:
            _log.warning(
                "sink %s: in a data stream a record that is sent again after a rollover is there twice; "
                "with index it never is (docs/elasticsearch.md)",
                self._sink,
            )
        elif settings.retention and self._retention is None:
            self._retention = HourlyRetention(self._client, settings, ledger=self._ledger)
            self._retention.count = count
            self._retention.start()

    def close(self) -> None:
        """Stop tidying up."""
        if self._retention is not None:
            self._retention.close()
