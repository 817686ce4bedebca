"""Records of an archive in order of time: hour by hour, sorted in temporary files where memory is too small.

Each record comes once, whatever stands twice in the archive. Damaged objects are passed over and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa

from deploy.archive.catalog import Archive, Hour, Wanted, hours, in_namespaces
from deploy.archive.records import Selection, rows_of
from sinks.object_storage.contents import DamagedError
from sinks.object_storage.sorting import SortedRecords
from sinks.object_storage.stored import GoneError, read_hour

if TYPE_CHECKING:
    from obstore.store import ObjectStore

ATTEMPTS: Final = 5
"""To read an hour while somebody compacts it."""


class Shown(NamedTuple):
    """One record, in order."""

    incarnation: str
    offset: int
    document: bytes
    """JSON."""
    payload: bytes | None
    """Bytes of a raw chunk."""


def records(
    archive: Archive, part: Wanted, wanted: Selection, damaged: Callable[[DamagedError], None]
) -> Iterator[Shown]:
    """Wanted records in order. Raises LogferryError, OSError."""
    found = hours(archive, part, manifests=False)
    for _, of_hour in groupby(found, key=lambda each: each.stored.hour):
        yield from _hour(archive.store, list(of_hour), part, wanted, damaged)


def _hour(
    store: ObjectStore, hour: list[Hour], part: Wanted, wanted: Selection, damaged: Callable[[DamagedError], None]
) -> Iterator[Shown]:
    for attempt in range(ATTEMPTS):
        problems: list[DamagedError] = []
        with SortedRecords() as rows:
            try:
                for each in hour:
                    _gather(store, each, part, wanted, rows, problems.append)
            except GoneError:
                if attempt + 1 == ATTEMPTS:
                    raise
                hour = [Hour(read_hour(store, each.stored.topic, each.stored.hour)) for each in hour]
                continue
            for problem in problems:
                damaged(problem)
            for table in rows.rows():
                yield from _shown(table)
        return


def _gather(
    store: ObjectStore,
    hour: Hour,
    part: Wanted,
    wanted: Selection,
    rows: SortedRecords,
    damaged: Callable[[DamagedError], None],
) -> None:
    for each in in_namespaces(hour.stored.objects, part):
        try:
            for table in rows_of(store, each, wanted):
                rows.add(table)
        except DamagedError as error:
            damaged(error)


def _shown(table: pa.Table) -> Iterator[Shown]:
    columns = [table.column(name).to_pylist() for name in ("incarnation", "offset", "document", "payload")]
    yield from map(Shown._make, zip(*columns, strict=True))
