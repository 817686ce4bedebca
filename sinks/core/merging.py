"""Sorted runs of records into one, by time and then by place, each record once. Columns in, columns out.

Many lines have one timestamp: those of a chunk whose format has none. Of one file they stay in its order (incarnation
and offset; the text of ids does not sort that way). A record's timestamp and place follow from its bytes as its id
does, so two rows of one id stand next to each other here, and of those one is kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

TIME: Final = "timestamp"
ID: Final = "id"
KEYS: Final = (TIME, "incarnation", "offset", ID)
"""Columns by which records are ordered."""
Key: TypeAlias = tuple[int, str, int, str]
"""Their values: timestamp in nanoseconds, incarnation, offset in it, record id."""


def sorted_by_time(table: pa.Table) -> pa.Table:
    """Rows in order."""
    return table.take(pc.sort_indices(table.select(KEYS), sort_keys=[(name, "ascending") for name in KEYS]))


class _Run:
    """What is left of a sorted run."""

    def __init__(self, batches: Iterator[pa.Table]) -> None:
        self._batches = batches
        self.rows: pa.Table = None
        self.next()

    def next(self) -> None:
        """Read on when nothing is left; ``rows`` is None at the end."""
        while self.rows is None or self.rows.num_rows == 0:
            self.rows = next(self._batches, None)
            if self.rows is None:
                return

    def key(self, row: int) -> Key:
        time, *place = (self.rows.column(name)[row] for name in KEYS)
        life, offset, id_ = (each.as_py() for each in place)
        return time.value, life, offset, id_

    @property
    def last(self) -> Key:
        return self.key(self.rows.num_rows - 1)

    def take(self, bound: Key) -> pa.Table:
        """Rows up to a key, that one included."""
        count = bisect_right(range(self.rows.num_rows), bound, key=self.key)
        taken, self.rows = self.rows.slice(0, count), self.rows.slice(count)
        self.next()
        return taken


def merged(runs: Sequence[Iterator[pa.Table]]) -> Iterator[pa.Table]:
    """All rows in order, each id once. The tables of a run are in order, and so are the rows of each.

    All tables have one schema, with KEYS (the first a timestamp in nanoseconds) and nothing missing in those. In
    memory is one table of each run.
    """
    left = [run for run in map(_Run, runs) if run.rows is not None]
    latest: str | None = None
    while left:
        bound = min(run.last for run in left)
        rows = sorted_by_time(pa.concat_tables([run.take(bound) for run in left]))
        left = [run for run in left if run.rows is not None]
        rows = _once(rows, latest)
        if rows.num_rows:
            latest = rows.column(ID)[-1].as_py()
            yield rows


def _once(rows: pa.Table, latest: str | None) -> pa.Table:
    """Rows in order without those whose id is that of the row before."""
    ids = rows.column(ID).combine_chunks()
    before = pa.concat_arrays([pa.array([latest], ids.type), ids.slice(0, len(ids) - 1)])
    return rows.filter(pc.fill_null(pc.not_equal(ids, before), fill_value=True))
