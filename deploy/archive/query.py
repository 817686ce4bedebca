"""SQL over the Parquet objects of an archive: duckdb over a view ``logs``, in which every record stands once.

Only objects of the asked range are opened. A record that the archive holds twice (a stream worker that was killed
sends again; a compaction is at work) is counted once: ids are looked through first, except of objects that are known to
hold each once, and the few that are double are taken apart in the view.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Final, Self

import duckdb

from deploy.archive.catalog import Archive, Hour, Wanted, hours, in_namespaces
from deploy.archive.columns import NAMES, OBJECT, view_columns
from deploy.archive.files import PROTOCOL, ArchiveFiles
from deploy.moment import nanos
from schemas.errors import FatalError, LogferryError, SettingsError
from sinks.core.manifest import Entry
from sinks.object_storage.contents import DamagedError, parquet_tables
from sinks.object_storage.stored import GoneError, StoredObject

if TYPE_CHECKING:
    from obstore.store import ObjectStore

MEMORY: Final = "1GB"
"""duckdb writes to temporary files what is more."""
AT_ONCE: Final = 500
"""Objects whose ids are looked through in one statement."""
ROWS_AT_ONCE: Final = 1000
_MISTAKES: Final = (
    duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, duckdb.SyntaxException,
    duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.NotImplementedException,
    duckdb.PermissionException, duckdb.ConstraintException,
)  # fmt: skip
"""What a person's statement leads to."""


@dataclass(frozen=True)
class Found:
    """Objects of a range."""

    objects: list[StoredObject]
    suspects: list[StoredObject]
    """Those that may hold a record which they or another one hold too."""


def find(archive: Archive, wanted: Wanted) -> Found:
    """Parquet objects of the range, by their names. Raises LogferryError."""
    found = Found([], [])
    for hour in hours(archive, wanted):
        mine = [each for each in in_namespaces(hour.stored.objects, wanted) if each.place.extension == "parquet"]
        found.objects.extend(mine)
        for _, cell in groupby(mine, key=lambda each: (each.place.namespace, each.place.partition)):
            objects = list(cell)
            if not _once(objects, hour):
                found.suspects.extend(objects)
    return found


def _once(objects: Sequence[StoredObject], hour: Hour) -> bool:
    """Whether manifests show that no record of a namespace and partition stands twice: compacted, ids apart."""
    entries = hour.entries
    known = [entries.get(each.name) for each in objects]
    compacted = [each for each in known if each is not None and each.replaces]
    if len(compacted) < len(objects):
        return False
    compacted.sort(key=lambda each: each.first_id)
    return all(_apart(low, high) for low, high in pairwise(compacted))


def _apart(low: Entry, high: Entry) -> bool:
    return low.last_id < high.first_id


