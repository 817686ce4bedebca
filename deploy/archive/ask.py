"""One question to an archive, from listing its objects to the rows; what changes meanwhile is read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import duckdb

from deploy.archive import query
from deploy.archive.catalog import Archive, Wanted
from schemas.errors import FatalError
from sinks.object_storage.contents import DamagedError
from sinks.object_storage.stored import GoneError

ATTEMPTS: Final = 5
Rows = tuple[list[str], list[tuple[Any, ...]]]


def ask(archive: Archive, wanted: Wanted, statement: str, damaged: Callable[[DamagedError], None]) -> Iterator[Rows]:
    """Names and rows of the answer, some at a time. Raises LogferryError.

    Objects that cannot be read are handed to ``damaged`` and left out. Once rows were given, nothing is tried again.
    """
    bad: dict[str, DamagedError] = {}
    for _ in range(ATTEMPTS):
        found = query.without(query.find(archive, wanted), bad)
        begun = False
        try:
            for rows in _rows(archive, found, wanted, statement):
                begun = True
                yield rows
        except (duckdb.Error, GoneError, DamagedError) as error:
            fresh = _looked_at(archive, found)
            if begun or (fresh is not None and not fresh):
                raise FatalError(f"the query failed: {str(error).splitlines()[0][:300]}") from None
            for name, problem in (fresh or {}).items():
                bad[name] = problem
                damaged(problem)
        else:
            return
    raise FatalError("the archive changes all the time", remedy="try again when its compaction is through")


def _rows(archive: Archive, found: query.Found, wanted: Wanted, statement: str) -> Iterator[Rows]:
    with query.Logs(archive.store, found, wanted) as logs:
        logs.open()
        with query.explained(logs):
            yield from logs.run(statement)


def _looked_at(archive: Archive, found: query.Found) -> dict[str, DamagedError] | None:
    """Which objects are damaged; None: some are gone, so what was listed is no longer true."""
    try:
        return dict(query.damaged(archive.store, found))
    except GoneError:
        return None
