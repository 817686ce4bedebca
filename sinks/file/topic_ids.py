"""Ids of topics, by which one that is made anew under an old name is recognised (KIP-516)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from runtime.kafka import client_config
from schemas.errors import TemporaryError

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

_ANSWER_SECS: Final = 10.0


class TopicIds:
    """Asks the cluster once for each topic."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._known: dict[str, str] = {}

    def of(self, topic: str) -> str:
        """The id of a topic; empty where there is no such topic. Raises TemporaryError without an answer."""
        found = self._known.get(topic)
        if found is None:
            found = self._known[topic] = self._ask(topic)
        return found

    def _ask(self, topic: str) -> str:
        client = AdminClient(client_config(self._kafka, "logferry-sink"))
        try:
            described = client.describe_topics(TopicCollection([topic]), request_timeout=_ANSWER_SECS)[topic].result()
        except KafkaException as error:
            if not error.args[0].retriable():
                return ""  # no such topic, or no right to ask
            raise TemporaryError(f"Kafka does not tell the id of {topic}: {error.args[0].str()}", delay=1.0) from error
        return str(described.topic_id)
