"""Records that a sink may not have delivered yet, by their own positions."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Message

from deploy.audit.documents import Target
from deploy.dead_letters.reading import TopicReader
from deploy.up.lag import UNANSWERED, KafkaQuestions
from schemas.codec import Codec
from schemas.document import ID_HEADER
from schemas.errors import TemporaryError
from schemas.identity import INCOMPLETE, parse_record_id

if TYPE_CHECKING:
    from schemas.settings import Settings

READ_MAX: Final = 500_000
"""So many records are looked at: half a minute."""

Span = tuple[str, int, int]
"""Topic, partition and the first offset that is not committed."""


def waiting_of(settings: Settings, target: Target) -> dict[str, set[int]] | None:
    """Incarnation -> positions; None: there are too many. Raises TemporaryError."""
    spans = _spans(settings, target)
    if sum(end - start for _, _, start, end in spans) > READ_MAX:
        return None
    found: defaultdict[str, set[int]] = defaultdict(set)
    codec = Codec("log_record")
    for topic, partition, start, end in spans:
        reader = TopicReader(settings.kafka, topic)
        try:
            for record in reader.read(partition, start, end):
                named = _named(codec, record)
                if named is not None:
                    found[named[0].hex()].add(named[1] & ~INCOMPLETE)
        finally:
            reader.close()
    return found


def _spans(settings: Settings, target: Target) -> list[tuple[str, int, int, int]]:
    kafka = KafkaQuestions(settings.kafka)
    try:
        partitions = kafka.partitions(target.topics)
        positions: dict[tuple[str, int], int] = {}
        for name in target.names:
            own = kafka.partitions(settings.sinks[name].topics)
            committed = kafka.committed(settings.sink_group(name), own)
            for each in own:
                positions[each] = min(positions.get(each, 1 << 62), committed.get(each, 0))
        return [
            (*each, max(start, positions.get(each, 0)), end)
            for each, (start, end) in kafka.bounds(partitions).items()
            if max(start, positions.get(each, 0)) < end
        ]
    except UNANSWERED as error:
        raise TemporaryError(f"Kafka does not answer: {error.args[0].str()}", delay=5.0, remedy="try again") from error
    finally:
        kafka.close()


def _named(codec: Codec, record: Message) -> tuple[bytes, int] | None:
    headers: Any = record.headers()
    id_ = dict(headers or ()).get(ID_HEADER)
    if id_ is not None:
        return parse_record_id(id_.decode(errors="replace"))
    fields = codec.decode(record.value() or b"")
    return parse_record_id(fields["id"]) if isinstance(fields, dict) else None
