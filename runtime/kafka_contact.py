"""Whether Kafka answers: asked only when somebody wants to know, beside the threads that work.

The topic is one that the client writes to, so no right beyond its own is needed, and that it is missing is told, too.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaException

if TYPE_CHECKING:
    from confluent_kafka import Producer

ANSWER_SECS: Final = 2.0
"""How long an answer is waited for."""
GOOD_SECS: Final = 10.0
"""How long a good answer holds: a probe every few seconds from a thousand nodes is no reason to ask as often."""
BAD_SECS: Final = 1.0


class KafkaContact:
    """Asks through a client that is there anyway; librdkafka's clients may be used by several threads."""

    def __init__(self, client: Producer, topic: str) -> None:
        self._client = client
        self._topic = topic
        self._lock = threading.Lock()
        self._problem: str | None = None
        self._holds_until = float("-inf")

    def check(self, _now: float = 0.0) -> str | None:
        """For `runtime.health.Health.ready_if`: why Kafka is of no use; None: it answers."""
        with self._lock:
            if time.monotonic() >= self._holds_until:
                self._problem = self._ask()
                self._holds_until = time.monotonic() + (BAD_SECS if self._problem else GOOD_SECS)
            return self._problem

    def _ask(self) -> str | None:
        try:
            found = self._client.list_topics(self._topic, timeout=ANSWER_SECS).topics[self._topic]
        except KafkaException as error:
            return f"Kafka does not answer: {error.args[0].str()}"
        return None if found.error is None else f"topic {self._topic} cannot be written to: {found.error.str()}"
