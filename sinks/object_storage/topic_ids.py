"""Kafka's ids of topics: they tell the records of a topic from those of one that had its name before."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from runtime.kafka import client_config

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

_log = logging.getLogger(__name__)

ASK_SECS: Final = 10.0
_NONE: Final = "AAAAAAAAAAAAAAAAAAAAAA"
"""Sixteen zeroes: of brokers before Kafka 2.8, which have no ids."""


class TopicIds:
    """Asks for the ids of topics."""

    def __init__(self, kafka: KafkaSettings, client_id: str) -> None:
        self._admin = AdminClient(client_config(kafka, client_id))

    def of(self, topic: str) -> str:
        """22 characters; empty where nobody says."""
        try:
            (asked,) = self._admin.describe_topics(TopicCollection([topic]), request_timeout=ASK_SECS).values()
            found = str(asked.result().topic_id)
        except KafkaException as error:
            _log.warning("%s has no known id, so what was archived before a restart may be doubled: %s", topic, error)
            return ""
        return "" if found == _NONE else found
