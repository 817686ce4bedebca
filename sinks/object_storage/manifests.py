"""Manifests in their store: reading one, and merging entries into it while others do the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import AlreadyExistsError, GenericError, NotFoundError, NotSupportedError, PreconditionError

from schemas.errors import TemporaryError
from sinks.core.manifest import Entry, Manifest, Unreadable, manifest_name, merged, read, without, write
from sinks.object_storage.stored import explained, fetch

if TYPE_CHECKING:
    from obstore.store import ObjectStore

ATTEMPTS: Final = 10
"""To write a manifest that somebody else writes at the same moment."""


def read_manifest(store: ObjectStore, topic: str, hour: str, partition: int) -> Manifest | Unreadable | None:
    """The manifest of an hour (``YYYY-MM-DDTHH``); None: there is none. Raises LogferryError."""
    data = fetch(store, manifest_name(topic, hour, partition))
    return None if data is None else read(data)


def update_manifest(store: ObjectStore, manifest: Manifest, entries: Iterable[Entry]) -> Manifest:
    """Merge entries into a manifest as it is now; returns what it says then. Raises LogferryError."""
    added = list(entries)
    for _ in range(ATTEMPTS):
        with explained(manifest.name):
            try:
                found = obstore.get(store, manifest.name)
                data, tag = found.bytes().to_bytes(), found.meta["e_tag"]
            except (NotFoundError, FileNotFoundError):
                data, tag = None, None
        current = replace(manifest, objects=()) if data is None else read(data)
        if isinstance(current, Unreadable):
            raise TemporaryError(
                f"the manifest cannot be read: {current.problem}", delay=0.0, where=manifest.name, remedy="look at it"
            )
        wanted = merged(without(current, [each.name for each in added]), added)
        if wanted == current:
            return wanted
        with explained(manifest.name):
            _put_unless_changed(store, manifest.name, write(wanted), tag)
    raise TemporaryError(
        "somebody else writes the manifest all the time", delay=60.0, where=manifest.name, remedy="try again later"
    )


def _put_unless_changed(store: ObjectStore, name: str, data: bytes, tag: str | None) -> None:
    """Write, but not over what somebody wrote meanwhile, where the store can tell; the caller reads it again."""
    try:
        obstore.put(store, name, data, mode="create" if tag is None else {"e_tag": tag})
    except (AlreadyExistsError, PreconditionError):
        return
    except (NotSupportedError, NotImplementedError, GenericError):
        obstore.put(store, name, data)
