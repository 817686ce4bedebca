"""Where things stand in an archive, read back from their names. Whatever has another name is not ours.

::

    logs.app/dt=2026-11-21/hour=13/shop/3-00000000000000000100.parquet                        an object of the sink
    logs.app/dt=2026-11-21/hour=13/shop/3-00000000000000000100-00000000000000000900.parquet   a compacted one [1]
    logs.app/dt=2026-11-21/hour=13/_manifest/3.json                                           a manifest

[1] Or one of the sink, in a store without conditional writes or where its plain name was taken: `sinks.core.placing`.
The names are made by `schemas.identity.object_name`, by `compacted_name` here and by `sinks.core.manifest`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

HOUR_SECS: Final = 3600

_FOLDER: Final = r"(?P<topic>[A-Za-z0-9._-]{1,249})/dt=(?P<day>\d{4}-\d{2}-\d{2})/hour=(?P<hour>\d{2})"
_OBJECT: Final = re.compile(
    _FOLDER + r"/(?!_manifest/)(?P<namespace>[^/]+)"
    r"/(?P<partition>0|[1-9]\d{0,9})-(?P<first>\d{20})(?:-(?P<last>\d{20}))?\.(?P<extension>parquet|avro)",
    re.ASCII,
)
_MANIFEST: Final = re.compile(_FOLDER + r"/_manifest/(?P<partition>0|[1-9]\d{0,9})\.json", re.ASCII)
_DAY: Final = re.compile(r"dt=(\d{4}-\d{2}-\d{2})", re.ASCII)
_HOUR: Final = re.compile(r"hour=(\d{2})", re.ASCII)


@dataclass(frozen=True, order=True)
class ObjectPlace:
    """What an object's name says."""

    topic: str
    hour: int
    """Its beginning, in seconds since 1970 UTC."""
    namespace: str
    partition: int
    first_offset: int
    last_offset: int | None
    """None: an object of the sink, whose name does not say where it ends."""
    extension: str
    """parquet or avro."""


@dataclass(frozen=True, order=True)
class ManifestPlace:
    """What a manifest's name says."""

    topic: str
    hour: int
    partition: int


def object_place(name: str) -> ObjectPlace | None:
    """Where an object stands; None for a name that logferry never gives to one."""
    found = _OBJECT.fullmatch(name)
    start = None if found is None else hour_start(found["day"], found["hour"])
    if found is None or start is None:
        return None
    last = None if found["last"] is None else int(found["last"])
    if last is not None and last < int(found["first"]):
        return None
    partition, first = int(found["partition"]), int(found["first"])
    return ObjectPlace(found["topic"], start, found["namespace"], partition, first, last, found["extension"])


def manifest_place(name: str) -> ManifestPlace | None:
    """Where a manifest stands; None for any other name."""
    found = _MANIFEST.fullmatch(name)
    start = None if found is None else hour_start(found["day"], found["hour"])
    return None if found is None or start is None else ManifestPlace(found["topic"], start, int(found["partition"]))


def hour_start(day: str, hour: str) -> int | None:
    """Seconds since 1970 of an hour of a day; None where there is no such hour."""
    try:
        return int(datetime.strptime(f"{day}T{hour}+0000", "%Y-%m-%dT%H%z").timestamp())
    except ValueError:
        return None


def day_folder(name: str) -> str | None:
    """The day of a folder ``dt=YYYY-MM-DD``; None for any other folder."""
    found = _DAY.fullmatch(name)
    return found[1] if found is not None and hour_start(found[1], "00") is not None else None


def hour_folder(day: str, name: str) -> int | None:
    """The beginning of the hour that a folder ``hour=HH`` of a day holds; None for any other folder."""
    found = _HOUR.fullmatch(name)
    return None if found is None else hour_start(day, found[1])


def hour_prefix(topic: str, hour: int) -> str:
    """``<topic>/dt=YYYY-MM-DD/hour=HH``."""
    return f"{topic}/{datetime.fromtimestamp(hour, UTC):dt=%Y-%m-%d/hour=%H}"


def hour_text(hour: int) -> str:
    """``2026-11-21T13``, as manifests name hours."""
    return f"{datetime.fromtimestamp(hour, UTC):%Y-%m-%dT%H}"


def compacted_name(place: ObjectPlace, last_offset: int) -> str:
    """Name of a compacted object that begins where ``place`` does."""
    folder = f"{hour_prefix(place.topic, place.hour)}/{place.namespace}"
    return f"{folder}/{place.partition}-{place.first_offset:020d}-{last_offset:020d}.{place.extension}"
