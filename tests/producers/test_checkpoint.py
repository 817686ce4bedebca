"""A checkpoint is believed entry by entry or not at all, and a disk that takes no new one keeps the old."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.checkpoint_store import FILE_NAME, CheckpointStore
from producers.core.files.checkpoint import Mark, Marks, mark_from_text, mark_to_text, sealed, unsealed
from schemas.errors import SettingsError

texts = st.text(max_size=20)
numbers = st.integers(0, 2**60)
marks = st.builds(
    Mark,
    source_id=texts,
    path=texts,
    offset=numbers,
    size=numbers,
    ended=st.booleans(),
    open_streams=st.dictionaries(st.sampled_from(["stdout", "stderr"]), texts),
    seen_at=st.floats(0, 1e10),
    inode=numbers,
    start=numbers,
    head_bytes=numbers,
    head=numbers,
    tail=numbers,
    settled=st.one_of(st.just(()), st.tuples(numbers, numbers, numbers, numbers)),
    days=st.lists(st.tuples(numbers, numbers), max_size=3).map(tuple),
)

ONE = Mark("source", "/var/log/x.log", 5, 9, seen_at=1.5)
TWO = Mark("source", "/var/log/y.log", 7, 7, ended=True, open_streams={"stdout": "t"}, seen_at=2.5)
A, B = "00" * 8, "11" * 8


@given(marks)
def test_a_mark_comes_back_as_it_was_saved(mark: Mark) -> None:
    assert mark_from_text(mark_to_text(mark)) == mark


@given(marks, st.data())
def test_a_mark_with_any_byte_changed_is_not_believed(mark: Mark, data: st.DataObject) -> None:
    text = mark_to_text(mark)
    raw = bytearray(text.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = raw.decode(errors="replace")
    assert mark_from_text(damaged) is None or damaged == text


@given(marks, st.data())
def test_a_mark_cut_anywhere_is_not_believed(mark: Mark, data: st.DataObject) -> None:
    text = mark_to_text(mark)
    assert mark_from_text(text[: data.draw(st.integers(0, len(text) - 1))]) is None


@given(st.one_of(st.text(max_size=60), st.none(), st.integers(), st.binary()))
def test_anything_is_a_mark_or_none(text: object) -> None:
    assert mark_from_text(text) is None
    assert unsealed(text) is None


@pytest.mark.parametrize("value", [[], None, 1, {"a": 1}, [1] * 13, [1] * 40, "x"])
def test_a_checksum_alone_makes_no_mark(value: object) -> None:
    assert mark_from_text(sealed(value)) is None


def test_ended_marks_are_forgotten_when_their_files_have_been_gone_for_long() -> None:
    kept = Marks({A: ONE, B: TWO})
    kept.forget_old(3600.1, 3600.0)
    assert (dict(kept.items()), kept.changed, dict(kept.of_source("source"))) == ({A: ONE}, {B}, {A: ONE})


# -- on disk -------------------------------------------------------------------------------------------------------


def opened(folder: Path) -> CheckpointStore:
    store = CheckpointStore(folder)
    store.load()
    return store


def reopened(store: CheckpointStore) -> CheckpointStore:
    """As after a restart of the producer."""
    store.close()
    return opened(store.folder)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CheckpointStore]:
    """A store that holds one mark and one position."""
    made = opened(tmp_path / "state")
    made.marks.add(A, replace(ONE))
    made.advance("journal", "s=1")
    assert made.save()
    yield made
    made.close()


def test_what_was_saved_is_loaded_by_the_next_producer(store: CheckpointStore) -> None:
    store.marks.add(B, replace(TWO))
    assert store.save()
    again = reopened(store)
    assert dict(again.marks.items()) == {A: ONE, B: TWO}
    assert again.positions["journal"] == "s=1"
    again.close()


def test_only_what_changed_is_written_and_what_is_forgotten_goes(store: CheckpointStore) -> None:
    store.marks.add(B, replace(TWO))
    store.save()
    store.marks.saw(B, -3601.0)
    store.marks.forget_old(0.0, 3600.0)
    changed = store.marks.get(A)
    assert changed is not None
    changed.offset = 8
    store.marks.touch(A)
    assert store.is_changed()
    store.save()
    assert not store.is_changed()
    again = reopened(store)
    assert dict(again.marks.items()) == {A: replace(ONE, offset=8)}
    again.close()


def test_what_was_not_saved_before_a_kill_is_as_it_was_before(store: CheckpointStore, tmp_path: Path) -> None:
    store.marks.add(B, replace(TWO))
    copied = tmp_path / "copied"
    copied.mkdir()
    for path in store.folder.glob(f"{FILE_NAME}*"):
        (copied / path.name).write_bytes(path.read_bytes())
    again = opened(copied)
    assert dict(again.marks.items()) == {A: ONE}
    again.close()


@pytest.mark.parametrize(
    "damage", [b"\x00" * 8192, b"\xff" * 5000, b"logferry-checkpoint 1 00000000\n{}\n"], ids=range(3)
)
def test_a_file_that_is_no_checkpoint_is_put_aside_reported_and_not_believed(
    store: CheckpointStore, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store.close()
    (store.folder / FILE_NAME).write_bytes(damage)
    again = opened(store.folder)
    assert len(again.marks) == 0
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    (aside,) = store.folder.glob("*.damaged-*")
    assert aside.read_bytes() == damage
    again.marks.add(B, replace(TWO))
    assert again.save()
    again.close()


def test_a_zeroed_end_as_after_a_power_cut_is_not_believed(
    store: CheckpointStore, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(200):
        store.marks.add(f"{number:016x}", replace(ONE, offset=number))
    store.save()
    store.close()
    whole = (store.folder / FILE_NAME).read_bytes()
    (store.folder / FILE_NAME).write_bytes(whole[: len(whole) // 2] + b"\x00" * (len(whole) - len(whole) // 2))
    again = opened(store.folder)
    assert all(mark == replace(ONE, offset=int(name, 16)) for name, mark in again.marks.items() if name != A)
    assert "not trusted" in caplog.text
    again.close()


def test_one_damaged_entry_costs_no_other(store: CheckpointStore, caplog: pytest.LogCaptureFixture) -> None:
    store.marks.add(B, replace(TWO))
    store.save()
    store.close()
    database = sqlite3.connect(store.folder / FILE_NAME)
    database.execute("UPDATE marks SET mark = replace(mark, 'x.log', 'z.log') WHERE incarnation = ?", (A,))
    database.commit()
    database.close()
    again = opened(store.folder)
    assert dict(again.marks.items()) == {B: TWO}
    assert "1 entries are damaged" in caplog.text
    again.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", tmp_path], check=True)
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_full_disk_keeps_the_old_checkpoint_and_is_reported(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = opened(small_disk)
    store.marks.add(A, replace(ONE))
    assert store.save()
    filling = small_disk / "filling"
    with suppress(OSError), filling.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    for number in range(1, 2001):
        store.marks.add(f"{number:016x}", replace(TWO))
    assert not store.save()
    assert "cannot be written" in caplog.text
    assert store.is_changed()
    filling.unlink()
    for number in range(11, 2001):
        store.marks.changed.discard(f"{number:016x}")
    assert store.save()
    again = reopened(store)
    assert len(again.marks) == 11
    again.close()


def test_a_folder_serves_one_producer_at_a_time(store: CheckpointStore) -> None:
    with pytest.raises(SettingsError, match="another producer"):
        CheckpointStore(store.folder)


def test_a_folder_that_cannot_be_made_says_which(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be used") as caught:
        CheckpointStore(tmp_path / "file" / "state")
    assert str(tmp_path / "file" / "state") in str(caught.value)
