"""Routed records as Parquet: flat typed columns, labels, annotations and attributes as maps, zstd.

The columns are the same whatever the records hold: those below, and one for each attribute that the settings promote.
Rows stand in row groups of ROW_GROUP_ROWS, as they came and therefore about by time, sorted by ``timestamp`` in each
(those of one time in the order of the topic); the columns one looks for have statistics, so a query over some minutes
or one id reads little.

The file's key-value metadata has what the manifest says of it (`sinks.object_storage.told`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sinks.object_storage.attributes import PROMOTED, TEXTS, attribute_map, parsed, promoted
from sinks.object_storage.told import METADATA_KEY, told_in

EXTENSION: Final = "parquet"
ROW_GROUP_ROWS: Final = 16_384
"""Some MB of text: enough for zstd and dictionaries, few enough that a query can leave most of an object out, and
that the columns of one group take little memory while they are made."""

_TIME: Final = pa.timestamp("ns", tz="UTC")
_CODED: Final = pa.dictionary(pa.int32(), pa.string())
_EVENT: Final = {
    "id": pa.string(),
    "timestamp": _TIME,
    "observed_timestamp": _TIME,
    "severity_number": pa.int32(),
    "severity_text": pa.string(),
    "body": pa.string(),
    "original": pa.string(),
    "stream": pa.string(),
    "trace_id": pa.string(),
    "span_id": pa.string(),
    "parser": pa.string(),
    "flags": pa.list_(pa.string()),
    "offset": pa.int64(),
}
_RESOURCE: Final = (
    "source_id", "node", "path", "incarnation", "tag", "namespace", "pod", "pod_uid", "container", "container_id",
    "container_image", "container_hash",
)  # fmt: skip
_MAPS: Final = ("labels", "annotations")
_LOOKED_FOR: Final = [
    "id", "timestamp", "observed_timestamp", "severity_number", "node", "namespace", "pod", "container", "trace_id",
]  # fmt: skip
"""Columns with statistics. A body's least and greatest value are long and tell nothing."""
_FEW_VALUES: Final = [
    "severity_number", "severity_text", "stream", "parser", "flags.list.element", "restart", "resolved", *_RESOURCE,
    *(f"{name}.key_value.{part}" for name in (*_MAPS, "attributes") for part in ("key", "value")),
]  # fmt: skip
ENCODINGS: Final = {
    "timestamp": "DELTA_BINARY_PACKED",
    "observed_timestamp": "DELTA_BINARY_PACKED",
    "offset": "DELTA_BINARY_PACKED",
    "id": "DELTA_BYTE_ARRAY",
}
RESERVED: Final = frozenset((*_EVENT, *_RESOURCE, *_MAPS, "restart", "resolved", "attributes"))
"""Names that a promoted attribute cannot have."""


class ParquetWriter:
    """Makes objects of one schema."""

    def __init__(self, promote: Mapping[str, str]) -> None:
        """``promote``: attribute -> string, int64, float64 or bool."""
        self._promote = promote
        self.schema = pa.schema(
            [
                *_EVENT.items(),
                ("attributes", TEXTS),
                *((name, _CODED) for name in _RESOURCE),
                ("restart", pa.int32()),
                ("resolved", pa.bool_()),
                *((name, TEXTS) for name in _MAPS),
                *((name, PROMOTED[type_][0]) for name, type_ in promote.items()),
            ]
        )

    def write(self, resources: Resources, rows: Sequence[pa.RecordBatch], told: Mapping[str, Any]) -> bytes:
        """The object of ``rows``: events, and in ``resource`` the number of each one's resource.

        Only one row group's rows are copied at a time.
        """
        out = pa.BufferOutputStream()
        with pq.ParquetWriter(
            out,
            self.schema,
            compression="zstd",
            use_dictionary=[*_FEW_VALUES, *(name for name, type_ in self._promote.items() if type_ != "bool")],
            write_statistics=[*_LOOKED_FOR, *self._promote],
            column_encoding=ENCODINGS,
            store_schema=False,
            write_page_index=True,
        ) as writer:
            for group in _row_groups(rows):
                writer.write_batch(self._columns(resources, group))
            writer.add_key_value_metadata({METADATA_KEY: orjson.dumps(told)})
        body: bytes = out.getvalue().to_pybytes()
        return body

    def _columns(self, resources: Resources, rows: pa.RecordBatch) -> pa.RecordBatch:
        objects = parsed(rows.column("attributes").to_pylist())
        columns = [rows.column(name).cast(type_) for name, type_ in _EVENT.items()]
        columns.append(attribute_map(objects))
        columns += resources.columns(rows.column("resource"))
        columns += [promoted(objects, name, type_) for name, type_ in self._promote.items()]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


class Resources:
    """Columns of resources, repeated for the rows without their texts being copied."""

    def __init__(self, described: Mapping[int, Mapping[str, Any]]) -> None:
        """Number -> resource."""
        rows = [{**each, **(each["kubernetes"] or {})} for each in described.values()]
        self._numbers = pa.array(list(described), pa.int32())
        self._texts = [_coded([row.get(name) for row in rows]) for name in _RESOURCE]
        self._restart = pa.array([row.get("restart") for row in rows], pa.int32())
        self._resolved = pa.array([row.get("resolved") for row in rows], pa.bool_())
        self._maps = [
            pa.array([list(found.items()) if (found := row.get(name)) is not None else None for row in rows], TEXTS)
            for name in _MAPS
        ]

    def columns(self, numbers: pa.Int32Array) -> list[pa.Array]:
        """For each row the columns of its resource, in the order of the schema."""
        indices = pc.index_in(numbers, self._numbers)
        coded = [pa.DictionaryArray.from_arrays(codes.take(indices), texts) for codes, texts in self._texts]
        whole = [each.take(indices) for each in (self._restart, self._resolved, *self._maps)]
        return coded + whole


def _coded(texts: Sequence[str | None]) -> tuple[pa.Int32Array, pa.StringArray]:
    """Texts as numbers of different ones; a null has none, for Parquet's dictionaries hold no nulls."""
    different = {text: number for number, text in enumerate(dict.fromkeys(text for text in texts if text is not None))}
    codes = [None if text is None else different[text] for text in texts]
    return pa.array(codes, pa.int32()), pa.array(list(different), pa.string())


def _row_groups(slices: Sequence[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows in groups of ROW_GROUP_ROWS as they came, each by time."""
    table = pa.Table.from_batches(slices)
    for start in range(0, len(table), ROW_GROUP_ROWS):
        (rows,) = table.slice(start, ROW_GROUP_ROWS).combine_chunks().to_batches()
        yield rows.take(pc.array_sort_indices(rows.column("timestamp")))


def told_by(body: bytes) -> Mapping[str, Any] | None:
    """What an object's metadata says; None when it is none of ours. Never raises on input."""
    try:
        found = pq.read_metadata(io.BytesIO(body)).metadata
    except (pa.ArrowException, OSError, ValueError):
        return None
    return told_in((found or {}).get(METADATA_KEY.encode()))
