"""What a ledger says of sinks, read back from Kafka, and the path of entries that an auditor would find in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from schemas.codec import Codec

Entry = dict[str, Any]


def entries(servers: str, topic: str, stage: str = "") -> list[Entry]:
    """All entries (of one stage), partition by partition in the order in which they were written."""
    codec, found = Codec("ledger_entry"), []
    reader = Consumer({"bootstrap.servers": servers, "group.id": "told", "enable.auto.commit": False})
    try:
        for partition in reader.list_topics(topic, timeout=20).topics[topic].partitions:
            reader.assign([TopicPartition(topic, partition, 0)])  # so the client learns who leads it
            low, high = reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
            while low < high:
                for record in reader.consume(min(500, high - low), 1.0):
                    entry = codec.decode(record.value() or b"")
                    assert isinstance(entry, dict), entry
                    place = (entry["stage"], entry["topic"] or "", "" if entry["topic"] is None else entry["partition"])
                    assert record.key() == "/".join(map(str, place)).encode()
                    found.append(entry)
                    low = record.offset() + 1
    finally:
        reader.close()
    return [each for each in found if each["stage"] == stage or not stage]


def chain(found: Iterable[Entry], topic: str, partition: int) -> list[Entry]:
    """Entries about offsets of one partition."""
    return [
        each
        for each in found
        if each["topic"] == topic and each["partition"] == partition and each["path"] is None and each["end"]
    ]


def path(found: Sequence[Entry], start: int, end: int) -> list[Entry]:
    """Entries that touch end to start from ``start`` to ``end``; newest first where several begin at one place.

    Pure. Empty: there is no such path.
    """
    by_start: dict[int, list[Entry]] = {}
    for each in found:
        by_start.setdefault(each["start"], []).append(each)
    ways: list[list[Entry]] = [[each] for each in by_start.get(start, ())]
    while ways:
        way = ways.pop()
        if way[-1]["end"] == end:
            return way
        if way[-1]["end"] < end:
            ways += [[*way, each] for each in by_start.get(way[-1]["end"], ())]
    return []


def outcomes(found: Iterable[Entry]) -> Counter[str]:
    """All of them added up."""
    total: Counter[str] = Counter()
    for each in found:
        total.update(each["outcomes"])
    return total


def of_sources(found: Iterable[Entry]) -> dict[str, Counter[str]]:
    """The same by source."""
    total: dict[str, Counter[str]] = {}
    for each in found:
        for source, counts in each["sources"].items():
            total.setdefault(source, Counter()).update(counts)
    return total
