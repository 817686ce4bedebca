"""What an hour of an archive holds: one manifest a topic, hour and partition, beside the objects it names.

::

    logs.app/dt=2026-11-21/hour=13/_manifest/3.json
    {"version": 1, "topic": "logs.app", "hour": "2026-11-21T13", "partition": 3,
     "objects": [{"name": "logs.app/dt=2026-11-21/hour=13/shop/3-00000000000000000100.parquet", "bytes": 51234,
                  "records": 900, "first_offset": 100, "last_offset": 1203, "first_id": "…", "last_id": "…",
                  "first_timestamp": 1795262400000000000, "last_timestamp": 1795262459000000000,
                  "namespace": "shop", "sha256": "…", "topic_id": "…"}],
     "records": 900, "bytes": 51234}

A manifest is written after the objects it names and before their offsets are committed, so what is committed is
listed, and whether an hour is complete can be told without reading its objects. It is merged, never replaced: whoever
writes reads what is there first, so that a process that comes late takes no entry away.

Every object holds all records of its folder from its first to its last offset. So of two entries with one name the one
that reaches farther counts, and an entry whose offsets a compacted object has taken over (``replaces``) is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

import orjson

VERSION: Final = 1
FOLDER: Final = "_manifest"

Span = tuple[int, int]
"""First and last offset, both included."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object."""

    name: str
    """Full name, from the topic on."""
    bytes: int
    records: int
    first_offset: int
    """Kafka offset of its first record."""
    last_offset: int
    first_id: str
    """Lowest record id; of raw chunks ``<incarnation, hexadecimal>:<offset>``; empty where records have none."""
    last_id: str
    first_timestamp: int
    """Lowest timestamp, nanoseconds since 1970 UTC."""
    last_timestamp: int
    namespace: str
    sha256: str
    """Of the whole object, hexadecimal."""
    topic_id: str = ""
    """Kafka's id of the topic: offsets of a topic that was deleted and made anew mean other records."""
    replaces: tuple[Span, ...] = ()
    """Of a compacted object: the offsets of each object that it took the place of."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Offsets between which it holds every record of its folder."""
        return self.replaces or ((self.first_offset, self.last_offset),)

    def takes_the_place_of(self, other: Entry) -> bool:
        """Whether everything in ``other`` is in this compacted object."""
        if (self.namespace, self.topic_id) != (other.namespace, other.topic_id) or self.name == other.name:
            return False
        return bool(self.replaces) and all(
            any(first <= low and high <= last for first, last in self.replaces) for low, high in other.spans
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """All objects of a topic, hour and partition, by name."""

    topic: str
    hour: str
    """``YYYY-MM-DDTHH``, UTC."""
    partition: int
    objects: tuple[Entry, ...] = ()

    @property
    def name(self) -> str:
        """Where it lies."""
        return manifest_name(self.topic, self.hour, self.partition)

    @property
    def records(self) -> int:
        """Records in all objects; a record that two of them hold counts twice."""
        return sum(each.records for each in self.objects)

    @property
    def bytes(self) -> int:
        """Bytes of all objects."""
        return sum(each.bytes for each in self.objects)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A manifest that says nothing: bad input as a value."""

    problem: str


def hour_of(timestamp: int) -> str:
    """``YYYY-MM-DDTHH`` of nanoseconds since 1970; as the folder of an object has it."""
    try:
        return f"{datetime.fromtimestamp(timestamp // 1_000_000_000, UTC):%Y-%m-%dT%H}"
    except (ValueError, OverflowError, OSError):
        return "1970-01-01T00"


def hour_folder(topic: str, hour: str) -> str:
    """``<topic>/dt=YYYY-MM-DD/hour=HH``."""
    day, _, number = hour.partition("T")
    return f"{topic}/dt={day}/hour={number}"


def manifest_name(topic: str, hour: str, partition: int) -> str:
    """Full name of a manifest."""
    return f"{hour_folder(topic, hour)}/{FOLDER}/{partition}.json"


def merged(manifest: Manifest, entries: Iterable[Entry]) -> Manifest:
    """With more entries: nothing is lost, what reaches farther counts, what was compacted is gone. Idempotent."""
    found = {each.name: each for each in manifest.objects}
    for entry in entries:
        known = found.get(entry.name)
        if known is None or _order(entry) > _order(known):
            found[entry.name] = entry
    compacted = [each for each in found.values() if each.replaces]
    kept = [each for each in found.values() if not any(other.takes_the_place_of(each) for other in compacted)]
    return Manifest(manifest.topic, manifest.hour, manifest.partition, tuple(sorted(kept, key=_place)))


def without(manifest: Manifest, names: Iterable[str]) -> Manifest:
    """Without objects that were deleted."""
    gone = frozenset(names)
    kept = tuple(each for each in manifest.objects if each.name not in gone)
    return Manifest(manifest.topic, manifest.hour, manifest.partition, kept)


def _order(entry: Entry) -> tuple[int, int, str]:
    """Which of two entries with one name counts; the hash decides where nothing else does, so that all agree."""
    return entry.last_offset, entry.records, entry.sha256


def _place(entry: Entry) -> tuple[int, str]:
    return entry.first_offset, entry.name


def write(manifest: Manifest) -> bytes:
    """As JSON, an object a line."""
    head: dict[str, Any] = {
        "version": VERSION, "topic": manifest.topic, "hour": manifest.hour, "partition": manifest.partition,
    }  # fmt: skip
    lines = b",\n".join(orjson.dumps(_members(each)) for each in manifest.objects)
    sums = orjson.dumps({"records": manifest.records, "bytes": manifest.bytes})
    return orjson.dumps(head)[:-1] + b',"objects":[\n' + lines + b"\n]," + sums[1:] + b"\n"


def _members(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in asdict(entry).items() if value or name not in _OPTIONAL}


_OPTIONAL: Final = ("topic_id", "replaces")
_FIELDS: Final = {field.name: {"str": str, "int": int}.get(str(field.type)) for field in fields(Entry)}


def read(data: bytes) -> Manifest | Unreadable:
    """A manifest that was written once. Members that are not known are passed over. Never raises on input."""
    try:
        value = orjson.loads(data)
    except ValueError as error:
        return Unreadable(f"no JSON: {error}")
    if not isinstance(value, dict) or value.get("version") != VERSION:
        return Unreadable(f"no manifest of version {VERSION}")
    topic, hour, partition, objects = (value.get(name) for name in ("topic", "hour", "partition", "objects"))
    if not (isinstance(topic, str) and isinstance(hour, str) and type(partition) is int and isinstance(objects, list)):
        return Unreadable("topic, hour, partition or objects is missing")
    entries = [_entry(each) for each in objects]
    whole = [each for each in entries if each is not None]
    if len(whole) < len(entries):
        return Unreadable(f"{len(entries) - len(whole)} of {len(entries)} objects are not described in full")
    return Manifest(topic, hour, partition, tuple(whole))


def _entry(value: object) -> Entry | None:
    if not isinstance(value, dict):
        return None
    known = {name: value[name] for name in _FIELDS if name in value and name != "replaces"}
    if any(type(each) is not _FIELDS[name] for name, each in known.items()):
        return None
    spans = _spans(value.get("replaces", []))
    try:
        return None if spans is None else Entry(**known, replaces=spans)
    except TypeError:  # a member is missing
        return None


def _spans(value: object) -> tuple[Span, ...] | None:
    if not isinstance(value, list):
        return None
    pairs: Sequence[Any] = value
    if not all(isinstance(each, list) and len(each) == 2 and all(type(n) is int for n in each) for each in pairs):
        return None
    return tuple((first, last) for first, last in pairs)
