"""Printing: tables for people, JSON for machines, colours only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

PIPE_COLUMNS: Final = 1000
"""In a pipe nothing is folded: lines are for `grep`."""


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    sys.stdout.write("\n")


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """A table with the first row's keys as headings."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in rows[0]:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))  # as it is: no markup
    Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS).print(table)
