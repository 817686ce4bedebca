"""The columns of decoded records as Python values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from schemas.document import FIELDS


def columns_of(events: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    """For each row the values of `schemas.document.FIELDS`."""
    return zip(*[_column(events, name) for name in FIELDS], strict=True)


def _column(events: pa.RecordBatch, name: str) -> list[Any]:
    """The values of a column; those that are nearly always empty cost nothing then."""
    column = events.column(name)
    if column.null_count == len(column) or (name == "flags" and len(column.flatten()) == 0):
        return [None] * len(column)
    values: list[Any] = column.to_pylist()
    return values
