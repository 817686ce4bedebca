"""Retention: whole days of an archive are deleted once they are over.

By the date of the folder, which is that of the records. Deleted is only what has exactly a name that logferry gives to
objects and manifests, under the topics of the sink; whatever else lies in those folders stays. Of each hour the ledger
is told first which objects will be missing, and why. Then the manifests go: interrupted, the archive never names what
is not there, and the next run finds the rest by its names.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore

from schemas.errors import LogferryError
from sinks.core.expiry import Day, is_over, rests
from sinks.core.layout import hour_prefix, hour_text
from sinks.core.manifest import Manifest
from sinks.hourly import EVERY_SECS, FIRST_AFTER_SECS, Hourly
from sinks.object_storage.manifests import read_manifest
from sinks.object_storage.stored import StoredHour, explained, hours_in, read_hour, topics_in

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from sinks.core.manifest import Entry
    from sinks.ledger import Ledger

_log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 10
"""Days that a sink deletes by itself in an hour. Whoever mistakes 1d for 100d has time to notice."""


@dataclass(frozen=True)
class Expired:
    """What an archive has."""

    over: list[Day]
    """To be deleted, the oldest first."""
    resting: list[Day]
    """Over too, but something was written there within a day."""
    kept: int
    """Days that are not over."""


def expired(store: ObjectStore, topics: Sequence[str], keep_days: int, now: float) -> Expired:
    """Days of a sink's topics (names, or patterns with stars). Raises LogferryError."""
    found = Expired([], [], 0)
    kept = 0
    for topic in topics_in(store, topics):
        by_day: dict[date, list[int]] = {}
        for hour in hours_in(store, topic):
            by_day.setdefault(datetime.fromtimestamp(hour, UTC).date(), []).append(hour)
        for day, hours in by_day.items():
            if not is_over(day, keep_days, now):
                kept += 1
                continue
            described = _described(store, topic, day, hours)
            if described is not None:
                (found.over if rests(described, now) else found.resting).append(described)
    found.over.sort(key=lambda each: (each.day, each.topic))
    return Expired(found.over, found.resting, kept)


def _described(store: ObjectStore, topic: str, day: date, hours: Iterable[int]) -> Day | None:
    """None: nothing of ours is there."""
    objects = bytes_ = records = things = 0
    modified, named = 0.0, True
    for hour in hours:
        stored = read_hour(store, topic, hour)
        things += len(stored.objects) + len(stored.manifests)
        entries = _entries(store, stored)
        objects += len(stored.objects)
        bytes_ += sum(each.bytes for each in stored.objects)
        records += sum(entries[each.name].records for each in stored.objects if each.name in entries)
        named = named and all(each.name in entries for each in stored.objects)
        modified = max(modified, stored.modified)
    return Day(topic, day, objects, bytes_, records if named else None, modified) if things else None


def _entries(store: ObjectStore, hour: StoredHour) -> dict[str, Entry]:
    found = [read_manifest(store, hour.topic, hour_text(hour.hour), partition) for partition in hour.manifests]
    return {each.name: each for one in found if isinstance(one, Manifest) for each in one.objects}


def delete(store: ObjectStore, day: Day, ledger: Ledger | None = None) -> int:
    """Delete a day for good; how many hours of it there were. What is gone already is fine. Raises LogferryError."""
    start = int(datetime(day.day.year, day.day.month, day.day.day, tzinfo=UTC).timestamp())
    hours = list(hours_in(store, day.topic, start, start + 86_400))
    for hour in hours:
        stored = read_hour(store, day.topic, hour)
        if ledger is not None and day.topic != ledger.topic:
            _tell(store, stored, ledger)
        for name in (*stored.manifests.values(), *(each.name for each in stored.objects)):
            _delete(store, name)
        _tidy(store, stored)
    _tidy_folder(store, f"{day.topic}/dt={day.day.isoformat()}")
    _log.info("%s deleted: %d objects, %d bytes", day.name, day.objects, day.bytes)
    return len(hours)


def _tell(store: ObjectStore, hour: StoredHour, ledger: Ledger) -> None:
    entries = _entries(store, hour)
    for each in hour.objects:
        place = each.place
        ledger.write_deleted(
            place.topic, place.partition, each.name, each.bytes, entries.get(each.name), place.first_offset
        )
    ledger.keep()


def _delete(store: ObjectStore, name: str) -> None:
    with explained(name), suppress(NotFoundError, FileNotFoundError):
        obstore.delete(store, name)


def _tidy(store: ObjectStore, hour: StoredHour) -> None:
    """Folders of a directory that are empty now; object stores have none."""
    prefix = hour_prefix(hour.topic, hour.hour)
    names = (*hour.manifests.values(), *(each.name for each in hour.objects))
    for folder in sorted({name.rpartition("/")[0] for name in names}):
        _tidy_folder(store, folder)
    _tidy_folder(store, prefix)


def _tidy_folder(store: ObjectStore, folder: str) -> None:
    if isinstance(store, LocalStore) and store.prefix is not None:
        with suppress(OSError):  # somebody else's files are in it
            Path(store.prefix, folder).rmdir()


class HourlyRetention(Hourly):
    """Deletes what is over, a while after the start and then every hour, in a thread of its own.

    Whatever goes wrong is a warning, and tried again an hour later.
    """

    def __init__(
        self,
        store: ObjectStore,
        topics: Sequence[str],
        keep_days: int,
        clock: Callable[[], float] = time.time,
        every_secs: float = EVERY_SECS,
        first_after_secs: float = FIRST_AFTER_SECS,
        ledger: Ledger | None = None,
    ) -> None:
        self._store = store
        self._topics = topics
        self._keep_days = keep_days
        self._clock = clock
        self._ledger = ledger
        super().__init__(self.run, "retention", every_secs, first_after_secs)

    def run(self) -> list[str]:
        """Delete what is over, a few days at once. Returns their names; never raises."""
        try:
            found = expired(self._store, self._topics, self._keep_days, self._clock())
        except LogferryError as error:
            _log.warning("retention is tried again in an hour: %s", error.problem)
            self.failed()
            return []
        if found.over and not found.kept:
            _log.warning(
                "all %d days of the archive are older than %d days and none is deleted: either this machine's "
                "clock is wrong, or nothing was written for long. `logferry retention` deletes them",
                len(found.over),
                self._keep_days,
            )
            return []
        return [each.name for each in found.over[:MOST_AT_ONCE] if self._delete(each)]

    def _delete(self, day: Day) -> bool:
        """One that cannot go, for example because an object of it is locked, does not keep the others."""
        if self.is_stopping:
            return False
        try:
            hours = delete(self._store, day, self._ledger)
        except LogferryError as error:
            _log.warning("%s stays, retention is tried again in an hour: %s", day.name, error.problem)
            self.failed()
            return False
        self.count("logferry_sink_deleted_archive_hours_total", hours)
        return True
