"""Whether everything is there that manifests name, and is what they say.

Without reading objects: each is listed with the size that its manifest says, and each that is listed is named. With
reading: also counts, ids, times and SHA-256.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deploy.archive.catalog import Hour, Wanted, in_namespaces
from schemas.globs import compile_globs
from sinks.core.layout import hour_text
from sinks.core.manifest import Entry
from sinks.object_storage.contents import DamagedError, content_of
from sinks.object_storage.stored import StoredObject

if TYPE_CHECKING:
    from obstore.store import ObjectStore

FRESH_SECS: Final = 600.0
"""An object is written before the manifest that names it; a sink that is stopped in between does both again."""

_COMPARED: Final = {
    "sha256": "SHA-256",
    "records": "records",
    "first_id": "the lowest id",
    "last_id": "the highest id",
    "first_timestamp": "the earliest timestamp",
    "last_timestamp": "the latest timestamp",
}


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    kind: str
    """missing, size, content, damaged, unnamed or manifest."""
    name: str
    message: str


def check(store: ObjectStore, hour: Hour, wanted: Wanted, now: float, *, read: bool = False) -> Iterator[Finding]:
    """What is wrong in an hour. Raises LogferryError."""
    for name, problem in hour.unreadable.items():
        yield Finding("manifest", name, f"cannot be read: {problem}")
    for manifest in hour.manifests.values():
        if (manifest.topic, manifest.hour) != (hour.stored.topic, hour_text(hour.stored.hour)):
            yield Finding("manifest", manifest.name, "is that of another hour")
    listed = {each.name: each for each in in_namespaces(hour.stored.objects, wanted)}
    entries = _wanted(hour, wanted)
    for name, entry in entries.items():
        yield from _compared(store, entry, listed.get(name), list(listed.values()), read=read)
    if not hour.unreadable:
        yield from _unnamed([each for name, each in listed.items() if name not in entries], now)


def _wanted(hour: Hour, wanted: Wanted) -> dict[str, Entry]:
    if not wanted.namespaces:
        return hour.entries
    test = compile_globs(wanted.namespaces)
    return {name: each for name, each in hour.entries.items() if test(each.namespace)}


def _compared(
    store: ObjectStore, entry: Entry, found: StoredObject | None, listed: list[StoredObject], *, read: bool
) -> Iterator[Finding]:
    if found is None:
        yield Finding("missing", entry.name, _missing(entry, listed))
    elif found.bytes != entry.bytes:
        told = f"has {found.bytes:,} bytes; its manifest says {entry.bytes:,}"
        yield Finding("size", entry.name, f"{told}: `logferry archive compact` mends the manifest, if it is whole")
    elif read:
        try:
            content = content_of(store, found)
        except DamagedError as error:
            yield Finding("damaged", entry.name, str(error))
            return
        compared = (
            _COMPARED if content.first_id else {"sha256": "SHA-256", "records": "records"}
        )  # no ids in its values
        wrong = [word for field, word in compared.items() if getattr(content, field) != getattr(entry, field)]
        if wrong:
            yield Finding("content", entry.name, f"differs from its manifest: {', '.join(wrong)}")


def _missing(entry: Entry, listed: list[StoredObject]) -> str:
    for each in listed:
        place = each.place
        same = (place.namespace, each.name.rpartition("/")[0]) == (entry.namespace, entry.name.rpartition("/")[0])
        if same and place.last_offset is not None and place.first_offset <= entry.first_offset <= place.last_offset:
            return f"is not there, but {each.name} has its offsets: `logferry archive compact` mends the manifest"
    told = f"{entry.records:,} records, offsets {entry.first_offset} to {entry.last_offset}"
    return f"is not there; its manifest says {told}"


def _unnamed(objects: list[StoredObject], now: float) -> Iterator[Finding]:
    for each in objects:
        if now - each.modified > FRESH_SECS:
            yield Finding("unnamed", each.name, "is in no manifest; the sink was stopped before it could write that")
