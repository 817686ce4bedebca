"""Manifests for those who have no sink: reading one, and merging entries into it as a sink does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sinks.core.manifest import Entry, Manifest, Unreadable, manifest_name, read
from sinks.object_storage.placement import Placement
from sinks.object_storage.stored import fetch
from sinks.object_storage.writer import objects_of

if TYPE_CHECKING:
    from obstore.store import ObjectStore


def read_manifest(store: ObjectStore, topic: str, hour: str, partition: int) -> Manifest | Unreadable | None:
    """The manifest of an hour (``YYYY-MM-DDTHH``); None: there is none. Raises LogferryError."""
    data = fetch(store, manifest_name(topic, hour, partition))
    return None if data is None else read(data)


def update_manifest(store: ObjectStore, manifest: Manifest, entries: Iterable[Entry]) -> Manifest:
    """Merge entries of objects as they are now; returns what the manifest says then. Raises LogferryError."""
    placement = Placement(objects_of(store))
    return placement.list_in_manifest(manifest.topic, manifest.hour, manifest.partition, entries, as_they_are=True)
