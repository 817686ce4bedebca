"""What objects hold: their records, piece by piece, and what a manifest says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import fastavro
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.codec import KINDS, parsed_schema
from schemas.errors import LogferryError
from sinks.core.manifest import Entry
from sinks.core.merging import ID, TIME
from sinks.object_storage.stored import StoredObject, open_object
from sinks.object_storage.told import METADATA_KEY, described, id_order, told_in

if TYPE_CHECKING:
    from obstore.store import ObjectStore

BATCH_ROWS: Final = 8_192
PIECE_BYTES: Final = 1024 * 1024


class DamagedError(Exception):
    """An object whose bytes are not what its name says."""


@contextmanager
def whole(name: str) -> Iterator[None]:
    """Whatever bytes lead a library to raise becomes DamagedError; what the store says stays as it is."""
    try:
        yield
    except (LogferryError, DamagedError):
        raise
    except Exception as error:  # pyarrow and fastavro raise nearly anything
        lines = (str(error).strip() or type(error).__name__).splitlines()
        raise DamagedError(f"{name} is damaged: {lines[0][:200]}") from error


# -- records -------------------------------------------------------------------------------------------------------


def parquet_schema(store: ObjectStore, each: StoredObject) -> pa.Schema:
    """Columns of a Parquet object. Raises DamagedError, LogferryError."""
    with whole(each.name):
        return pq.ParquetFile(open_object(store, each)).schema_arrow


def parquet_tables(store: ObjectStore, each: StoredObject, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a Parquet object, some thousands at a time. Raises DamagedError, LogferryError."""
    with whole(each.name):
        batches = pq.ParquetFile(open_object(store, each)).iter_batches(BATCH_ROWS, columns=columns)
    while True:
        with whole(each.name):
            batch = next(batches, None)
        if batch is None:
            return
        yield pa.Table.from_batches([batch])


_KIND_OF: Final = {parsed_schema(kind)["name"]: kind for kind in KINDS}


def avro_kind(file: BinaryIO) -> tuple[str | None, Any]:
    """Kind (None: not one of ours) and schema of an open Avro object; the file is at its beginning again."""
    schema = fastavro.reader(file).writer_schema
    file.seek(0)
    return _KIND_OF.get(str(schema.get("name", "")) if isinstance(schema, dict) else ""), schema


def avro_records(store: ObjectStore, each: StoredObject) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Kind and value of each record, in today's schema. Raises DamagedError, LogferryError."""
    with open_object(store, each) as file:
        with whole(each.name):
            kind, schema = avro_kind(file)
            values = fastavro.reader(file, parsed_schema(kind) if kind else schema)
        while True:
            with whole(each.name):
                value: Any = next(values, None)
            if value is None:
                return
            yield kind, value


def avro_id(kind: str | None, value: Mapping[str, Any]) -> str | None:
    """What makes a record the same as another one: its id; a chunk's place. None: nothing does."""
    if kind == "log_record":
        return str(value["id"])
    return f"{value['incarnation'].hex()}:{value['offset']}" if kind == "raw_chunk" else None


def avro_time(kind: str | None, value: Mapping[str, Any]) -> int:
    """The time by which a record is archived, in nanoseconds since 1970."""
    field = {"log_record": "timestamp", "raw_chunk": "observed_timestamp", "dead_letter": "failed_at"}.get(kind or "")
    return int(value[field]) if field else 0


# -- what a manifest says of them ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Content:
    """What an object holds."""

    records: int
    first_id: str
    last_id: str
    first_timestamp: int
    last_timestamp: int
    sha256: str
    bytes: int
    told: dict[str, Any]
    """What its metadata says."""

    def entry(self, name: str) -> Entry | None:
        """What the manifest says of it; None where its metadata does not say all that is needed."""
        return described(self.told | {"records": self.records}, name, self.bytes, self.sha256)


class Summary:
    """Counts, ids and times of records that pass by."""

    def __init__(self) -> None:
        self.records = 0
        self._ids: tuple[str, str] | None = None
        self._times: tuple[int, int] | None = None

    def take_rows(self, rows: pa.Table) -> None:
        """Rows with TIME and ID."""
        if rows.num_rows:
            ids = pc.min_max(rows.column(ID)).as_py()
            times = pc.min_max(rows.column(TIME).cast(pa.int64())).as_py()
            self._take(rows.num_rows, (ids["min"], ids["max"]), (times["min"], times["max"]))

    def take_record(self, id_: str | None, time: int) -> None:
        """One record."""
        self._take(1, None if id_ is None else (id_, id_), (time, time))

    def _take(self, count: int, ids: tuple[str, str] | None, times: tuple[int, int]) -> None:
        self.records += count
        if ids is not None:
            low, high = self._ids or ids
            self._ids = min(low, ids[0], key=id_order), max(high, ids[1], key=id_order)
        earliest, latest = self._times or times
        self._times = min(earliest, times[0]), max(latest, times[1])

    def content(self, pieces: Iterable[bytes], told: dict[str, Any]) -> Content:
        """With the object's bytes in pieces."""
        digest, size = hashlib.sha256(), 0
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
        ids, times = self._ids or ("", ""), self._times or (0, 0)
        return Content(self.records, *ids, *times, digest.hexdigest(), size, told)


def content_of(store: ObjectStore, each: StoredObject) -> Content:
    """Read an object as a whole and say what it holds. Raises DamagedError, LogferryError."""
    summary = Summary()
    if each.place.extension == "parquet":
        told = _parquet_told(store, each)
        for rows in parquet_tables(store, each, [TIME, ID]):
            summary.take_rows(rows)
    else:
        told = _avro_told(store, each)
        for kind, value in avro_records(store, each):
            summary.take_record(avro_id(kind, value), avro_time(kind, value))
    with open_object(store, each) as file:
        return summary.content(pieces_of(file), told)


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """All bytes of a file, in pieces."""
    while piece := file.read(PIECE_BYTES):
        yield piece


def _parquet_told(store: ObjectStore, each: StoredObject) -> dict[str, Any]:
    with whole(each.name):
        metadata = pq.ParquetFile(open_object(store, each)).metadata.metadata or {}
    return told_in(metadata.get(METADATA_KEY.encode())) or {}


def _avro_told(store: ObjectStore, each: StoredObject) -> dict[str, Any]:
    with open_object(store, each) as file, whole(each.name):
        return told_in(fastavro.reader(file).metadata.get(METADATA_KEY)) or {}
