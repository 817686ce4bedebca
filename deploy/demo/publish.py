"""Publishes the demo's pods to `logs.pods`, as the pod watcher of a real cluster does: key uid, value Avro `Pod`.

Delivery: `PodPublisher` returns when Kafka has acknowledged the pod. Publishing one twice is harmless, the topic is
compacted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from confluent_kafka import Producer

from runtime.kafka import producer_config, undeliverable
from schemas.codec import Codec
from schemas.errors import TemporaryError
from schemas.topic_names import TopicNames

if TYPE_CHECKING:
    from types import TracebackType

    from confluent_kafka import KafkaError, Message

    from schemas.errors import FatalError
    from schemas.settings import KafkaSettings

TOPIC: Final = TopicNames().pods
DELIVERY_SECS: Final = 4.0  # short: while it waits, Ctrl-C waits too
RETRY_SECS: Final = 5.0


class PodPublisher:
    """Call it with a pod (schemas/avro/pod.v1.avsc as a dict); use it in a `with` block."""

    def __init__(self, kafka: KafkaSettings, delivery_secs: float = DELIVERY_SECS, topic: str = TOPIC) -> None:
        self._topic = topic
        self._delivery_secs = delivery_secs
        self._bootstrap_servers = kafka.bootstrap_servers
        self._producer = Producer(producer_config(kafka, "logferry-demo", linger_ms=0))
        self._codec = Codec("pod")
        self._refused: FatalError | None = None

    def __call__(self, pod: dict[str, Any]) -> None:
        """Publish a pod and wait until it is safe.

        Raises TemporaryError when Kafka does not answer in time (the pod stays queued and is delivered later),
        FatalError when it refuses.
        """
        self._producer.produce(self._topic, key=pod["uid"], value=self._codec.encode(pod), on_delivery=self._delivered)
        waiting = self._producer.flush(self._delivery_secs)
        if self._refused:
            raise self._refused
        if waiting:
            raise TemporaryError(
                f"Kafka did not take metadata of pod {pod['namespace']}/{pod['name']} in {self._delivery_secs:g} s",
                delay=RETRY_SECS,
                where=f"kafka.bootstrap_servers: {self._bootstrap_servers}",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._producer.flush(1.0 if error is None else 0.0)

    def _delivered(self, error: KafkaError | None, record: Message) -> None:
        if error is not None:
            self._refused = undeliverable(error, record)
