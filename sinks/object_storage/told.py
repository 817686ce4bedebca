"""What an object says of itself: everything that its manifest's entry says, as JSON under ``logferry``.

So whoever finds an object knows what it is without a manifest: a sink that meets one in its place, a compaction that
was killed before it could write the manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sinks.core.manifest import Entry, Span

METADATA_KEY: Final = "logferry"
"""In the metadata of Parquet files and in the header of Avro containers."""
_TOLD: Final = {
    "records": int, "first_offset": int, "last_offset": int, "first_id": str, "last_id": str, "first_timestamp": int,
    "last_timestamp": int, "namespace": str, "topic_id": str,
}  # fmt: skip


def told_of_all(entries: Iterable[Entry], records: int) -> dict[str, Any]:
    """What an object of so many records says that takes the place of others.

    Leaving out doubles changes neither the lowest nor the highest id or time.
    """
    all_ = list(entries)
    ids = [id_ for each in all_ for id_ in (each.first_id, each.last_id)]
    times = [time for each in all_ for time in (each.first_timestamp, each.last_timestamp)]
    return {
        "namespace": all_[0].namespace, "topic_id": all_[0].topic_id, "records": records,
        "first_offset": min(each.first_offset for each in all_), "last_offset": max(each.last_offset for each in all_),
        "first_id": min(ids, key=id_order), "last_id": max(ids, key=id_order),
        "first_timestamp": min(times), "last_timestamp": max(times),
        "replaces": sorted({span for each in all_ for span in each.spans}),
    }  # fmt: skip


def told_in(text: bytes | str | None) -> dict[str, Any] | None:
    """What stands under METADATA_KEY; None when nothing of ours does. Never raises on input."""
    try:
        told: Any = json.loads(text or "")
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def described(told: Mapping[str, Any] | None, name: str, size: int, sha256: str) -> Entry | None:
    """The manifest's entry of an object that says so of itself; None when it does not say all."""
    told = told or {}
    spans = _spans(told.get("replaces", ()))
    if spans is None or any(type(told.get(field)) is not type_ for field, type_ in _TOLD.items()):
        return None
    known: dict[str, Any] = {field: told[field] for field in _TOLD}
    return Entry(name=name, bytes=size, sha256=sha256, replaces=spans, **known)


def entry_of(told: Mapping[str, Any] | None, name: str, body: bytes) -> Entry | None:
    """The same of an object at hand."""
    return described(told, name, len(body), hashlib.sha256(body).hexdigest())


def _spans(value: Any) -> tuple[Span, ...] | None:
    try:
        return tuple((int(first), int(last)) for first, last in value)
    except (ValueError, TypeError):
        return None


def id_order(text: str) -> tuple[str, int]:
    """Order of ids; of chunks by incarnation and then by the number of the offset."""
    life, colon, offset = text.partition(":")
    return (life, int(offset)) if colon and offset.isdigit() else (text, 0)
