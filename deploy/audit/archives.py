"""Objects of an archive against their manifests, and both against what the ledger says was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from deploy.archive.catalog import Archive, Hour, Wanted, hours, open_archive
from deploy.archive.check import FRESH_SECS, check
from deploy.audit.core.objects import ObjectTold
from deploy.audit.core.result import Problem, Wish
from schemas.globs import compile_globs
from schemas.settings.days import days
from sinks.core.expiry import is_over
from sinks.core.layout import ObjectPlace, hour_text, object_place
from sinks.core.manifest import Entry

if TYPE_CHECKING:
    from schemas.settings import Settings

Told = Mapping[str, ObjectTold]
Cell = tuple[str, int]
"""Topic and hour."""

_KINDS: Final = {
    "missing": "missing_object", "size": "missing_records", "content": "missing_records", "damaged": "missing_records",
    "manifest": "unreadable_manifest",
}  # fmt: skip


class ArchiveCheck:
    """One archive; `run` it once."""

    def __init__(self, settings: Settings, name: str, told: Told, wish: Wish, now: float) -> None:
        """``told``: what the ledger says of its objects; ``now``: seconds since 1970. Raises SettingsError."""
        self._name = name
        self._archive = open_archive(settings, name)
        self._cells, self._gone = _by_cell(told, wish)
        since = wish.since_secs
        if since is not None and self._cells:
            since = min(since, *(hour for _, hour in self._cells))
        self._wanted = Wanted(since=since, namespaces=wish.namespaces)
        self._now = now
        self.compared = 0
        """Objects, so far."""
        self.unnamed = 0
        """Objects in no manifest that nobody told of."""

    def run(self) -> Iterator[Problem]:
        """What is wrong. Raises LogferryError."""
        for hour in hours(self._archive, self._wanted):
            cell = hour.stored.topic, hour.stored.hour
            if not _is_over(self._archive, cell, self._now):
                yield from self._checked(hour)
            own = self._cells.pop(cell, {})
            yield from _compared(self._name, hour, own, self._gone.get(cell, []), self._now)
            self.compared += len(hour.entries.keys() | own.keys())
        for cell, own in self._cells.items():
            if not _is_over(self._archive, cell, self._now):
                self.compared += len(own)
                for each, what in own.items():
                    if not _was_deleted(each, what, self._gone.get(cell, [])):
                        yield _missing(self._name, each, what, "is not there, and neither is its manifest")

    def _checked(self, hour: Hour) -> Iterator[Problem]:
        """Manifests against what is there."""
        for finding in check(self._archive.store, hour, self._wanted, self._now):
            if finding.kind == "unnamed":
                self.unnamed += 1
            else:
                place = f"{self._name}: {finding.name}"
                yield Problem(_KINDS[finding.kind], place, finding.message, _remedy(finding.name))


def _by_cell(told: Told, wish: Wish) -> tuple[dict[Cell, dict[str, ObjectTold]], dict[Cell, list[str]]]:
    """Objects that should be there, and names of those that retention removed."""
    test = compile_globs(wish.namespaces) if wish.namespaces else None
    kept: defaultdict[Cell, dict[str, ObjectTold]] = defaultdict(dict)
    gone: defaultdict[Cell, list[str]] = defaultdict(list)
    for name, each in told.items():
        place = object_place(name)
        if place is None or (test is not None and not test(place.namespace)):
            continue
        if each.is_deleted:
            gone[place.topic, place.hour].append(name)
        else:
            kept[place.topic, place.hour][name] = each
    return dict(kept), dict(gone)


def _is_over(archive: Archive, cell: Cell, now: float) -> bool:
    """Whether retention may have removed an hour."""
    kept = archive.sink.retention
    return kept is not None and is_over(datetime.fromtimestamp(cell[1], UTC).date(), days(kept) - 1, now)


def _compared(name: str, hour: Hour, told: Told, gone: list[str], now: float) -> Iterator[Problem]:
    """What was written, against manifests and the listing."""
    entries = hour.entries
    listed = {each.name: each for each in hour.stored.objects}
    for each, what in told.items():
        entry = entries.get(each)
        if entry is not None:
            if entry.records < what.records and each in listed:
                text = f"its manifest says {entry.records:,} records, and {what.records:,} were written"
                yield Problem("missing_records", f"{name}: {each}", text, _remedy(each))
            continue
        place = object_place(each)
        if place is None or _has_successor(place, what, entries.values()) or _was_deleted(each, what, gone):
            continue
        if each in listed:
            if now - listed[each].modified > FRESH_SECS and not hour.unreadable:
                text = "no manifest names it any more, though it is there"
                yield Problem("missing_records", f"{name}: {each}", text, "`logferry archive compact` lists it again")
        else:
            yield _missing(name, each, what, "is neither there nor in its manifest")


def _has_successor(place: ObjectPlace, what: ObjectTold, entries: Iterable[Entry]) -> bool:
    """Whether a compacted object has its records."""
    for entry in entries:
        other = object_place(entry.name)
        if other is None or (other.namespace, other.partition) != (place.namespace, place.partition):
            continue
        if any(first <= what.start and what.end - 1 <= last for first, last in entry.spans):
            return True
    return False


def _was_deleted(name: str, what: ObjectTold, gone: list[str]) -> bool:
    """Whether retention removed a compacted object that had its records."""
    place = object_place(name)
    for each in gone:
        other = object_place(each)
        if place is None or other is None or other.last_offset is None:
            continue
        same = (other.namespace, other.partition) == (place.namespace, place.partition)
        if same and other.first_offset <= what.start and what.end - 1 <= other.last_offset:
            return True
    return False


def _missing(sink: str, name: str, what: ObjectTold, how: str) -> Problem:
    text = f"{how}; {what.records:,} records were written, offsets {what.start} to {what.end - 1}"
    return Problem("missing_object", f"{sink}: {name}", text, _remedy(name))


def _remedy(name: str) -> str:
    place = object_place(name)
    if place is None:
        return "`logferry archive ls --check`"
    until = hour_text(place.hour + 3600)
    return (
        f"while {place.topic} has offset {place.first_offset} of partition {place.partition}: stop the sink and set "
        f"its group back to it; else `logferry replay --since {hour_text(place.hour)}:00 --until {until}:00`"
    )
