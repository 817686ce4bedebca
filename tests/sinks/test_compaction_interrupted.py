"""What an interrupted compaction or a killed sink leaves is finished by the next run; nothing is lost beside a sink."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastavro
import obstore
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from obstore.store import LocalStore

from sinks.core.manifest import Entry, Manifest, write
from sinks.object_storage import avro_container, parquet
from sinks.object_storage.compaction import Compaction
from sinks.object_storage.mending import Compacted, LeftAlone, Mended
from sinks.object_storage.placement import Placement
from sinks.object_storage.stored import GoneError, read_hour
from sinks.object_storage.told import entry_of
from sinks.object_storage.writer import LocalFiles, objects_of
from tests.sinks.archives import TOPIC, add_to_manifest, archive, buffer, manifest_of, names
from tests.sinks.compactions import AT_NOON, LATER, NOON_SECS, compact, fill, ids, objects, record, wanted
from tests.sinks.records import NOON, message


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path))


class KilledError(BaseException):
    """As good as SIGKILL: nothing that is ours catches it."""


class Steps:
    """Counts what changes the store, and dies at one of them, before or behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken: list[str] = []
        self.die_at: int | None = None
        self.behind = False
        for name in ("create", "replace", "overwrite"):
            monkeypatch.setattr(LocalFiles, name, self._counted("put", getattr(LocalFiles, name)))
        monkeypatch.setattr(obstore, "delete", self._counted("delete", obstore.delete))

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(store: Any, *arguments: Any, **options: Any) -> Any:
            number = len(self.taken)
            self.taken.append(f"{name} {arguments[0]}")
            if number == self.die_at and not self.behind:
                raise KilledError
            result = real(store, *arguments, **options)
            if number == self.die_at:
                raise KilledError
            return result

        return step


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    return Steps(monkeypatch)


def test_the_new_object_is_written_then_named_then_the_old_ones_go(store: LocalStore, steps: Steps) -> None:
    fill(store, objects=2)
    steps.taken.clear()
    compact(store)
    assert [each.rpartition("/")[2] if "put" in each else each.partition(" ")[0] for each in steps.taken] == [
        f"3-{0:020d}-{9:020d}.parquet", "3.json", "delete", "delete",
    ]  # fmt: skip


@pytest.mark.parametrize("how", [{}, {"avro": True}, {"both_ends": True}], ids=["parquet", "avro", "both_ends"])
@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("number", range(6))
def test_killed_at_any_step_nothing_is_lost_and_the_next_run_finishes(
    tmp_path: Path, steps: Steps, number: int, behind: bool, how: dict[str, bool]
) -> None:
    store = LocalStore(str(tmp_path))
    fill(store, **how)
    expected = set(wanted(17))
    steps.taken.clear()
    steps.die_at, steps.behind = number, behind
    with pytest.raises(KilledError):
        compact(store)
    assert _ids(tmp_path) >= expected  # whoever reads now meets doubles at most
    steps.die_at = None
    events = compact(store)
    assert [each for each in events if isinstance(each, LeftAlone)] == []
    assert len(objects(store)) == 1
    assert _ids(tmp_path) == expected
    assert len(_all_ids(tmp_path)) == 17
    manifest = manifest_of(store, TOPIC, AT_NOON, 3)
    assert manifest is not None
    assert [(each.name, each.records) for each in manifest.objects] == [(objects(store)[0], 17)]


def _all_ids(root: Path) -> list[str]:
    found: list[str] = []
    for path in root.rglob("3-*"):
        if path.suffix == ".parquet":
            found += pq.read_table(path, columns=["id"]).column("id").to_pylist()
        else:
            with path.open("rb") as file:
                found += [each["id"] for each in fastavro.reader(file)]  # type: ignore[index,call-overload]
    return found


def _ids(root: Path) -> set[str]:
    return set(_all_ids(root))


