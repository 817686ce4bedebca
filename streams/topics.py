"""Topics that are first needed while records flow: named by the fields of a source, or by a live rule."""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from runtime.kafka import client_config
from schemas.errors import FatalError
from schemas.topics import dynamic_topic_spec

if TYPE_CHECKING:
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

TIMEOUT_SECS: Final = 10.0


class TopicMaker:
    """Creates each topic once; how many there can be is limited by whoever names them (topics.dynamic_max)."""

    def __init__(self, settings: Settings, suffix: str = "") -> None:
        """``suffix`` stands behind every name."""
        self._settings = settings
        self._suffix = suffix
        self._made: set[str] = set()

    @cached_property
    def _admin(self) -> AdminClient:
        """Most workers never need it."""
        return AdminClient(client_config(self._settings.kafka, "logferry-stream"))

    def make(self, names: Collection[str]) -> None:
        """Create what is missing. Raises FatalError when the cluster does not let us."""
        missing = [name for name in names if name not in self._made]
        if not missing:
            return
        specs = [dynamic_topic_spec(name, self._settings) for name in missing]
        wanted = [
            NewTopic(each.name + self._suffix, each.partitions, each.replication_factor, config=dict(each.config))
            for each in specs
        ]
        for name, future in self._admin.create_topics(wanted, operation_timeout=TIMEOUT_SECS).items():
            try:
                future.result(TIMEOUT_SECS)
                _log.info("topic %s created", name)
            except KafkaException as error:
                reason: KafkaError = error.args[0]
                if reason.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise FatalError(
                        f"topic {name} cannot be created: {reason.str()}",
                        where="a route with fields, or a live rule",
                        remedy="create it, or give the stream workers the right CREATE on it",
                    ) from error
            self._made.add(name.removesuffix(self._suffix))