class Logs:
    """A connection with the view ``logs`` over some objects; use it in a ``with`` block."""

    def __init__(self, store: ObjectStore, found: Found, wanted: Wanted) -> None:
        self._found = found
        self._files = ArchiveFiles(store, found.objects)
        self._wanted = wanted
        self._folder = tempfile.TemporaryDirectory(prefix="logferry-query-")
        self._connection = duckdb.connect()
        self.columns: list[str] = []
        """Of the view."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._folder.cleanup()

    def open(self) -> None:
        """Make the view. Raises duckdb.Error, and what the store raises."""
        run = self._connection.execute
        self._connection.register_filesystem(self._files)
        for name, value in {
            "memory_limit": MEMORY, "temp_directory": self._folder.name, "TimeZone": "UTC",
            "preserve_insertion_order": False, "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }.items():  # fmt: skip
            run(f"SET {name} = {_literal(value)}")
        if not self._found.objects:
            run(f"CREATE VIEW logs AS SELECT {', '.join(_empty())} WHERE false")
        else:
            self._view()
        self.columns = [row[0] for row in run("DESCRIBE logs").fetchall()]

    def _view(self) -> None:
        run = self._connection.execute
        source = self._source(self._found.objects)
        known = {row[0] for row in run(f"DESCRIBE SELECT * FROM {source}").fetchall()}  # noqa: S608
        columns = ", ".join(f"{text} AS {_quoted(name)}" for name, text in view_columns(known).items())
        limits = " AND ".join(self._limits()) or "true"
        plain = f"SELECT {columns} FROM {source} WHERE {limits}"  # noqa: S608 - our own names, and a person's own archive
        if self._double():
            numbered = f"SELECT {columns}, row_number() OVER (PARTITION BY id) AS turn FROM {source} WHERE {limits}"  # noqa: S608
            plain += (
                " AND id NOT IN (SELECT id FROM double) UNION ALL SELECT * EXCLUDE (turn) "  # noqa: S608
                f"FROM ({numbered} AND id IN (SELECT id FROM double)) WHERE turn = 1"
            )
        run(f"CREATE VIEW logs AS {plain}")

    def _double(self) -> int:
        """Gather ids that stand more than once in the table ``double``; returns how many."""
        run = self._connection.execute
        run("CREATE TABLE double (id VARCHAR)")
        for start in self._cuts():
            source = self._source(self._found.suspects[start])
            run(f"INSERT INTO double SELECT id FROM {source} GROUP BY id HAVING count(*) > 1")  # noqa: S608
        row = run("SELECT count(*) FROM double").fetchone()
        return int(row[0]) if row else 0

    def _cuts(self) -> Iterator[slice]:
        """Suspects in parts, those of one hour together: a record's hour follows from the record."""
        start = end = 0
        for _, cell in groupby(self._found.suspects, key=lambda each: (each.place.topic, each.place.hour)):
            count = len(list(cell))
            if end - start and end - start + count > AT_ONCE:
                yield slice(start, end)
                start = end
            end += count
        if end > start:
            yield slice(start, end)

    def _limits(self) -> list[str]:
        since, until = self._wanted.since, self._wanted.until
        found = [] if since is None else [f"epoch_ns(timestamp) >= {nanos(since)}"]
        return found + ([] if until is None else [f"epoch_ns(timestamp) < {nanos(until)}"])

    def _source(self, objects: Sequence[StoredObject]) -> str:
        names = ", ".join(_literal(self._files.url(each)) for each in objects)
        return (
            f"read_parquet([{names}], union_by_name = true, filename = '{OBJECT}', hive_partitioning = true, "
            "hive_types = {'dt': DATE, 'hour': INTEGER})"
        )

    def run(self, statement: str) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
        """Names and rows of a statement's answer, some at a time. Raises duckdb.Error, and what the store raises."""
        answer = self._connection.execute(statement)
        if answer is None:  # nothing but blanks and comments
            raise duckdb.ParserException("there is no statement in it")
        names = [each[0] for each in answer.description or ()]
        while rows := answer.fetchmany(ROWS_AT_ONCE):
            yield names, rows
        yield names, []


def _empty() -> list[str]:
    return [f"CAST(NULL AS {type_}) AS {_quoted(name)}" for name, type_ in NAMES.items()]


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# -- what went wrong -------------------------------------------------------------------------------------------------


@contextmanager
def explained(logs: Logs) -> Iterator[None]:
    """Errors of duckdb in a person's words; those that may come of a damaged object stay as they are."""
    try:
        yield
    except _MISTAKES as error:
        problem = _mistake(error, logs.columns)
    except duckdb.OutOfMemoryException as error:
        problem = FatalError(
            f"{MEMORY} of memory and the room in {tempfile.gettempdir()} are too little: {_first(error)}",
            remedy="ask for less at once with --since and --until",
        )
    else:
        return
    raise problem from None


def _mistake(error: duckdb.Error, columns: Sequence[str]) -> LogferryError:
    lines = [line for line in str(error).splitlines() if line.strip()]
    problem = lines[0].partition(": ")[2] or lines[0]
    where = next((line.strip() for line in lines if line.startswith("LINE ")), "")
    meant = next((line.partition(": ")[2] for line in lines if line.startswith("Candidate bindings")), "")
    if isinstance(error, duckdb.CatalogException) and "Table with name" in problem:
        remedy = "the view is called logs: select … from logs"
    elif "Referenced column" in problem or "column" in problem:
        near = f"perhaps {meant}; " if meant else ""
        remedy = f"{near}there are: {', '.join(columns)}"
    else:
        remedy = "look at duckdb's SQL: https://duckdb.org/docs/sql/introduction"
    return SettingsError(f"the query cannot be run: {problem}", where=where, remedy=remedy)


def _first(error: BaseException) -> str:
    return str(error).splitlines()[0][:200]


def damaged(store: ObjectStore, found: Found) -> Mapping[str, DamagedError]:
    """Read every object and say which cannot be; after duckdb could not read one of them. Raises GoneError."""
    problems = {}
    for each in found.objects:
        try:
            for _ in parquet_tables(store, each):
                pass
        except DamagedError as error:
            problems[each.name] = error
    return problems


def without(found: Found, names: Mapping[str, object]) -> Found:
    """The objects but some."""
    return Found(
        [each for each in found.objects if each.name not in names],
        [each for each in found.suspects if each.name not in names],
    )


__all__ = ["PROTOCOL", "Found", "GoneError", "Logs", "damaged", "explained", "find", "without"]
