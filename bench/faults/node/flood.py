"""One tenant writes fifty times as much as all others together; how late the others' lines are is measured."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer, TopicPartition

from bench.faults.node.containers import ContainersWriter, containers_of
from runtime.kafka import client_config
from schemas.codec import Codec

if TYPE_CHECKING:
    from bench.faults.site import Site

OTHERS_PER_SEC: Final = 50.0
TIMES: Final = 50
OTHERS: Final = 10


class Flood:
    """Ten quiet containers, and a loud one of another namespace."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._quiet = ContainersWriter(
            site, containers_of(site, "quiet", OTHERS, namespace="others"), rate=OTHERS_PER_SEC
        )
        loud = containers_of(site, "loud", 1, namespace="loud")
        self._loud = ContainersWriter(site, loud, rate=OTHERS_PER_SEC * TIMES, rotate_secs=2.0)

    def start(self) -> None:
        """As the protocol says."""
        self._quiet.start()
        self._loud.start()

    def stop(self) -> None:
        """As the protocol says."""
        self._loud.stop()
        self._quiet.stop()

    def written(self) -> Mapping[str, int]:
        """As the protocol says."""
        return {**self._quiet.written(), **self._loud.written()}

    def unavoidable(self) -> Mapping[str, set[int]]:
        """None."""
        return {}

    def note(self) -> str:
        """How late lines of the others were in the routed topic; asked when all has arrived."""
        delays = _delays(self._site, "others")
        if len(delays) < 2:
            return "nothing of the others arrived"
        cuts = statistics.quantiles(delays, n=100, method="inclusive")
        return f"others' lines routed after {cuts[49]:.2f} s (half), {cuts[98]:.2f} s (99 %), {max(delays):.2f} s (all)"


def _delays(site: Site, namespace: str) -> list[float]:
    """Seconds from a line's time to its record's in the routed topic, for every record of a namespace."""
    codec, topic = Codec("log_record"), f"{site.pipeline.index}.app"
    consumer = Consumer(client_config(site.settings.kafka, "reader") | {"group.id": "unused"})
    consumer.assign(
        [TopicPartition(topic, each, 0) for each in consumer.list_topics(topic, 10).topics[topic].partitions]
    )
    delays = []
    while records := consumer.consume(2000, 3.0):
        for record in records:
            value = record.value()
            decoded = codec.decode(value) if record.error() is None and value is not None else None
            if isinstance(decoded, dict) and decoded["resource"]["kubernetes"]["namespace"] == namespace:
                delays.append(record.timestamp()[1] / 1e3 - decoded["timestamp"] / 1e9)
    consumer.close()
    return delays
