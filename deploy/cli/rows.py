"""Rows of an answer as a table, CSV or JSON, as they come."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from deploy.cli.output import print_table

TABLE_ROWS: Final = 10_000
"""A table is laid out by all of its rows, so it must end somewhere."""


class RowWriter:
    """Writes an answer to standard output."""

    def __init__(self, form: Literal["table", "csv", "json"]) -> None:
        self._form = form
        self._csv = csv.writer(sys.stdout, lineterminator="\n")
        self._rows: list[dict[str, Any]] = []
        self._names: list[str] | None = None
        self._left_out = 0

    def write(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Some rows; the first call also says the names."""
        first, self._names = self._names is None, _distinct(names)
        if self._form == "csv":
            if first and names:
                self._csv.writerow(names)
            self._csv.writerows([_cell(each) for each in row] for row in rows)
        elif self._form == "json":
            for row in rows:
                sys.stdout.write(_json(dict(zip(self._names, row, strict=True))) + "\n")
        else:
            room = TABLE_ROWS - len(self._rows)
            shown = [dict(zip(self._names, map(_shown, row), strict=True)) for row in rows[:room]]
            self._rows += shown
            self._left_out += len(rows) - len(shown)

    def end(self) -> None:
        """Nothing more comes."""
        if self._form == "table":
            print_table(self._rows)
            if self._names and not self._rows:
                sys.stderr.write("no rows\n")
            if self._left_out:
                sys.stderr.write(f"and {self._left_out:,} rows more: --csv and --json write them all\n")
        sys.stdout.flush()


def _distinct(names: Sequence[str]) -> list[str]:
    """Names, of which no two are the same."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return found


def _plain(value: Any) -> Any:
    """A value of a type that JSON does not have."""
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    return _json(value) if isinstance(value, dict | list) else _plain(value)


def _shown(value: Any) -> str:
    from deploy.search.lines import safe

    cell = _cell(value)
    return "" if cell is None else safe(str(cell))
