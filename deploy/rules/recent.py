"""The newest chunks of logs.raw, read without a consumer group and without holding more than a few of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from deploy.rules.compare import Recent
from runtime.kafka import client_config, of_topic
from schemas.codec import Codec
from schemas.errors import TemporaryError

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

ASK_SECS: Final = 10.0
SILENCE_SECS: Final = 20.0
BATCH: Final = 16
"""A chunk may have several MiB."""


def recent_chunks(kafka: KafkaSettings, topic: str, sample: int) -> Iterator[Recent]:
    """The newest ``sample`` chunks, those of one partition in order; unreadable ones are left out.

    Raises TemporaryError when the topic cannot be read.
    """
    codec = Codec("raw_chunk")
    consumer = Consumer(
        {
            **client_config(kafka, "logferry-dry-run"),
            "group.id": f"logferry-unused-{topic}",
            "enable.auto.commit": False,
            "queued.max.messages.kbytes": 16384,
        }
    )
    try:
        for partition, offset, value in _values(consumer, topic, sample):
            chunk = codec.decode(value)
            if isinstance(chunk, dict):
                yield Recent(partition, offset, chunk)
    except KafkaException as error:
        raise _unreadable(topic, error.args[0].str()) from error
    finally:
        consumer.close()


def _values(consumer: Consumer, topic: str, sample: int) -> Iterator[tuple[int, int, bytes]]:
    found = consumer.list_topics(topic, timeout=ASK_SECS).topics[topic]
    if found.error is not None:
        raise _unreadable(topic, found.error.str())
    bounds = {
        each: consumer.get_watermark_offsets(TopicPartition(topic, each), timeout=ASK_SECS) for each in found.partitions
    }
    shares = shared_out(sample, {each: high - low for each, (low, high) in bounds.items()})
    left = {each: bounds[each][1] for each, share in shares.items() if share}
    consumer.assign([TopicPartition(topic, each, end - shares[each]) for each, end in left.items()])
    heard = time.monotonic()
    while left:
        for record in of_topic(consumer.consume(BATCH, 0.1)):
            error, partition, offset = record.error(), record.partition(), record.offset()
            if error is not None or partition is None or offset is None:
                raise _unreadable(topic, error.str() if error else "a record without a place")
            heard = time.monotonic()
            if offset < left.get(partition, 0):
                yield partition, offset, record.value() or b""
            if offset + 1 >= left.get(partition, offset + 2):
                del left[partition]
        if time.monotonic() - heard > SILENCE_SECS:
            raise _unreadable(topic, f"nothing came for {SILENCE_SECS:.0f} s")


def shared_out(sample: int, sizes: Mapping[int, int]) -> dict[int, int]:
    """How many records to take of each partition: as evenly as their sizes allow."""
    shares = {}
    left = sample
    for number, partition in enumerate(sorted(sizes, key=lambda each: sizes[each])):
        shares[partition] = min(sizes[partition], -(-left // (len(sizes) - number)))
        left -= shares[partition]
    return shares


def _unreadable(topic: str, problem: str) -> TemporaryError:
    return TemporaryError(
        f"{topic} cannot be read: {problem}",
        delay=5.0,
        where=f"topic {topic}",
        remedy="create the topics with `logferry topics apply`; this client's user needs Read and Describe on it",
    )
