"""Many small objects of an hour become few large ones, and nothing is lost wherever it is interrupted.

For each group of objects (`sinks.core.compaction`), in this order:

1. the new object is written, complete under its name or not there at all;
2. the manifest names it, and with it no longer those that it takes the place of;
3. those are deleted, each only if it is still what was read.

Killed behind 1 the manifest is mended from what the new object says of itself; killed behind 2 what was left behind is
deleted once all its ids are found in the new object. Until then a reader may meet a record twice, under one id. A sink
that is still at work is not in the way: hours in which anything was written lately are left alone, an object that a
sink writes again under the name of a compacted one holds at least as much, and manifests are merged.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sinks.core.compaction import Group, groups, left_behind
from sinks.core.layout import HOUR_SECS, hour_text
from sinks.core.manifest import Manifest, Unreadable
from sinks.object_storage.compacted import write_compacted
from sinks.object_storage.contents import DamagedError
from sinks.object_storage.manifests import read_manifest, update_manifest
from sinks.object_storage.mending import (
    Compacted,
    Event,
    LeftAlone,
    delete_left_behind,
    delete_unchanged,
    mend,
)
from sinks.object_storage.stored import GoneError, StoredHour, StoredObject, hours_in, read_hour, topics_in
from sinks.object_storage.writer import objects_of

if TYPE_CHECKING:
    from obstore.store import ObjectStore

TARGET_BYTES: Final = 128 * 1024 * 1024
"""Size of compacted objects: large enough to be read at a disk's speed, small enough for one reader's memory."""
OLDER_THAN_SECS: Final = 7200.0
"""A sink's batches are minutes old at most; two hours leave room for one that was stopped and comes back."""


@dataclass(frozen=True)
class Compaction:
    """What to do, and how far."""

    target_bytes: int = TARGET_BYTES
    older_than_secs: float = OLDER_THAN_SECS
    since: float | None = None
    until: float | None = None
    dry_run: bool = False

    def run(self, store: ObjectStore, patterns: Sequence[str], now: float) -> Iterator[Event]:
        """Compact topics of a sink, hour by hour. Raises LogferryError, OSError."""
        before = now - self.older_than_secs
        until = before if self.until is None else min(before, self.until)
        for topic in topics_in(store, patterns):
            for hour in hours_in(store, topic, self.since, until):
                if hour + HOUR_SECS <= before:
                    yield from self.hour(store, read_hour(store, topic, hour), before)

    def hour(self, store: ObjectStore, hour: StoredHour, before: float) -> Iterator[Event]:
        """Compact an hour, unless something was written there later than ``before``."""
        if hour.modified > before:
            name = f"{hour.topic} {hour_text(hour.hour)}"
            yield LeftAlone(name, "something was written there lately", wrong=False)
            return
        for partition in sorted({each.place.partition for each in hour.objects}):
            try:
                yield from self._partition(store, hour, partition)
            except GoneError as error:
                yield LeftAlone(error.where, "it went away meanwhile: somebody else is at work here", wrong=False)

    def _partition(self, store: ObjectStore, hour: StoredHour, partition: int) -> Iterator[Event]:
        text = hour_text(hour.hour)
        found = read_manifest(store, hour.topic, text, partition)
        if isinstance(found, Unreadable):
            yield LeftAlone(hour.manifests[partition], f"the manifest cannot be read: {found.problem}")
            return
        manifest = found or Manifest(hour.topic, text, partition)
        listed = {each.name: each for each in hour.objects if each.place.partition == partition}
        if not self.dry_run:
            manifest = yield from _mended(store, manifest, listed)
        there = [e for e in manifest.objects if e.name in listed and listed[e.name].bytes == e.bytes]
        for group in groups(there, self.target_bytes):
            if group.name in listed and group.name not in {each.name for each in group.entries}:
                yield LeftAlone(group.name, "is there already, with records of another life of its topic")
                continue
            yield from self._group(store, manifest, group, [listed[each.name] for each in group.entries])

    def _group(
        self, store: ObjectStore, manifest: Manifest, group: Group, objects: Sequence[StoredObject]
    ) -> Iterator[Event]:
        records = sum(each.records for each in group.entries)
        if self.dry_run:
            yield Compacted(group.name, len(objects), group.bytes, group.bytes, records, records)
            return
        with tempfile.TemporaryDirectory(prefix="logferry-compact-") as folder:
            path = Path(folder) / "object"
            try:
                content = write_compacted(
                    store, objects, group.entries, path, topic=manifest.topic, partition=manifest.partition
                )
            except DamagedError as error:
                yield LeftAlone(group.place.namespace, str(error))
                return
            _put(store, group.name, path)
        entry = content.entry(group.name)
        assert entry is not None, content.told
        update_manifest(store, manifest, [entry])
        for each in objects:
            if each.name != group.name:
                delete_unchanged(store, each)
        yield Compacted(group.name, len(objects), group.bytes, content.bytes, records, content.records)


def _mended(
    store: ObjectStore, manifest: Manifest, listed: dict[str, StoredObject]
) -> Generator[Event, None, Manifest]:
    """Finish what an interrupted run left; returns the manifest. ``listed`` is then what is there still."""
    said = {each.name: each.bytes for each in manifest.objects}
    for name, each in listed.items():
        # A sink that died behind making an object longer, while another one still named what it was before.
        longer = name in said and said[name] != each.bytes
        if longer or (each.place.last_offset is not None and name not in said):
            manifest = yield from mend(store, manifest, each)
    for gone in (yield from delete_left_behind(store, manifest, listed)):
        del listed[gone]
    return (yield from _named(store, manifest, listed))


def _named(
    store: ObjectStore, manifest: Manifest, listed: Mapping[str, StoredObject]
) -> Generator[Event, None, Manifest]:
    """Objects of a sink that died before the manifest: another sink may have written the same under other names."""
    said = {each.name for each in manifest.objects}
    for name, each in listed.items():
        if each.place.last_offset is None and name not in said and left_behind(each.place, manifest.objects) is None:
            manifest = yield from mend(store, manifest, each)
    return manifest


def _put(store: ObjectStore, name: str, path: Path) -> None:
    """As the sink writes: there after a power cut too, since what it takes the place of is deleted next."""
    with path.open("rb") as file:
        body = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    objects_of(store).overwrite(name, body)  # type: ignore[arg-type]  # read as bytes are, but not into memory
