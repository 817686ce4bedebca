"""What an interrupted compaction left: a new object that no manifest names, old ones that it took the place of."""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import NotFoundError

from sinks.core.compaction import left_behind
from sinks.core.manifest import Manifest
from sinks.object_storage.contents import DamagedError, avro_id, avro_records, content_of, parquet_tables
from sinks.object_storage.manifests import update_manifest
from sinks.object_storage.stored import StoredObject, explained
from sinks.object_storage.writer import objects_of

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compacted:
    """Objects became one, or would."""

    name: str
    objects: int
    bytes_before: int
    bytes: int
    records_before: int
    records: int


@dataclass(frozen=True)
class Mended:
    """Something that an interrupted run had left was finished."""

    name: str
    what: str


@dataclass(frozen=True)
class LeftAlone:
    """Something could not be done; nothing was changed."""

    name: str
    why: str
    wrong: bool = True
    """A person should look at it."""


Event = Compacted | Mended | LeftAlone


def mend(store: ObjectStore, manifest: Manifest, each: StoredObject) -> Generator[Event, None, Manifest]:
    """Say in the manifest what an object is, by what it says of itself; returns the manifest."""
    try:
        content = content_of(store, each)
    except DamagedError as error:
        yield LeftAlone(each.name, str(error))
        return manifest
    entry = content.entry(each.name)
    told = content.told.get("topic"), content.told.get("partition")
    if entry is None or told != (manifest.topic, manifest.partition) or entry.namespace != each.place.namespace:
        yield LeftAlone(each.name, "it does not say that it belongs here")
        return manifest
    known = next((one for one in manifest.objects if one.name == each.name), None)
    if known is not None and (entry.first_offset > known.first_offset or entry.last_offset < known.last_offset):
        yield LeftAlone(each.name, f"it ends at offset {entry.last_offset}, its manifest says {known.last_offset}")
        return manifest
    yield Mended(each.name, "the manifest says again what it is")
    return update_manifest(store, manifest, [entry])


def delete_left_behind(
    store: ObjectStore, manifest: Manifest, listed: dict[str, StoredObject]
) -> Generator[Event, None, list[str]]:
    """Delete what a compacted object took the place of, if every id is in there; returns the names."""
    named = {each.name for each in manifest.objects}
    ids: dict[str, set[str]] = {}
    deleted = []
    for name, each in listed.items():
        entry = None if name in named else left_behind(each.place, manifest.objects)
        if entry is None or entry.name not in listed:
            continue
        try:
            if entry.name not in ids:
                ids = {entry.name: _ids(store, listed[entry.name])}
            if not _ids(store, each) <= ids[entry.name]:
                yield LeftAlone(name, f"no manifest names it, and {entry.name} holds only some of its records")
                continue
        except DamagedError as error:
            yield LeftAlone(name, str(error))
            continue
        delete_unchanged(store, each)
        deleted.append(name)
        yield Mended(name, f"deleted; its records are in {entry.name}")
    return deleted


def _ids(store: ObjectStore, each: StoredObject) -> set[str]:
    """What makes its records different from others."""
    if each.place.extension == "parquet":
        return {id_ for rows in parquet_tables(store, each, ["id"]) for id_ in rows.column("id").to_pylist()}
    return {_key(kind, value) for kind, value in avro_records(store, each)}


def _key(kind: str | None, value: dict[str, object]) -> str:
    id_, payload = avro_id(kind, value), value.get("payload", b"")
    return repr(value) if id_ is None else f"{id_}+{len(payload) if isinstance(payload, bytes) else 0}"


def delete_unchanged(store: ObjectStore, each: StoredObject) -> None:
    """Delete an object if it still is what was listed; a sink that read its records again may have written it."""
    with objects_of(store).alone(each.name), explained(each.name):
        try:
            found = obstore.head(store, each.name)
        except (NotFoundError, FileNotFoundError):
            return
        written = found["last_modified"].timestamp()
        if (found["size"], written, found["e_tag"]) == (each.bytes, each.modified, each.tag):
            obstore.delete(store, each.name)
        else:
            _log.warning("%s was written again meanwhile and stays", each.name)
