"""Routed records on their way into Parquet: decoded into columns as they come, put apart by folder when they are cut.

What a record costs is one look-up of its resource; everything else are Arrow kernels over whole batches. Every few MB,
what came is copied into a run, sorted by folder, so that a folder is a slice of each run. What stays when other folders
are cut is copied into memory of its own, so that what is written does not keep what is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Message

from sinks.consumer import offset_of
from sinks.core.decode import RecordDecoder
from sinks.core.open_folders import OpenFolder
from sinks.object_storage import parquet
from sinks.object_storage.buffers import HOUR, ArchiveObject, Block, Buffer, Folder, Origin, namespace_of, told_of
from sinks.object_storage.documents import DocumentRecords

RUN_BYTES: Final = 8 * 1024 * 1024
_SKIPPED: Final = -1
"""Folder number of a record that is in an object already."""


@dataclass
class _State:
    """An open folder."""

    opened_at: float
    rows: int = 0
    bytes: float = 0.0


@dataclass
class _Columns:
    """Content of a block."""

    rows: pa.RecordBatch
    resources: list[int]
    hours: pa.Int64Array


class ColumnBuffer(Buffer):
    """As Buffer says, for LogRecords into Parquet."""

    extension = parquet.EXTENSION

    def __init__(
        self, origin: Origin, decoder: RecordDecoder, documents: DocumentRecords, writer: parquet.ParquetWriter,
        version: str,
    ) -> None:  # fmt: skip
        super().__init__(origin)
        self._decoder = decoder
        self._documents = documents
        self._writer = writer
        self._version = version
        self._resources: list[dict[str, Any]] = []
        self._numbers: dict[int, int] = {}
        """Identity of a resource object -> its place in the list, which keeps it alive."""
        self._namespaces: list[str] = []
        """Of each resource."""
        self._folders: dict[Folder, _State] = {}
        self._codes: dict[Folder, int] = {}
        self._recent: list[pa.RecordBatch] = []
        self._recent_bytes = 0
        self._runs: list[pa.RecordBatch] = []

    def read(self, records: Sequence[Message]) -> Block:
        """As Buffer says."""
        keys, values = [each.key() or b"" for each in records], [each.value() or b"" for each in records]
        rejected = self._documents.replace(records, keys, values)
        rows = self._decoder.decode(keys, values)
        rejected += [(position, problem) for position, problem in rows.rejected if position not in dict(rejected)]
        numbers = list(map(self._numbers.get, map(id, rows.resources)))
        if None in numbers:
            numbers = list(map(self._number, rows.resources))
        offsets = list(map(offset_of, records if not rows.rejected else [records[each] for each in rows.positions]))
        events = rows.events.append_column("kafka_offset", pa.array(offsets, pa.int64()))
        hours = _hours(events.column("timestamp"))
        content = _Columns(events, numbers, hours)  # type: ignore[arg-type]  # no None is left
        return Block(pc.unique(hours).to_pylist(), [(records[at], why) for at, why in rejected], offsets, content)

    def _number(self, resource: dict[str, Any]) -> int:
        found = self._numbers.get(id(resource))
        if found is None:
            found = self._numbers[id(resource)] = len(self._resources)
            self._resources.append(resource)
            self._namespaces.append(namespace_of(resource["kubernetes"]))
        return found

    def take(self, block: Block, now: float) -> None:
        """As Buffer says."""
        found: _Columns = block.content
        if not len(found.rows):
            return
        if self.coverage:
            self._take_the_uncovered(found, now)
            return
        indices, folders = self._grouped(found)
        counts = pc.value_counts(indices)
        of_rows = {each["values"]: each["counts"] for each in counts.to_pylist()}
        codes = pa.array([self._code(folder, now) for folder in folders], pa.int32())
        self._keep(found, codes.take(indices), {folders[each]: count for each, count in of_rows.items()})

    def _grouped(self, found: _Columns) -> tuple[pa.Int32Array, list[Folder]]:
        """For each row the index of its folder, and the folders."""
        names = list(dict.fromkeys(self._namespaces))
        place = {name: index for index, name in enumerate(names)}
        of_resource = pa.array([place[name] for name in self._namespaces], pa.int64())
        namespaces = of_resource.take(pa.array(found.resources, pa.int32()))
        grouped = pc.add(pc.multiply(found.hours, len(names)), namespaces).dictionary_encode()
        folders = []
        for key in grouped.dictionary.to_pylist():
            hour, name = divmod(key, len(names))
            namespace = names[name]
            folders.append(Folder(hour, namespace, self._parts.get((hour, namespace), 0)))
        return grouped.indices, folders

    def _take_the_uncovered(self, found: _Columns, now: float) -> None:
        namespaces = [self._namespaces[each] for each in found.resources]
        offsets = found.rows.column("kafka_offset").to_pylist()
        folders = self._members(found.hours.to_pylist(), namespaces, offsets)
        self.coverage.forget(offsets[-1] + 1)
        rows: dict[Folder, int] = {}
        codes = []
        for folder in folders:
            codes.append(_SKIPPED if folder is None else self._code(folder, now))
            if folder is not None:
                rows[folder] = rows.get(folder, 0) + 1
        kept = pc.not_equal(pa.array(codes, pa.int32()), _SKIPPED)
        if rows:
            self._keep(found, pa.array(codes, pa.int32()), rows, kept)

    def _keep(
        self, found: _Columns, codes: pa.Int32Array, rows: dict[Folder, int], mask: pa.BooleanArray | None = None
    ) -> None:
        batch = found.rows.append_column("resource", pa.array(found.resources, pa.int32()))
        batch = batch.append_column("folder", codes)
        if mask is not None:
            batch = batch.filter(mask)
        each_bytes = batch.nbytes / max(len(batch), 1)
        for folder, count in rows.items():
            state = self._folders[folder]
            state.rows += count
            state.bytes += count * each_bytes
        self._recent.append(batch)
        self._recent_bytes += batch.nbytes
        if self._recent_bytes >= RUN_BYTES:
            self._make_run()

    def _make_run(self) -> None:
        if self._recent:
            rows = _one(self._recent)
            self._recent, self._recent_bytes = [], 0
            self._runs.append(rows.take(pc.array_sort_indices(rows.column("folder"))))

    def _code(self, folder: Folder, now: float) -> int:
        code = self._codes.get(folder)
        if code is None:
            code = self._codes[folder] = len(self._codes)
            self._folders[folder] = _State(now)
        return code

    def open(self) -> Sequence[OpenFolder[Folder]]:
        """As Buffer says."""
        return [OpenFolder(folder, int(state.bytes), state.opened_at) for folder, state in self._folders.items()]

    def lowest(self) -> int | None:
        """As Buffer says."""
        return min((pc.min(each.column("kafka_offset")).as_py() for each in (*self._runs, *self._recent)), default=None)

    def cut(self, folders: Collection[Folder]) -> Iterator[ArchiveObject]:
        """As Buffer says."""
        chosen = {self._codes[folder]: folder for folder in folders if folder in self._folders}
        if not chosen:
            return iter(())
        self._make_run()
        runs, resources, codes = self._runs, self._resources, dict(self._codes)
        for folder in chosen.values():
            del self._folders[folder]
        numbers = pa.array(list(chosen), pa.int32())
        rest = [run.filter(pc.invert(pc.is_in(run.column("folder"), numbers))) for run in runs if self._folders]
        self._restart(rest, {code: folder for folder, code in codes.items()})
        return self._objects(runs, chosen, resources)

    def _restart(self, rest: list[pa.RecordBatch], folders: dict[int, Folder]) -> None:
        """Number folders and resources anew, for those that are left: neither list grows for ever."""
        resources = self._resources
        self._resources, self._numbers, self._namespaces = [], {}, []
        self._codes, self._runs = {}, []
        if not rest:
            self._parts.clear()
            return
        rows = _one(rest)
        codes, old_codes = _renumbered(rows.column("folder"))
        numbers, described = _renumbered(rows.column("resource"))
        self._codes = {folders[old]: new for new, old in enumerate(old_codes)}
        for old in described:
            self._number(resources[old])
        rows = rows.set_column(rows.schema.get_field_index("folder"), "folder", codes)
        self._runs = [rows.set_column(rows.schema.get_field_index("resource"), "resource", numbers)]

    def _objects(
        self, runs: list[pa.RecordBatch], chosen: dict[int, Folder], resources: list[dict[str, Any]]
    ) -> Iterator[ArchiveObject]:
        slices: dict[int, list[pa.RecordBatch]] = {code: [] for code in chosen}
        for run in runs:
            start = 0
            for each in pc.value_counts(run.column("folder")).to_pylist():
                if each["values"] in slices:
                    slices[each["values"]].append(run.slice(start, each["counts"]))
                start += each["counts"]
        for code, folder in chosen.items():
            yield self._made(folder, slices[code], resources)

    def _made(self, folder: Folder, slices: list[pa.RecordBatch], resources: list[dict[str, Any]]) -> ArchiveObject:
        times = pc.min_max(_column(slices, "timestamp")).as_py()
        ids = pc.min_max(_column(slices, "id")).as_py()
        told = told_of(
            self.origin, folder.namespace, self._version, records=sum(map(len, slices)),
            first_offset=slices[0].column("kafka_offset")[0].as_py(),
            last_offset=slices[-1].column("kafka_offset")[-1].as_py(),
            first_id=ids["min"], last_id=ids["max"], first_timestamp=times["min"], last_timestamp=times["max"],
        )  # fmt: skip
        used = pc.unique(_column(slices, "resource")).to_pylist()
        described = parquet.Resources({number: resources[number] for number in used})
        return self._object(folder, told, self._writer.write(described, slices, told))


def _one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    (rows,) = pa.Table.from_batches(batches).combine_chunks().to_batches() or (batches[0],)
    return rows


def _column(slices: list[pa.RecordBatch], name: str) -> pa.ChunkedArray:
    return pa.chunked_array([each.column(name) for each in slices])


def _renumbered(column: pa.Int32Array) -> tuple[pa.Int32Array, list[int]]:
    """Numbers without gaps, and which old number each is."""
    encoded = column.dictionary_encode()
    return encoded.indices, encoded.dictionary.to_pylist()


def _hours(timestamps: pa.Int64Array) -> pa.Int64Array:
    """Hours since 1970, rounded down as Python does."""
    least = pc.min(timestamps).as_py()
    if least is None or least >= 0:
        return pc.divide(timestamps, HOUR)
    return pa.array([each // HOUR for each in timestamps.to_pylist()], pa.int64())
