"""Records as Kafka's client hands them to a sink, made from the examples."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.identity import record_id
from tests.schemas.examples import example

CODEC = Codec("log_record")
RAW = Codec("raw_chunk")
HOUR = 3_600_000_000_000
NOON = 1795262400_000000000
"""2026-11-21T12:00:00Z"""


class Record(NamedTuple):
    """What the sinks use of confluent_kafka.Message."""

    number: int
    kafka_key: bytes
    kafka_value: bytes | None
    of_topic: str = "logs.app"
    of_partition: int = 3

    def offset(self) -> int:
        return self.number

    def key(self) -> bytes:
        return self.kafka_key

    def value(self) -> bytes | None:
        return self.kafka_value

    def topic(self) -> str:
        return self.of_topic

    def partition(self) -> int:
        return self.of_partition

    def __len__(self) -> int:
        return len(self.kafka_value or b"")


def log_record(number: int, **changes: Any) -> dict[str, Any]:
    """The full example, as the record of another line; ``namespace`` goes where it belongs."""
    value = {**example("log_record"), "offset": number, "id": record_id(b"lifelife", number)}
    if "namespace" in changes:
        kubernetes = {**value["resource"]["kubernetes"], "namespace": changes.pop("namespace")}
        value["resource"] = {**value["resource"], "kubernetes": kubernetes}
    return value | changes


def message(number: int, value: dict[str, Any]) -> Record:
    return Record(number, value["resource"]["source_id"].encode(), CODEC.encode(value))


timestamps = st.integers(NOON - 2 * HOUR, NOON + 2 * HOUR)
values = st.builds(
    lambda number, timestamp, namespace, body: log_record(number, timestamp=timestamp, namespace=namespace, body=body),
    st.integers(0, 2**40),
    timestamps,
    st.sampled_from(["dev", "test", "kube-system"]),
    st.text(max_size=20),
)
