"""Names are read back, groups are made, runs are merged: what compaction is made of."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import object_folder, object_name
from sinks.core.compaction import groups, left_behind
from sinks.core.layout import compacted_name, hour_prefix, manifest_place, object_place
from sinks.core.manifest import Entry, hour_of, manifest_name
from sinks.core.merging import KEYS
from sinks.object_storage.sorting import SortedRecords

FOLDER = "logs.app/dt=2026-11-21/hour=12/shop"


@given(
    st.integers(0, 4_000_000_000_000_000_000),
    st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
    st.integers(0, 10_000),
    st.integers(0, 2**63 - 1),
    st.sampled_from(["parquet", "avro"]),
)
def test_names_that_the_sink_makes_are_read_back(
    time: int, namespace: str, partition: int, offset: int, kind: str
) -> None:
    name = object_name(object_folder("logs.app", time, namespace), partition, offset, kind)
    place = object_place(name)
    assert place is not None
    assert (place.namespace, place.partition, place.first_offset, place.last_offset) == (
        namespace,
        partition,
        offset,
        None,
    )
    assert place.hour == time // 3_600_000_000_000 * 3600
    assert name.startswith(hour_prefix("logs.app", place.hour))
    compacted = object_place(compacted_name(place, offset + 7))
    assert compacted is not None
    assert (compacted.first_offset, compacted.last_offset) == (offset, offset + 7)
    manifest = manifest_place(manifest_name("logs.app", hour_of(time), partition))
    assert manifest is not None
    assert (manifest.hour, manifest.partition) == (place.hour, partition)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "logs.app",
        f"{FOLDER}/3-1.parquet",
        f"{FOLDER}/03-00000000000000000001.parquet",
        f"{FOLDER}/3-00000000000000000001.parquet.tmp",
        f"{FOLDER}/3-00000000000000000009-00000000000000000001.parquet",
        f"{FOLDER}/deep/3-00000000000000000001.parquet",
        f"/{FOLDER}/3-00000000000000000001.parquet",
        "logs.app/dt=2026-13-21/hour=12/shop/3-00000000000000000001.parquet",
        "logs.app/dt=2026-11-21/hour=24/shop/3-00000000000000000001.parquet",
        "logs.app/dt=2026-11-21/hour=12/_manifest/3-00000000000000000001.parquet",
        "logs.app/dt=2026-11-21/hour=12/3-00000000000000000001.parquet",
        "a b/dt=2026-11-21/hour=12/shop/3-00000000000000000001.parquet",
        f"{FOLDER}/\uff13-00000000000000000001.parquet",
    ],
)
def test_other_names_are_not_ours(name: str) -> None:
    assert object_place(name) is None
    assert manifest_place(name) is None


def entry(first: int, last: int, size: int = 10, **more: object) -> Entry:
    name = f"{FOLDER}/3-{first:020d}.parquet"
    if more.get("replaces"):
        name = f"{FOLDER}/3-{first:020d}-{last:020d}.parquet"
    return Entry(name, size, last - first + 1, first, last, "a", "b", 0, 0, "shop", "", "", **more)  # type: ignore[arg-type]


def test_neighbours_are_put_together_until_they_are_large_enough() -> None:
    made = groups([entry(n, n, 30) for n in range(7)], 100)
    assert [[each.first_offset for each in group.entries] for group in made] == [[0, 1, 2], [3, 4, 5]]


def test_a_large_object_is_left_as_it_is() -> None:
    made = groups([entry(0, 0), entry(1, 1), entry(2, 2, 60), entry(3, 3), entry(4, 4)], 100)
    assert [[each.first_offset for each in group.entries] for group in made] == [[0, 1], [3, 4]]


def test_overlapping_objects_always_become_one() -> None:
    large = entry(0, 9, 900, replaces=((0, 4), (5, 9)))
    (group,) = groups([large, entry(5, 12, 900)], 100)
    assert [each.first_offset for each in group.entries] == [0, 5]
    assert group.name == f"{FOLDER}/3-{0:020d}-{12:020d}.parquet"


def test_what_is_left_behind_is_known_by_its_beginning() -> None:
    large = entry(0, 9, replaces=((0, 4), (5, 9)))
    place = object_place(entry(5, 9).name)
    other = object_place(entry(6, 9).name)
    assert place is not None
    assert other is not None
    assert left_behind(place, [large]) is large
    assert left_behind(other, [large]) is None
    assert left_behind(place, [entry(5, 9)]) is None


rows = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ab"), st.integers(0, 9)), max_size=60)


@given(st.lists(rows, max_size=6), st.integers(50, 3000))
def test_any_tables_become_one_order_with_every_id_once(
    tables: list[list[tuple[int, str, int]]], run_bytes: int
) -> None:
    with SortedRecords(run_bytes) as records:
        for each in tables:
            time, life, offset = zip(*each, strict=True) if each else ((), (), ())
            ids = [f"{t}{life_}{o}" for t, life_, o in each]
            types = (pa.timestamp("ns", tz="UTC"), pa.string(), pa.int64(), pa.string())
            columns = [pa.array(values, type_) for values, type_ in zip((time, life, offset, ids), types, strict=True)]
            records.add(pa.table(columns, names=list(KEYS)))
        found = [id_ for table in records.rows() for id_ in table.column("id").to_pylist()] if tables else []
    assert found == [f"{t}{life}{o}" for t, life, o in sorted({row for each in tables for row in each})]
