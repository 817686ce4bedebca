"""Where Kafka stands: ends first, then positions; the ledger is read only behind that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.audit.core.picture import STREAM, Partition, Picture
from deploy.dead_letters.reading import TopicReader
from deploy.up.lag import UNANSWERED, KafkaQuestions, meant
from schemas.errors import TemporaryError

if TYPE_CHECKING:
    from schemas.settings import Settings

ASK_SECS = 15.0


def take_picture(settings: Settings, *, since: bool = False) -> Picture:
    """Ask Kafka. Raises TemporaryError. ``since``: only a part of the ledger will be read."""
    kafka = KafkaQuestions(settings.kafka, ASK_SECS)
    try:
        return _picture(settings, kafka, since=since)
    except UNANSWERED as error:
        raise TemporaryError(
            f"Kafka does not answer: {error.args[0].str()}",
            delay=5.0,
            where=settings.kafka.bootstrap_servers,
            remedy="try again; this client's user needs Describe on the topics and groups of the pipeline "
            "(`logferry topics rights`)",
        ) from error
    finally:
        kafka.close()


def _picture(settings: Settings, kafka: KafkaQuestions, *, since: bool) -> Picture:
    names = settings.topics.names
    ledger = kafka.bounds(kafka.partitions([names.ledger]))
    wanted: dict[str, tuple[str, tuple[str, ...]]] = {STREAM: (settings.stream.group, (names.raw,))}
    for name, sink in settings.sinks.items():
        wanted[f"sink/{name}"] = settings.sink_group(name), tuple(sink.topics)
    everything = kafka.partitions({topic for _, topics in wanted.values() for topic in topics} | {names.raw})
    bounds = kafka.bounds(everything)
    known = {topic for topic, _ in everything}
    read: dict[str, tuple[Partition, ...]] = {}
    committed: dict[str, dict[Partition, int]] = {}
    for stage, (group, topics) in wanted.items():
        own = frozenset(meant(topics, known))
        read[stage] = tuple(each for each in everything if each[0] in own)
        committed[stage] = kafka.committed(group, read[stage])
    return Picture(
        names.raw,
        bounds,
        committed,
        read,
        {partition: end for (_, partition), (_, end) in ledger.items()},
        _waits_since(settings, bounds, committed[STREAM], names.raw),
        not since and all(start == 0 for start, _ in ledger.values()),
        sum(1 for topic, _ in everything if topic == names.raw),
    )


def _waits_since(
    settings: Settings, bounds: dict[Partition, tuple[int, int]], committed: dict[Partition, int], raw: str
) -> dict[int, int]:
    """When the first chunk came that is not worked on yet, for each partition where there is one."""
    waiting = {
        partition: max(start, committed.get((topic, partition), start))
        for (topic, partition), (start, end) in bounds.items()
        if topic == raw and max(start, committed.get((topic, partition), start)) < end
    }
    if not waiting:
        return {}
    reader = TopicReader(settings.kafka, raw)
    try:
        found = dict.fromkeys(waiting, 0)
        for partition, offset in waiting.items():
            for record in reader.read(partition, offset, offset + 1):
                found[partition] = record.timestamp()[1] * 1_000_000
        return found
    finally:
        reader.close()
