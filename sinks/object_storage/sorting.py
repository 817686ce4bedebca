"""Sorting more records than memory holds: sorted runs in temporary files, merged as they are read back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa

from sinks.core.merging import merged, sorted_by_time

RUN_BYTES: Final = 24 * 1024 * 1024
"""Largest run: what is gathered in memory before it is sorted and written."""
BATCH_ROWS: Final = 1024
"""Rows of each run in memory while runs are merged."""


class SortedRecords:
    """Takes tables of one schema in any order, gives all rows back by time and id, each id once.

    Use it in a ``with`` block: temporary files are gone behind it. Raises OSError when there is no room for them.
    """

    def __init__(self, run_bytes: int = RUN_BYTES) -> None:
        self._run_bytes = run_bytes
        self._open = ExitStack()
        self._folder: Path | None = None
        self._gathered: list[pa.Table] = []
        self._size = 0
        self._files: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, rows: pa.Table) -> None:
        """Take rows."""
        self._gathered.append(rows)
        self._size += rows.nbytes
        if self._size >= self._run_bytes:
            self._spill()

    def rows(self) -> Iterator[pa.Table]:
        """Everything that was taken, in order; once."""
        runs = [self._read(path) for path in self._files]
        if self._gathered:
            runs.append(_slices(self._take()))
        return merged(runs)

    def _take(self) -> pa.Table:
        rows = sorted_by_time(pa.concat_tables(self._gathered))
        self._gathered, self._size = [], 0
        return rows

    def _spill(self) -> None:
        if self._folder is None:
            self._folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="logferry-sort-")))
        path = self._folder / f"{len(self._files)}.arrow"
        rows = self._take()
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
            writer.write_table(rows, max_chunksize=BATCH_ROWS)
        self._files.append(path)

    def _read(self, path: Path) -> Iterator[pa.Table]:
        source = self._open.enter_context(pa.OSFile(str(path), "rb"))
        reader = pa.ipc.open_file(source)
        for number in range(reader.num_record_batches):
            yield pa.Table.from_batches([reader.get_batch(number)])


def _slices(rows: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, rows.num_rows, BATCH_ROWS):
        yield rows.slice(start, BATCH_ROWS)
