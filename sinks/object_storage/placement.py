"""Putting an object in its place, and its entry into the manifest, by the rules of `sinks.core.placing`."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from schemas.errors import FatalError
from sinks.core.manifest import Entry, Manifest, Unreadable, merged, read, without, write
from sinks.core.placing import Existing, judged
from sinks.object_storage import avro_container, parquet
from sinks.object_storage.buffers import ArchiveObject
from sinks.object_storage.told import entry_of
from sinks.object_storage.writer import PROBE, Found, Objects, StoreError, Unconditional

_log = logging.getLogger(__name__)

ATTEMPTS: Final = 20
"""To write where somebody else writes at the same moment."""
_TOLD_BY: Final = {parquet.EXTENSION: parquet.told_by, avro_container.EXTENSION: avro_container.told_by}


class Placement:
    """Objects and manifests of one archive. Several threads may use it at once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.conditional = True
        """Whether the store keeps its word about conditions."""

    def probe(self) -> None:
        """Find out whether the store can be written to, and under conditions. Raises StoreError."""
        try:
            self._objects.create(PROBE, b"")
            self.conditional = not self._objects.create(PROBE, b"")
        except Unconditional:
            self.conditional = False
            self._objects.overwrite(PROBE, b"")

    def put(self, made: ArchiveObject) -> Entry:
        """Write an object, unless what it holds is there; returns the entry of what is. Raises StoreError."""
        if not self.conditional:
            return self._put_by_both_ends(made)
        try:
            found = self._put_conditionally(made)
        except Unconditional:
            found = None
        return found or self._put_by_both_ends(made)

    def _put_conditionally(self, made: ArchiveObject) -> Entry | None:
        """None: its name is taken by something else."""
        name = made.entry.name
        for _ in range(ATTEMPTS):
            if self._objects.create(name, made.body):
                return made.entry
            found = self._objects.read(name)
            if found is None:
                continue  # deleted meanwhile
            theirs = _entry(name, found)
            match judged(theirs, made.entry):
                case Existing.KEEP:
                    return theirs
                case Existing.ELSEWHERE:
                    return None
                case Existing.REPLACE:
                    if self._objects.replace(name, made.body, found.version):
                        return made.entry
        raise _contended(name)

    def _put_by_both_ends(self, made: ArchiveObject) -> Entry:
        """The name says all: an object that is there already has the same records, or is of another topic."""
        whole = made.named_by_both_ends()
        found = self._objects.read(whole.entry.name)
        theirs = None if found is None else _entry(whole.entry.name, found)
        if theirs is not None and judged(theirs, whole.entry) is Existing.KEEP:
            return theirs
        if theirs is not None and theirs.topic_id != whole.entry.topic_id:
            raise FatalError(
                "an object of another topic of the same name stands where this one belongs",
                where=whole.entry.name,
                remedy="give the sink another url, such as one with a folder more",
            )
        self._objects.overwrite(whole.entry.name, whole.body)
        return whole.entry

    def manifest(self, topic: str, hour: str, partition: int) -> Manifest:
        """The manifest as it is, empty where there is none. Raises StoreError."""
        return self._manifest(Manifest(topic, hour, partition))[0]

    def _manifest(self, empty: Manifest) -> tuple[Manifest, Found | None]:
        found = self._objects.read(empty.name)
        manifest = empty if found is None else read(found.body)
        if not isinstance(manifest, Unreadable):
            return manifest, found
        _log.error("%s cannot be read and begins anew: %s", empty.name, manifest.problem)
        return empty, found

    def list_in_manifest(
        self, topic: str, hour: str, partition: int, entries: Iterable[Entry], *, as_they_are: bool = False
    ) -> Manifest:
        """Merge entries into a manifest as it is then; returns what it says now. Raises StoreError.

        ``as_they_are``: objects were read or written just now, so what the manifest says of them does not count.
        """
        added = tuple(entries)
        forgotten = [each.name for each in added] if as_they_are else []
        for _ in range(ATTEMPTS):
            manifest, found = self._manifest(Manifest(topic, hour, partition))
            wanted = merged(without(manifest, forgotten), added)
            if found is not None and wanted == manifest:
                return wanted
            if self._written(wanted, found):
                return wanted
        raise _contended(wanted.name)

    def _written(self, manifest: Manifest, found: Found | None) -> bool:
        body = write(manifest)
        if self.conditional:
            try:
                if found is None:
                    return self._objects.create(manifest.name, body)
                return self._objects.replace(manifest.name, body, found.version)
            except Unconditional:
                pass
        self._objects.overwrite(manifest.name, body)
        return True


def _contended(name: str) -> StoreError:
    return StoreError("contended", "somebody else writes it all the time", where=name, remedy="nothing; tried again")


def _entry(name: str, found: Found) -> Entry | None:
    told_by = _TOLD_BY[name.rpartition(".")[2]]
    return entry_of(told_by(found.body), name, found.body)
