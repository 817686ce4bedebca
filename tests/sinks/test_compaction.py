"""Compaction makes few objects of many, keeps every record once, and loses nothing wherever it is interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fastavro
import obstore
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from obstore.store import LocalStore

from sinks.object_storage.compaction import Compaction
from sinks.object_storage.mending import Compacted, LeftAlone
from sinks.object_storage.stored import read_hour
from tests.sinks.archives import TOPIC, archive, chunk, manifest_of, names
from tests.sinks.compactions import AT_NOON, NOON_SECS, compact, fill, ids, objects, record, wanted
from tests.sinks.records import HOUR, NOON, log_record


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path))


def test_many_objects_become_one_with_every_record_once(store: LocalStore, tmp_path: Path) -> None:
    fill(store)
    (made,) = compact(store)
    folder = f"{TOPIC}/dt=2026-11-21/hour=12/shop"
    name = f"{folder}/3-{0:020d}-{19:020d}.parquet"
    assert isinstance(made, Compacted)
    assert (made.name, made.objects, made.records_before, made.records) == (name, 4, 20, 17)
    assert objects(store) == [name]
    assert sorted(ids(store, tmp_path)) == wanted(17)


def test_the_manifest_names_the_new_object_and_what_it_replaces(store: LocalStore) -> None:
    fill(store)
    compact(store)
    manifest = manifest_of(store, TOPIC, AT_NOON, 3)
    assert manifest is not None
    (entry,) = manifest.objects
    assert (entry.records, entry.first_offset, entry.last_offset) == (17, 0, 19)
    assert entry.replaces == ((0, 4), (5, 9), (10, 14), (15, 19))
    assert entry.bytes == read_hour(store, TOPIC, NOON_SECS).objects[0].bytes
    assert (entry.first_timestamp, entry.last_timestamp) == (NOON, NOON + 16_000)


def test_rows_are_in_order_of_time_and_of_their_place_in_the_file(store: LocalStore, tmp_path: Path) -> None:
    same = [log_record(number, timestamp=NOON, namespace="shop") for number in (64, 3, 70, 1, 2)]
    archive(store, dict(enumerate(same[:3])))
    archive(store, dict(enumerate(same[3:], 3)))
    compact(store)
    (path,) = tmp_path.rglob("*.parquet")
    assert pq.read_table(path).column("offset").to_pylist() == [1, 2, 3, 64, 70]


def test_columns_and_values_stay_what_they_were(store: LocalStore, tmp_path: Path) -> None:
    archive(store, {0: record(0)})
    archive(store, {1: record(1)})
    before = [pq.read_table(path) for path in sorted(tmp_path.rglob("*.parquet"))]
    compact(store)
    (path,) = tmp_path.rglob("*.parquet")
    after = pq.read_table(path)
    assert after.schema.remove_metadata() == before[0].schema.remove_metadata()
    assert after.equals(pa.concat_tables(before))


def test_a_second_run_changes_nothing(store: LocalStore) -> None:
    fill(store)
    compact(store)
    before = {name: bytes(obstore.get(store, name).bytes()) for name in names(store)}
    assert compact(store) == []
    assert {name: bytes(obstore.get(store, name).bytes()) for name in names(store)} == before


def test_what_comes_later_joins_what_was_compacted(store: LocalStore, tmp_path: Path) -> None:
    fill(store)
    compact(store)
    archive(store, {20 + index: record(17 + index) for index in range(3)})
    (made,) = compact(store)
    assert isinstance(made, Compacted)
    assert made.name.endswith(f"/3-{0:020d}-{22:020d}.parquet")
    assert objects(store) == [made.name]
    assert sorted(ids(store, tmp_path)) == wanted(20)


def test_objects_stay_below_the_target_size(store: LocalStore, tmp_path: Path) -> None:
    fill(store, objects=6)
    size = max(each.bytes for each in read_hour(store, TOPIC, NOON_SECS).objects)
    made = compact(store, target=int(size * 2.5))
    assert [each.objects for each in made if isinstance(each, Compacted)] == [2, 2, 2]
    assert set(ids(store, tmp_path)) == set(wanted(25))


def test_namespaces_partitions_and_hours_stay_apart(store: LocalStore) -> None:
    for start in (0, 10):
        archive(store, {start: record(start), start + 1: record(start + 1, "dev")})
        archive(store, {start: record(start + 100)}, partition=4)
        late = log_record(start + 500, timestamp=NOON + HOUR, namespace="shop")
        archive(store, {start + 2: late})
    assert len(compact(store)) == 4
    assert [name.partition("hour=")[2].partition("-")[0] for name in objects(store)] == [
        "12/dev/3", "12/shop/3", "12/shop/4", "13/shop/3",
    ]  # fmt: skip


def test_raw_chunks_keep_their_order_and_only_whole_doubles_go(store: LocalStore, tmp_path: Path) -> None:
    chunks = [chunk(0, b"a\n"), chunk(2, b"b\n"), chunk(0, b"a\n"), chunk(0, b"a\nb\n"), chunk(4, b"c\n")]
    for offset, value in enumerate(chunks):
        archive(store, {offset: value}, topic="logs.raw", kind="raw_chunk")
    (made,) = compact(store)
    assert isinstance(made, Compacted)
    (path,) = tmp_path.rglob("*.avro")
    with path.open("rb") as file:
        found: list[Any] = list(fastavro.reader(file))
    assert [each["payload"] for each in found] == [b"a\n", b"b\n", b"a\nb\n", b"c\n"]
    assert found[0] == chunks[0]
    assert made.records == 4


def test_a_dry_run_changes_nothing_and_says_what_it_would_do(store: LocalStore) -> None:
    fill(store)
    before = names(store)
    (would,) = compact(store, dry_run=True)
    assert isinstance(would, Compacted)
    assert would.objects == 4
    assert names(store) == before


def test_hours_in_which_something_was_written_lately_are_left_alone(store: LocalStore) -> None:
    fill(store)
    before = names(store)
    hour = read_hour(store, TOPIC, NOON_SECS)
    (left,) = Compaction(older_than_secs=60).hour(store, hour, hour.modified - 1)
    assert isinstance(left, LeftAlone)
    assert not left.wrong
    assert names(store) == before


def test_an_hour_that_is_not_over_is_left_alone(store: LocalStore) -> None:
    fill(store)
    assert list(Compaction(older_than_secs=60).run(store, [TOPIC], NOON_SECS + 1800.0)) == []


def test_a_damaged_object_is_named_and_others_go_on(store: LocalStore) -> None:
    fill(store)
    archive(store, {0: record(100, "dev")})
    archive(store, {1: record(101, "dev")})
    bad = f"{TOPIC}/dt=2026-11-21/hour=12/dev/3-{0:020d}.parquet"
    whole = bytes(obstore.get(store, bad).bytes())
    obstore.put(store, bad, b"x" * len(whole))
    events = compact(store)
    assert sorted(type(each).__name__ for each in events) == ["Compacted", "LeftAlone"]
    (left,) = [each for each in events if isinstance(each, LeftAlone)]
    assert left.wrong
    assert bad in left.why
    assert bad in names(store)


def test_a_manifest_that_cannot_be_read_stops_its_partition_only(store: LocalStore) -> None:
    fill(store)
    fill(store, partition=4)
    obstore.put(store, f"{TOPIC}/dt=2026-11-21/hour=12/_manifest/3.json", b"{")
    events = compact(store)
    assert sorted(type(each).__name__ for each in events) == ["Compacted", "LeftAlone"]


def test_what_is_not_ours_is_never_touched(store: LocalStore) -> None:
    fill(store)
    foreign = ["notes.txt", "shop/3-1.parquet", "shop/deep/x.parquet", "shop/3-00000000000000000005.csv"]
    for name in foreign:
        obstore.put(store, f"{TOPIC}/dt=2026-11-21/hour=12/{name}", b"mine")
    compact(store)
    kept = [f"{TOPIC}/dt=2026-11-21/hour=12/{name}" for name in foreign]
    assert [bytes(obstore.get(store, name).bytes()) for name in kept] == [b"mine"] * 4
