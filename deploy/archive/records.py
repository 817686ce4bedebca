"""Records of objects as rows that can be ordered, those that somebody wants only.

A row has the columns of its order (`sinks.core.merging.KEYS`), ``document`` (JSON: what a person or a program is shown)
and ``payload`` (a raw chunk's bytes; null for everything else). A document is flat and named as the columns that
`logferry archive query` knows (`deploy.archive.query`), without those that are empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from deploy.moment import nanos
from schemas.document import iso_time
from schemas.globs import Test, compile_globs
from schemas.patterns import Patterns
from schemas.severity import severity_text
from schemas.tags import tag_of
from sinks.object_storage.contents import avro_id, avro_records, avro_time, parquet_tables
from sinks.object_storage.stored import StoredObject

if TYPE_CHECKING:
    from obstore.store import ObjectStore

ROWS: Final = pa.schema(
    [
        ("timestamp", pa.timestamp("ns", tz="UTC")),
        ("incarnation", pa.string()),
        ("offset", pa.int64()),
        ("id", pa.string()),
        ("document", pa.large_binary()),
        ("payload", pa.large_binary()),
    ]
)
TEXT_FRAMINGS: Final = frozenset({"cri", "docker", "raw"})
"""Framings whose payload is lines, and whose offsets count bytes."""
_TIMES: Final = ("timestamp", "observed_timestamp")
_ROWS: Final = 512
"""Rows that are Python values at the same moment; each takes some ten kilobytes as such."""
_GATHERED: Final = 256
_GATHERED_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class Selection:
    """Which records somebody wants."""

    since: float | None = None
    until: float | None = None
    """Outside."""
    pods: Sequence[str] = ()
    """Globs; none: all."""
    containers: Sequence[str] = ()
    match: Patterns | None = None
    severity: int = 0
    """Lowest number; 0: all, also those without one."""
    grep: re.Pattern[str] | None = None
    """Somewhere in the line or the message."""

    @property
    def first(self) -> int | None:
        """In nanoseconds."""
        return None if self.since is None else nanos(self.since)

    @property
    def end(self) -> int | None:
        """In nanoseconds."""
        return None if self.until is None else nanos(self.until)

    def takes(self, time: int) -> bool:
        """Whether a time, in nanoseconds, is in the range."""
        return (self.first is None or time >= self.first) and (self.end is None or time < self.end)

    @property
    def source_tests(self) -> list[tuple[str, Test]]:
        """Columns of a source and what each must pass."""
        tests: list[tuple[str, Test]] = []
        if self.pods:
            tests.append(("pod", compile_globs(self.pods)))
        if self.containers:
            tests.append(("container", compile_globs(self.containers)))
        if self.match is not None:
            tests.append(("tag", lru_cache(maxsize=65536)(self.match.matches)))
        return tests

    def finds(self, *texts: str | None) -> bool:
        """Whether the expression is somewhere in the texts."""
        return self.grep is None or any(text and self.grep.search(text) for text in texts)


def rows_of(store: ObjectStore, each: StoredObject, wanted: Selection) -> Iterator[pa.Table]:
    """Wanted records of one object. Raises DamagedError, LogferryError."""
    if each.place.extension == "parquet":
        for table in parquet_tables(store, each):
            chosen = _chosen(table, wanted)
            for start in range(0, chosen.num_rows, _ROWS):
                yield _table(_parquet_rows(chosen.slice(start, _ROWS), each.place.topic, wanted))
        return
    gathered: list[tuple[Any, ...]] = []
    size = 0
    for kind, value in avro_records(store, each):
        row = _avro_row(kind, value, each, wanted)
        if row is not None:
            gathered.append(row)
            size += len(row[4]) + len(row[5] or b"")
        if len(gathered) >= _GATHERED or size >= _GATHERED_BYTES:
            yield _table(gathered)
            gathered, size = [], 0
    yield _table(gathered)


def _table(rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(ROWS)
    return pa.table([pa.array(values, each.type) for values, each in zip(columns, ROWS, strict=True)], schema=ROWS)


# -- Parquet ---------------------------------------------------------------------------------------------------------


def _chosen(table: pa.Table, wanted: Selection) -> pa.Table:
    """Rows by what columns can tell, before any becomes a Python value."""
    times = table.column("timestamp").cast(pa.int64())
    if wanted.first is not None:
        table, times = _both(table, times, pc.greater_equal(times, wanted.first))
    if wanted.end is not None:
        table, times = _both(table, times, pc.less(times, wanted.end))
    if wanted.severity:
        table = table.filter(pc.greater_equal(table.column("severity_number"), wanted.severity))
    for name, test in wanted.source_tests:
        column = table.column(name)
        names = [text for text in pc.unique(column).to_pylist() if text is not None and test(text)]
        table = table.filter(pc.is_in(column, pa.array(names, pa.string())))
    return table


def _both(table: pa.Table, times: pa.ChunkedArray, mask: pa.ChunkedArray) -> tuple[pa.Table, pa.ChunkedArray]:
    return table.filter(mask), times.filter(mask)


def _parquet_rows(table: pa.Table, topic: str, wanted: Selection) -> Iterator[tuple[Any, ...]]:
    for name in _TIMES:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table.column(name).cast(pa.int64()))
    maps = [each.name for each in table.schema if pa.types.is_map(each.type)]
    for record in table.to_pylist():
        if wanted.finds(record["body"], record["original"]):
            for name in maps:
                record[name] = dict(record[name] or ())
            yield _row(record, record["incarnation"], document(record, topic))


def _row(record: Mapping[str, Any], incarnation: str, shown: dict[str, Any]) -> tuple[Any, ...]:
    return record["timestamp"], incarnation, record["offset"], record["id"], _json(shown), None


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=str)


_FIRST: Final = ("timestamp", "severity", "severity_number", "severity_text", "namespace", "pod", "container")
_RENAMED: Final = {"body": "message"}


def document(record: Mapping[str, Any], topic: str) -> dict[str, Any]:
    """What is shown of a LogRecord whose fields stand side by side; times are nanoseconds."""
    fields: dict[str, Any] = {_RENAMED.get(name, name): value for name, value in record.items()}
    fields |= {name: iso_time(fields[name]) for name in _TIMES}
    fields["severity"] = severity_text(record["severity_number"]) or None
    fields["topic"] = topic
    names = dict.fromkeys((*_FIRST, "message", *fields))
    return {name: value for name in names if (value := fields.get(name)) not in (None, {}, [], "")}


# -- Avro ------------------------------------------------------------------------------------------------------------


def _avro_row(kind: str | None, value: dict[str, Any], each: StoredObject, wanted: Selection) -> tuple[Any, ...] | None:
    if not wanted.takes(avro_time(kind, value)):
        return None
    make = _MAKERS.get(kind or "")
    return None if make is None else make(value, each, wanted)


def _passes(source: Mapping[str, Any], wanted: Selection) -> bool:
    return all(test(source.get(name) or "") for name, test in wanted.source_tests)


def _log_record(value: dict[str, Any], each: StoredObject, wanted: Selection) -> tuple[Any, ...] | None:
    resource = value.pop("resource")
    record = {**value, **resource, **(resource["kubernetes"] or {})}
    del record["kubernetes"]
    if record["severity_number"] < wanted.severity or not _passes(record, wanted):
        return None
    if not wanted.finds(record["body"], record["original"]):
        return None
    with suppress(orjson.JSONDecodeError):
        record["attributes"] = orjson.loads(record["attributes"])
    return _row(record, record["incarnation"], document(record, each.place.topic))


def _raw_chunk(value: dict[str, Any], each: StoredObject, wanted: Selection) -> tuple[Any, ...] | None:
    source, container = value["source"], value["source"]["container"] or {}
    shown = {
        "observed_timestamp": iso_time(value["observed_timestamp"]),
        "namespace": container.get("namespace"), "pod": container.get("pod"), "container": container.get("name"),
        "tag": tag_of(source, value["path"]), "node": source["node"], "kind": source["kind"],
        "framing": source["framing"], "path": value["path"], "incarnation": value["incarnation"].hex(),
        "topic": each.place.topic,
    }  # fmt: skip
    if not _passes(shown, wanted):
        return None
    id_ = f"{avro_id('raw_chunk', value)}+{len(value['payload'])}"
    plain = {name: text for name, text in shown.items() if text}
    return value["observed_timestamp"], shown["incarnation"], value["offset"], id_, _json(plain), value["payload"]


def _dead_letter(value: dict[str, Any], each: StoredObject, wanted: Selection) -> tuple[Any, ...] | None:
    original = value["original"].decode("utf-8", "backslashreplace")
    if not wanted.finds(original, value["message"]):
        return None
    place = f"{value['topic']}/{value['partition']}"
    told = ("stage", "reason", "source_id", "incarnation", "offset", "topic_offset")
    shown = {
        "timestamp": iso_time(value["failed_at"]), "message": original,
        "attributes": {name: value[name] for name in told if value[name] is not None} | {"problem": value["message"]},
        "tag": place, "topic": each.place.topic,
    }  # fmt: skip
    id_ = f"{value['stage']} {place}/{value['topic_offset']} {value['offset']}"
    return value["failed_at"], place, value["topic_offset"], id_, _json(shown), None


_MAKERS: Final[Mapping[str, Callable[[dict[str, Any], StoredObject, Selection], tuple[Any, ...] | None]]] = {
    "log_record": _log_record,
    "raw_chunk": _raw_chunk,
    "dead_letter": _dead_letter,
}
"""Kind of an Avro object's records -> the row of one."""