def test_a_manifest_that_a_sink_wrote_back_is_mended(store: LocalStore, tmp_path: Path) -> None:
    fill(store)
    before = manifest_of(store, TOPIC, AT_NOON, 3)
    assert before is not None
    compact(store)
    named = manifest_of(store, TOPIC, AT_NOON, 3)
    obstore.put(store, before.name, write(before))  # it had read the manifest before, and wrote it behind
    (mended,) = compact(store)
    assert isinstance(mended, Mended)
    assert manifest_of(store, TOPIC, AT_NOON, 3) == named
    assert sorted(ids(store, tmp_path)) == wanted(17)


def test_an_old_object_that_was_written_again_meanwhile_is_not_deleted(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sink that starts again may make an object longer, under its old name, between reading and deleting it."""
    fill(store, objects=2)
    real = obstore.head
    longer = {index: record(index) for index in range(8)}

    def head(store_: Any, name: str) -> Any:
        if name.endswith(f"3-{0:020d}.parquet"):
            monkeypatch.setattr(obstore, "head", real)
            archive(store, longer)
        return real(store_, name)

    monkeypatch.setattr(obstore, "head", head)
    compact(store)
    assert any(name.endswith(f"3-{0:020d}.parquet") for name in objects(store))
    assert {each["id"] for each in longer.values()} <= set(ids(store, tmp_path))
    compact(store)
    assert len(objects(store)) == 1
    assert {each["id"] for each in longer.values()} <= set(ids(store, tmp_path))


def test_what_was_left_behind_stays_when_not_all_of_it_is_in_the_new_object(store: LocalStore) -> None:
    fill(store)
    compact(store)
    archive(store, {0: record(999)}, manifests=False)  # the same name, other records
    (left,) = compact(store)
    assert isinstance(left, LeftAlone)
    assert left.name in names(store)


def test_an_object_that_goes_away_meanwhile_ends_only_its_partition(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    hour = read_hour(store, TOPIC, NOON_SECS)
    obstore.delete(store, hour.objects[0].name)
    (left,) = Compaction().hour(store, hour, LATER)
    assert isinstance(left, LeftAlone)
    assert not left.wrong


def test_manifest_entries_of_others_survive(store: LocalStore) -> None:
    fill(store)
    other = Entry("x", 1, 1, 90, 90, "", "", 0, 0, "dev", "")
    add_to_manifest(store, TOPIC, AT_NOON, 3, [other])
    compact(store)
    manifest = manifest_of(store, TOPIC, AT_NOON, 3)
    assert isinstance(manifest, Manifest)
    assert other in manifest.objects


def test_gone_is_told_apart_from_unreachable(store: LocalStore) -> None:
    from sinks.object_storage.contents import content_of

    fill(store)
    each = read_hour(store, TOPIC, NOON_SECS).objects[0]
    obstore.delete(store, each.name)
    with pytest.raises(GoneError):
        content_of(store, each)


# -- beside a sink


def test_objects_that_no_manifest_names_are_named_by_what_they_say_of_themselves(
    store: LocalStore, tmp_path: Path
) -> None:
    """A sink died before the manifest, and another one wrote the same records under other names."""
    fill(store, manifests=False)
    events = compact(store)
    assert [type(each) for each in events] == [Mended] * 4 + [Compacted]
    assert len(objects(store)) == 1
    assert sorted(ids(store, tmp_path)) == wanted(17)


def test_a_manifest_that_does_not_know_how_long_an_object_has_become_is_mended(
    store: LocalStore, tmp_path: Path
) -> None:
    """A sink died behind making an object longer, while another one still listed what it was before."""
    archive(store, {0: record(0)})
    archive(store, {index: record(index) for index in range(3)}, manifests=False)
    (mended,) = compact(store)
    assert isinstance(mended, Mended)
    manifest = manifest_of(store, TOPIC, AT_NOON, 3)
    assert manifest is not None
    assert [(each.first_offset, each.last_offset, each.records) for each in manifest.objects] == [(0, 2, 3)]
    assert ids(store, tmp_path) == wanted(3)


def test_a_manifest_does_not_forget_what_an_object_held_before(store: LocalStore) -> None:
    """Somebody has put an older version of it back."""
    archive(store, {index: record(index) for index in range(3)})
    before = manifest_of(store, TOPIC, AT_NOON, 3)
    archive(store, {0: record(0)}, manifests=False)
    (left,) = compact(store)
    assert isinstance(left, LeftAlone)
    assert left.why == "it ends at offset 0, its manifest says 2"
    assert manifest_of(store, TOPIC, AT_NOON, 3) == before


def test_an_object_of_another_place_is_left_alone(store: LocalStore) -> None:
    archive(store, {0: record(0, "dev")}, manifests=False)
    name = objects(store)[0]
    obstore.rename(store, name, name.replace("/dev/", "/shop/"))
    (left,) = compact(store)
    assert isinstance(left, LeftAlone)
    assert left.why == "it does not say that it belongs here"


def test_an_object_that_does_not_say_what_it_is_is_left_alone(store: LocalStore) -> None:
    fill(store)
    name = f"{TOPIC}/dt=2026-11-21/hour=12/shop/3-{99:020d}.parquet"
    table = pa.table({"id": ["a"], "timestamp": pa.array([NOON], pa.timestamp("ns", "UTC"))})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    obstore.put(store, name, sink.getvalue().to_pybytes())
    events = compact(store)
    assert [type(each) for each in events] == [LeftAlone, Compacted]
    assert name in names(store)


@pytest.mark.parametrize("avro", [False, True])
def test_the_new_object_says_of_itself_what_the_manifest_does(store: LocalStore, tmp_path: Path, avro: bool) -> None:
    fill(store, avro=avro)
    compact(store)
    manifest = manifest_of(store, TOPIC, AT_NOON, 3)
    assert manifest is not None
    (path,) = (path for path in tmp_path.rglob("3-*") if path.suffix != ".json")
    body = path.read_bytes()
    told = (avro_container if avro else parquet).told_by(body)
    assert told is not None
    assert told["records"] == 17
    assert entry_of(told, manifest.objects[0].name, body) == manifest.objects[0]


def test_a_sink_finds_a_compacted_object_under_its_own_name(store: LocalStore, tmp_path: Path) -> None:
    """In a store without conditions a sink names objects by both ends, as a compaction does."""
    fill(store, objects=2, both_ends=True)
    late = buffer(TOPIC, 3, avro=False)
    values = [*(record(index) for index in range(5)), *(record(index) for index in range(4, 9))]
    late.take(late.read([message(offset, value) for offset, value in enumerate(values)]), 0.0)  # type: ignore[arg-type]
    (made,) = late.cut([each.key for each in late.open()])
    compact(store)
    placement = Placement(objects_of(store))
    placement.conditional = False
    entry = placement.put(made)
    placement.list_in_manifest(TOPIC, AT_NOON, 3, [entry])
    manifest = manifest_of(store, TOPIC, AT_NOON, 3)
    assert manifest is not None
    assert [(each.name, each.last_offset) for each in manifest.objects] == [(objects(store)[0], 9)]
    assert set(ids(store, tmp_path)) == set(wanted(9))


def test_a_compacted_object_with_a_hole_does_not_stand_for_what_is_not_in_it(store: LocalStore, tmp_path: Path) -> None:
    archive(store, {0: record(0)}, both_ends=True)
    archive(store, {2: record(2)}, both_ends=True)
    compact(store)
    late = buffer(TOPIC, 3, avro=False)
    late.take(late.read([message(offset, record(offset)) for offset in range(3)]), 0.0)  # type: ignore[arg-type]
    (made,) = late.cut([each.key for each in late.open()])
    placement = Placement(objects_of(store))
    placement.conditional = False
    assert placement.put(made) == made.named_by_both_ends().entry
    assert set(ids(store, tmp_path)) == set(wanted(3))
