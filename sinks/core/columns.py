"""Decoded records, row by row, as Python values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from schemas.document import FIELDS
from sinks.core.decode import Rows


def records_of(rows: Rows) -> Iterator[dict[str, Any]]:
    """For each row the fields of its LogRecord as schemas/avro has them, ``attributes`` as text."""
    columns = [_column(rows.events, name) for name in FIELDS]
    ids = rows.events.column("id").to_pylist()
    for resource, id_, fields in zip(rows.resources, ids, zip(*columns, strict=True), strict=True):
        yield {**dict(zip(FIELDS, fields, strict=True)), "resource": resource, "id": id_}


def _column(events: pa.RecordBatch, name: str) -> list[Any]:
    """The values of a column; those that are nearly always empty cost nothing then."""
    column = events.column(name)
    if column.null_count == len(column) or (name == "flags" and len(column.flatten()) == 0):
        return [None] * len(column)
    values: list[Any] = column.to_pylist()
    return values
