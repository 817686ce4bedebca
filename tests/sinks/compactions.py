"""Small objects of an archive in a folder, and what compaction makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from obstore.store import LocalStore

from sinks.object_storage.compaction import Compaction
from sinks.object_storage.mending import Event
from tests.sinks.archives import TOPIC, archive, names
from tests.sinks.records import NOON, log_record

LATER = NOON / 1e9 + 10 * 365 * 86400
AT_NOON = "2026-11-21T12"
NOON_SECS = NOON // 1_000_000_000
MIB = 1024 * 1024


def record(number: int, namespace: str = "shop") -> dict[str, Any]:
    return log_record(number, timestamp=NOON + number * 1000, namespace=namespace, body=f"line {number}")


def fill(store: LocalStore, objects: int = 4, each: int = 5, **how: Any) -> None:
    """Objects of so many records; the last record of one is the first of the next, as a killed worker leaves it."""
    offset = 0
    for number in range(objects):
        first = number * (each - 1)
        archive(store, {offset + index: record(first + index) for index in range(each)}, **how)
        offset += each


def compact(store: LocalStore, target: int = 128 * MIB, **how: Any) -> list[Event]:
    return list(Compaction(target, **how).run(store, [TOPIC, "logs.raw"], LATER))


def ids(store: LocalStore, root: Path) -> list[str]:
    """Ids of all records in all objects."""
    found: list[str] = []
    for path in sorted(root.rglob("*.parquet")):
        found += pq.read_table(path, columns=["id"]).column("id").to_pylist()
    return found


def wanted(count: int) -> list[str]:
    return sorted(record(number)["id"] for number in range(count))


def objects(store: LocalStore) -> list[str]:
    return [name for name in names(store) if "_manifest" not in name]
