"""Routed records as Parquet: flat typed columns, labels and annotations as maps, attributes as JSON text, zstd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

EXTENSION: Final = "parquet"

_TEXTS: Final = pa.map_(pa.string(), pa.string())
_RESOURCE: Final = {
    "source_id": pa.string(),
    "node": pa.string(),
    "path": pa.string(),
    "incarnation": pa.string(),
    "tag": pa.string(),
    "namespace": pa.string(),
    "pod": pa.string(),
    "pod_uid": pa.string(),
    "container": pa.string(),
    "container_id": pa.string(),
    "container_image": pa.string(),
    "restart": pa.int32(),
    "labels": _TEXTS,
    "annotations": _TEXTS,
}
_TIMES: Final = ("timestamp", "observed_timestamp")


def resource_table(resources: Sequence[Mapping[str, Any]]) -> pa.Table:
    """One row for each resource."""
    rows = [{**resource, **(resource["kubernetes"] or {})} for resource in resources]
    columns = [pa.array([_cell(row.get(name)) for row in rows], type_) for name, type_ in _RESOURCE.items()]
    return pa.table(columns, names=list(_RESOURCE))


def _cell(value: Any) -> Any:
    return list(value.items()) if isinstance(value, dict) else value


def parquet(resources: Sequence[Mapping[str, Any]], indices: Sequence[int], events: pa.Table) -> bytes:
    """The object that holds ``events``; row n belongs to ``resources[indices[n]]``."""
    table = events
    for name in _TIMES:
        column = table.column(name).cast(pa.timestamp("ns", tz="UTC"))
        table = table.set_column(table.schema.get_field_index(name), name, column)
    described = resource_table(resources).take(pa.array(indices, pa.int32()))
    for name in described.column_names:
        table = table.append_column(name, described.column(name))
    out = pa.BufferOutputStream()
    pq.write_table(table, out, compression="zstd", use_dictionary=True)
    return out.getvalue().to_pybytes()  # type: ignore[no-any-return]
