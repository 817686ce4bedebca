"""Objects are written whole, durably, and over nothing that was not looked at."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from runtime.object_store import STORE_OPTIONS, open_store
from schemas.errors import SettingsError
from sinks.object_storage import writer
from sinks.object_storage.placement import Placement
from sinks.object_storage.writer import LocalFiles, Objects, RemoteObjects, StoreError, objects_of

NAME = "logs.app/dt=2026-11-21/hour=12/shop/3-00000000000000000100.parquet"


@pytest.fixture(params=["local", "remote"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    return objects_of(LocalStore(tmp_path) if request.param == "local" else MemoryStore())


def test_a_folder_and_a_store_are_written_in_their_own_ways(tmp_path):
    assert isinstance(objects_of(LocalStore(tmp_path)), LocalFiles)
    assert isinstance(objects_of(MemoryStore()), RemoteObjects)


def test_nothing_is_created_where_something_is(objects):
    assert objects.create(NAME, b"one")
    assert not objects.create(NAME, b"other")
    assert objects.read(NAME).body == b"one"


def test_only_the_version_that_was_looked_at_is_replaced(objects):
    objects.create(NAME, b"one")
    seen = objects.read(NAME).version
    assert objects.replace(NAME, b"two", seen)
    assert not objects.replace(NAME, b"three", seen)
    assert objects.read(NAME).body == b"two"


def test_what_is_gone_is_not_replaced(objects):
    assert not objects.replace(NAME, b"two", "version")
    assert objects.read(NAME) is None


def test_something_can_be_written_whatever_is_there(objects):
    for body in (b"one", b"two"):
        objects.overwrite(NAME, body)
        assert objects.read(NAME).body == body


def test_a_store_that_keeps_its_word_is_known(objects):
    for _ in range(2):
        placement = Placement(objects)
        placement.probe()
        assert placement.conditional


def test_a_store_that_knows_no_conditions_is_known():
    class Old(RemoteObjects):
        def create(self, name: str, body: bytes) -> bool:
            self.overwrite(name, body)
            return True

    placement = Placement(Old(MemoryStore()))
    placement.probe()
    assert not placement.conditional


def test_files_are_synced_before_they_are_named_and_folders_after(tmp_path, monkeypatch):
    seen: list[tuple[str, bool]] = []

    def fsync(descriptor: int) -> None:
        seen.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, (tmp_path / "a/b/x").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    assert LocalFiles(tmp_path).create("a/b/x", b"one")
    assert seen == [(tmp_path.name, False), ("a", False), (".x.tmp", False), ("b", True)]


def test_whoever_looks_and_then_writes_in_a_folder_does_so_alone(tmp_path):
    looked, written = LocalFiles(tmp_path), LocalFiles(tmp_path)
    with ThreadPoolExecutor(1) as threads:
        with looked.alone("shop/x"):
            late = threads.submit(written.create, "shop/x", b"one")
            with pytest.raises(TimeoutError):
                late.result(0.2)
            assert looked.read("shop/x") is None
        assert late.result(10)


def test_a_failed_write_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch):
    files = LocalFiles(tmp_path)
    files.create("x", b"one")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as told:
        files.overwrite("x", b"two")
    assert (told.value.kind, told.value.where) == ("disk_full", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"one"


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / ".old.tmp").write_bytes(b"half")
    LocalFiles(tmp_path).create("x", b"one")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_large_body_goes_up_in_parts(monkeypatch):
    monkeypatch.setattr(writer, "SINGLE_PUT_BYTES", 10)
    monkeypatch.setattr(writer, "PART_BYTES", 4)
    store = RemoteObjects(MemoryStore())
    store.overwrite("x", bytes(range(30)))
    found = store.read("x")
    assert found is not None
    assert found.body == bytes(range(30))
    with pytest.raises(writer.Unconditional):
        store.create("y", bytes(11))


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (PermissionError("no"), "no_access"),
        (FileNotFoundError("NoSuchBucket"), "no_bucket"),
        (OSError(28, "full"), "disk_full"),
        (OSError("Server returned non-2xx status code: 503 SlowDown"), "throttled"),
        (OSError("operation timed out"), "timeout"),
        (OSError("error sending request"), "unreachable"),
        (OSError("something"), "failed"),
    ],
)
def test_every_failure_has_a_kind_and_a_remedy(problem, kind):
    with pytest.raises(StoreError) as told, writer.explained("x"):
        raise problem
    assert told.value.kind == kind
    assert told.value.remedy


@pytest.mark.parametrize("url", ["s3://bucket/a", "gs://bucket/a", "az://container/a"])
def test_an_unknown_option_is_a_mistake_that_names_those_that_are_known(url):
    with pytest.raises(SettingsError) as told:
        open_store(url, {"skip_signatur": "true"})
    assert told.value.problem == "the object store has no option skip_signatur"
    assert told.value.remedy.startswith("did you mean skip_signature? Options are ")


def test_a_folder_takes_no_options(tmp_path):
    with pytest.raises(SettingsError, match="a folder takes no options"):
        open_store(f"file://{tmp_path}", {"region": "here"})


@pytest.mark.parametrize(
    ("scheme", "option"), [(scheme, each) for scheme in STORE_OPTIONS for each in STORE_OPTIONS[scheme]]
)
def test_every_option_that_is_named_exists(scheme, option):
    assert "has no option" not in problem_of(f"{scheme}://bucket/a", option)


def problem_of(url: str, option: str) -> str:
    try:
        open_store(url, {option: "true"})
    except SettingsError as error:
        return error.problem
    return ""


def test_who_only_reads_is_told_of_a_folder_that_is_not_there_and_makes_none(tmp_path):
    missing = tmp_path / "archvie"
    with pytest.raises(SettingsError, match="no such folder"):
        open_store(f"file://{missing}", {})
    assert not missing.exists()
    open_store(f"file://{missing}", {}, create=True)
    assert missing.is_dir()
