"""Archives as the sink writes them, made without Kafka: by its own buffers, with manifests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import obstore
from obstore.store import ObjectStore

from schemas.codec import Codec
from schemas.settings import ObjectStorageSink
from schemas.topic_names import TopicNames
from sinks.core.manifest import Entry, Manifest, manifest_name, merged, read, write
from sinks.object_storage.buffers import Buffer, Origin
from sinks.object_storage.kinds import Kinds
from tests.schemas.examples import example
from tests.sinks.records import Record

TOPIC = "logs.app"
TOPIC_ID = "b1946ac92492d2347c6235b4d2611184"
PROMOTE = {"status": "int64"}


def buffer(topic: str, partition: int, *, avro: bool) -> Buffer:
    told: dict[str, Any] = {"type": "object_storage", "topics": [topic], "url": "file:///unused", "promote": PROMOTE}
    sink = ObjectStorageSink.model_validate(told | {"format": "avro" if avro else "parquet"})
    return Kinds(TopicNames(), sink, "test").buffer(Origin(topic, partition, TOPIC_ID))


def archive(
    store: ObjectStore,
    values: Mapping[int, dict[str, Any]],
    *,
    topic: str = TOPIC,
    partition: int = 3,
    kind: str = "log_record",
    avro: bool = False,
    manifests: bool = True,
    both_ends: bool = False,
) -> list[Entry]:
    """Write values (by their Kafka offsets) as one flush of the sink does: objects, then manifests."""
    codec = Codec(kind)
    filling = buffer(topic, partition, avro=avro)
    records = [Record(offset, b"key", codec.encode(value), topic, partition) for offset, value in values.items()]
    block = filling.read(records)  # type: ignore[arg-type]
    assert block.rejected == []
    filling.take(block, 0.0)
    made = list(filling.cut([each.key for each in filling.open()]))
    if both_ends:  # as in a store that knows no conditions
        made = [each.named_by_both_ends() for each in made]
    by_hour: dict[str, list[Entry]] = defaultdict(list)
    for each in made:
        obstore.put(store, each.entry.name, each.body)
        by_hour[each.hour].append(each.entry)
    for hour, entries in by_hour.items() if manifests else ():
        add_to_manifest(store, topic, hour, partition, entries)
    return [each.entry for each in made]


def add_to_manifest(store: ObjectStore, topic: str, hour: str, partition: int, entries: Iterable[Entry]) -> None:
    found = manifest_of(store, topic, hour, partition)
    manifest = merged(found or Manifest(topic, hour, partition), entries)
    obstore.put(store, manifest.name, write(manifest))


def manifest_of(store: ObjectStore, topic: str, hour: str, partition: int) -> Manifest | None:
    try:
        found = read(obstore.get(store, manifest_name(topic, hour, partition)).bytes().to_bytes())
    except FileNotFoundError:
        return None
    assert isinstance(found, Manifest)
    return found


def names(store: ObjectStore) -> list[str]:
    return sorted(each["path"] for page in obstore.list(store) for each in page)


def chunk(offset: int, payload: bytes, **changes: Any) -> dict[str, Any]:
    return {**example("raw_chunk"), "offset": offset, "payload": payload, **changes}
