"""One object out of several, in a temporary file: Parquet by time and id, Avro in the order of its topic.

Of records with one id one is kept. An Avro archive keeps the order of its objects, because that is the order in which
a source's lines were sent, and a replay must send them so again; chunks are doubles only when they are of one length,
since one that was read again may end elsewhere.

What an object takes the place of stands in its own metadata too (``replaces`` under ``logferry``): a manifest that lost
it to a sink writing at the same moment can be mended from there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.codec import parsed_schema
from sinks.core.manifest import Entry
from sinks.core.merging import KEYS
from sinks.object_storage.avro_container import BLOCK_BYTES
from sinks.object_storage.contents import (
    Content,
    DamagedError,
    Summary,
    avro_id,
    avro_kind,
    avro_records,
    avro_time,
    parquet_schema,
    parquet_tables,
    pieces_of,
    whole,
)
from sinks.object_storage.parquet import ENCODINGS
from sinks.object_storage.sorting import SortedRecords
from sinks.object_storage.stored import StoredObject, open_object
from sinks.object_storage.told import METADATA_KEY, told_of_all

if TYPE_CHECKING:
    from obstore.store import ObjectStore

ROW_GROUP_ROWS: Final = 32_768
ROW_GROUP_BYTES: Final = 32 * 1024 * 1024
_MOST: Final = 10**18
"""More records than any object has; its digits leave room for the true number."""
_HEADER_BYTES: Final = 1024 * 1024
"""More than a schema has."""
_LONG: Final = frozenset({"body", "original"})
"""Texts that seldom repeat, and whose least and greatest value tell nothing."""

Told = Callable[[int], dict[str, Any]]
"""What an object of so many records says of itself."""


def write_compacted(
    store: ObjectStore, objects: Sequence[StoredObject], entries: Sequence[Entry], path: Path, **origin: Any
) -> Content:
    """Objects of one extension as one in a file; its metadata says what it is, ``origin`` first.

    Raises DamagedError, LogferryError, OSError.
    """

    def told(records: int) -> dict[str, Any]:
        return {**origin, **told_of_all(entries, records)}

    write = _write_parquet if objects[0].place.extension == "parquet" else _write_avro
    summary = write(store, objects, path, told)
    with path.open("rb") as file:
        return summary.content(pieces_of(file), told(summary.records))


def _write_parquet(store: ObjectStore, objects: Sequence[StoredObject], path: Path, told: Told) -> Summary:
    schema = _common([parquet_schema(store, each) for each in objects], objects[0].name)
    summary = Summary()
    with SortedRecords() as records:
        for each in objects:
            for rows in parquet_tables(store, each):
                records.add(_with_all_columns(rows, schema))
        with _parquet_writer(path, schema) as writer:
            for rows in _row_groups(records.rows()):
                summary.take_rows(rows)
                writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
            writer.add_key_value_metadata({METADATA_KEY: json.dumps(told(summary.records))})
    return summary


def _parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """As the sink writes (`sinks.object_storage.parquet`): nothing is gained by a dictionary of what never repeats."""
    plain = {name: encoding for name, encoding in ENCODINGS.items() if name in schema.names}
    coded = [leaf for name in schema.names if name not in {*plain, *_LONG} for leaf in _leaves(schema.field(name))]
    sought = [each.name for each in schema if each.name not in _LONG and not pa.types.is_nested(each.type)]
    return pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=coded, column_encoding=plain, store_schema=False,
        write_statistics=sought, write_page_index=True,
    )  # fmt: skip


def _leaves(field: pa.Field) -> list[str]:
    """Paths of a column's leaves, as Parquet names them."""
    if pa.types.is_map(field.type):
        return [f"{field.name}.key_value.key", f"{field.name}.key_value.value"]
    if pa.types.is_list(field.type):
        return [f"{field.name}.list.element"]
    return [] if pa.types.is_boolean(field.type) else [field.name]


def _common(schemas: Sequence[pa.Schema], name: str) -> pa.Schema:
    """All columns. Raises DamagedError where they do not fit together: a promoted attribute changed its type."""
    with whole(name):
        schema = pa.unify_schemas([each.remove_metadata() for each in schemas])
    if missing := sorted(set(KEYS) - set(schema.names)):
        raise DamagedError(f"{name} has no column {', '.join(missing)}")
    return schema


def _with_all_columns(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    plain = rows.replace_schema_metadata(None)
    return pa.concat_tables([schema.empty_table(), plain], promote_options="default").select(schema.names)


def _row_groups(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    gathered: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        gathered.append(table)
        rows, size = rows + table.num_rows, size + table.nbytes
        if rows >= ROW_GROUP_ROWS or size >= ROW_GROUP_BYTES:
            yield pa.concat_tables(gathered)
            gathered, rows, size = [], 0, 0
    if gathered:
        yield pa.concat_tables(gathered)


def _write_avro(store: ObjectStore, objects: Sequence[StoredObject], path: Path, told: Told) -> Summary:
    with open_object(store, objects[0]) as first, whole(objects[0].name):
        kind, schema = avro_kind(first)
    head = json.dumps(told(_MOST)).encode()
    with path.open("wb+") as file:
        writer = _avro_writer(file, parsed_schema(kind) if kind else schema, head)
        summary = _copy(store, objects, kind, writer.write)
        writer.flush()
        _say(file, head, json.dumps(told(summary.records)).encode())
    return summary


def _avro_writer(file: BinaryIO, schema: Any, head: bytes) -> Any:
    """The same records make the same bytes: the sync marker is computed too."""
    marker = hashlib.blake2b(head, digest_size=16).digest()
    metadata = {METADATA_KEY: head.decode()}
    return fastavro.write.Writer(file, schema, "zstandard", BLOCK_BYTES, metadata, sync_marker=marker)


def _say(file: BinaryIO, before: bytes, now: bytes) -> None:
    """How many records there are is known behind the last, and stands before the first: in as many bytes."""
    file.seek(0)
    place = file.read(len(before) + _HEADER_BYTES).index(before)
    file.seek(place)
    file.write(now.ljust(len(before)))  # spaces behind JSON say nothing


def _copy(
    store: ObjectStore, objects: Sequence[StoredObject], kind: str | None, write: Callable[[Any], None]
) -> Summary:
    summary, known = Summary(), set[tuple[str, int]]()
    for each in objects:
        for found, value in avro_records(store, each):
            if found != kind:
                raise DamagedError(f"{each.name} holds another kind of records than {objects[0].name}")
            id_ = avro_id(kind, value)
            if id_ is not None:
                key = id_, len(value.get("payload", b""))
                if key in known:
                    continue
                known.add(key)
            summary.take_record(id_, avro_time(kind, value))
            write(value)
    return summary
