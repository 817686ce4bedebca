"""What the names and manifests of a raw archive say about its objects, without one of them being read.

::

    logs.raw/dt=2026-11-21/hour=13/shop/3-00000000000000000100.avro
    logs.raw/dt=2026-11-21/hour=13/shop/3-00000000000000000100-00000000000000000900.avro    (compacted)
    logs.raw/dt=2026-11-21/hour=13/_manifest/3.json
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from producers.core.replay.period import Period

_NAME: Final = re.compile(r"(?P<folder>.+)/(?P<namespace>[^/]+)/(?P<partition>\d+)-(?P<first>\d{20})(-\d{20})?\.avro")
_MANIFEST: Final = re.compile(r".+/_manifest/\d+\.json")


@dataclass(frozen=True, slots=True)
class RawObject:
    """One object of the archive."""

    name: str
    size: int
    hour: int
    """Since 1970."""
    namespace: str
    partition: int
    first_offset: int
    first_timestamp: int | None = None
    """Of its chunks, in nanoseconds since 1970, where a manifest tells it."""
    last_timestamp: int | None = None

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Objects of one source come in the order in which its chunks were read."""
        return self.hour, self.partition, self.first_offset, self.name

    def may_have(self, period: Period) -> bool:
        """Whether a chunk of the period or its context may be in it."""
        if self.first_timestamp is None or self.last_timestamp is None:
            return True
        return self.first_timestamp < period.end and self.last_timestamp >= period.begin


def hour_folder(topic: str, hour: int) -> str:
    """``<topic>/dt=YYYY-MM-DD/hour=HH`` of an hour since 1970."""
    moment = datetime.fromtimestamp(hour * 3600, UTC)
    return f"{topic}/dt={moment:%Y-%m-%d}/hour={moment:%H}"


def object_of(name: str, size: int, hour: int) -> RawObject | None:
    """What a name says; None: it is no object of chunks."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return RawObject(name, size, hour, found["namespace"], int(found["partition"]), int(found["first"]))


def is_manifest(name: str) -> bool:
    """Whether a name is a manifest's."""
    return _MANIFEST.fullmatch(name) is not None


def listed_in(manifest: bytes) -> list[Mapping[str, Any]] | None:
    """The entries of a manifest (`sinks.core.manifest`); None: it cannot be read, and says nothing."""
    try:
        entries = json.loads(manifest)["objects"]
        return [each for each in entries if isinstance(each["name"], str)]
    except (ValueError, KeyError, TypeError):
        return None


def with_manifests(
    objects: Iterable[RawObject], entries: Iterable[Mapping[str, Any]]
) -> tuple[list[RawObject], list[str]]:
    """Objects with what manifests tell of them, in order; and the names of those that are listed but not there."""
    told = {each["name"]: each for each in entries}
    found = [_told(each, told.pop(each.name, {})) for each in objects]
    return sorted(found, key=lambda each: each.order), sorted(told)


def _told(each: RawObject, entry: Mapping[str, Any]) -> RawObject:
    first, last = entry.get("first_timestamp"), entry.get("last_timestamp")
    if not isinstance(first, int) or not isinstance(last, int):
        return each
    return RawObject(each.name, each.size, each.hour, each.namespace, each.partition, each.first_offset, first, last)
