"""Records out of entries: of chunks that stand for themselves, whatever was seen before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from schemas.identity import record_id
from streams.core import careful
from streams.core.framing.attributes import json_text, merged, written
from streams.core.framing.event import Container, Event, Unreadable
from streams.core.parsers.parsed import Fields
from streams.core.records import RecordBuilder
from streams.core.treatment import Destinations
from streams.core.work import Origin, Work

VALUE_MAX_BYTES: Final = 8 * 1024 * 1024 - 64 * 1024
"""Routed topics take 8 MiB (schemas/topics/logs.route.yaml); the rest is for what Kafka puts around a value."""
PARTS_MAX: Final = 100
"""Of a numbered entry: each part takes a position out of a range that record ids have no more than 127 of."""
PART_MIN_BYTES: Final = 8
"""No part is shorter, so that an entry never has more parts than bytes."""
_CONTAINER_KEY: Final = ("namespace", "pod", "pod_uid", "name", "id", "restart")


def take_entries(
    builder: RecordBuilder,
    work: Work,
    entries: Iterable[Event | Unreadable],
    origin_of: Callable[[Container], Origin],
) -> None:
    """All entries of a chunk. ``origin_of`` is asked once for each container that they name."""
    origins: dict[tuple[Any, ...], Origin] = {}
    for entry in entries:
        builder.counts["lines_total",] += 1
        work.lines += 1
        if isinstance(entry, Unreadable):
            builder.reject(work, entry.position, entry.original, entry.message)
            continue
        origin, container = work.origin, entry.container
        if container is not None:
            key = tuple(container.get(name) for name in _CONTAINER_KEY)
            if key not in origins:
                origins[key] = origin_of(container)
            origin = origins[key]
        _take(builder, work, entry, origin)


def _take(builder: RecordBuilder, work: Work, entry: Event, origin: Origin) -> None:
    if not careful.may_be_kept(builder, work, origin, entry.severity):
        return
    if not careful.is_sampled(builder, work, origin, entry.position, entry.timestamp, entry.severity):
        return
    fields = entry.fields()
    fields["attributes"] = written(merged(fields["attributes"], work.attributes or {}))
    careful.redact(origin.treatment, fields)
    size = len((fields["body"] if fields["original"] is None else fields["original"]).encode())
    settled = careful.settle(builder, work, origin, fields, entry.severity, entry.timestamp, size)
    if settled is not None:
        _write(builder, work, entry, origin, fields, *settled)


def _write(
    builder: RecordBuilder,
    work: Work,
    entry: Event,
    origin: Origin,
    fields: Fields,
    number: int,
    topics: Destinations,
) -> None:
    """The records of an entry: several, where it is longer than a record may be."""
    records = [
        _record(work, entry, position, part, number)
        for position, part in _parts(entry, fields, builder.record_max_bytes)
    ]
    if max(map(_size, records)) + len(origin.prefix) > VALUE_MAX_BYTES:
        message = "its record is longer than its topic takes"
        builder.reject(work, entry.position, entry.original(), message, "record_too_long", origin)
        return
    work.routed += 1
    for record in records:
        builder.put(work, origin, record, topics)


def _size(record: Fields) -> int:
    """Bytes of the parts of a record that have no limit, at most."""
    texts = (record["body"], record["original"] or "", record["attributes"])
    return sum(len(text.encode()) for text in texts)


def _record(work: Work, entry: Event, position: int, fields: Fields, number: int) -> Fields:
    """An entry, or a part of one, with all fields of a record but the resource."""
    attributes = fields["attributes"]
    return fields | {
        "attributes": json_text(attributes) if attributes else "{}",
        "id": record_id(work.incarnation, position),
        "offset": position,
        "timestamp": entry.timestamp,
        "observed_timestamp": work.observed_timestamp if entry.observed is None else entry.observed,
        "stream": entry.stream,
        "severity_number": number,
    }


def _parts(entry: Event, fields: Fields, limit: int) -> Iterator[tuple[int, Fields]]:
    """Position and fields of each record of an entry.

    A body of more than ``limit`` bytes is cut between characters; attributes stay with the first part, and no part has
    the original.
    """
    body = fields["body"].encode()
    most = max(limit, PART_MIN_BYTES, len(body) // PARTS_MAX if entry.step > 1 else 0)
    if len(body) <= most:
        yield entry.position, fields
        return
    whole = fields | {"original": None, "flags": (*fields["flags"], "split")}
    for number, piece in enumerate(_pieces(body, most)):
        attributes = fields["attributes"] if number == 0 else {}
        yield entry.position + number * entry.step, whole | {"body": piece, "attributes": attributes}


def _pieces(body: bytes, limit: int) -> Iterator[str]:
    """UTF-8 in pieces of at most ``limit`` bytes."""
    at = 0
    while at < len(body):
        end = at + limit
        while end < len(body) and body[end] & 0xC0 == 0x80:
            end -= 1
        yield body[at:end].decode()
        at = end
