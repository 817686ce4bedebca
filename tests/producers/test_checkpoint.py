"""A checkpoint is believed whole or not at all, and a disk that takes no new one keeps the old."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.checkpoint_store import CheckpointStore
from producers.core.checkpoint import Mark, Marks, forget_old, from_text, to_text
from schemas.errors import SettingsError

texts = st.text(max_size=20)
marks = st.dictionaries(
    st.binary(min_size=8, max_size=8).map(bytes.hex),
    st.builds(
        Mark,
        source_id=texts,
        path=texts,
        offset=st.integers(0, 2**60),
        size=st.integers(0, 2**60),
        ended=st.booleans(),
        open_streams=st.dictionaries(st.sampled_from(["stdout", "stderr"]), texts),
        seen_at=st.floats(0, 1e10),
    ),
    max_size=4,
)

ONE: Marks = {"00" * 8: Mark("source", "/var/log/x.log", 5, 9, ended=False, open_streams={}, seen_at=1.5)}
TWO: Marks = {"11" * 8: Mark("source", "/var/log/y.log", 7, 7, ended=True, open_streams={"stdout": "t"}, seen_at=2.5)}


@given(marks)
def test_a_checkpoint_comes_back_as_it_was_saved(saved: Marks) -> None:
    assert from_text(to_text(saved)) == saved


@given(marks, st.data())
def test_a_checkpoint_with_any_byte_changed_is_not_believed(saved: Marks, data: st.DataObject) -> None:
    raw = bytearray(to_text(saved).encode())
    at = data.draw(st.integers(0, len(raw) - 2))  # the last byte is the line end, which says nothing
    raw[at] ^= data.draw(st.integers(1, 255))
    assert from_text(raw.decode(errors="replace")) in (None, saved)
    assert from_text(raw.decode(errors="replace")) is None or raw.decode() == to_text(saved)


@given(marks, st.data())
def test_a_checkpoint_cut_anywhere_is_not_believed(saved: Marks, data: st.DataObject) -> None:
    text = to_text(saved)
    assert from_text(text[: data.draw(st.integers(0, len(text) - 2))]) is None


@given(st.text(max_size=200))
def test_any_text_is_a_checkpoint_or_none(text: str) -> None:
    assert from_text(text) is None


@pytest.mark.parametrize("body", ["[]", "null", "1", '{"a":1}', '{"a":{}}', '{"a":{"offset":1}}', "{", ""])
def test_a_checksum_alone_makes_no_checkpoint(body: str) -> None:
    import zlib

    head = to_text({}).split(" ")[:2]
    assert from_text(f"{' '.join(head)} {zlib.crc32(body.encode()):08x}\n{body}\n") is None


def test_ended_marks_are_forgotten_when_their_files_have_been_gone_for_long() -> None:
    kept = {**ONE, **TWO}
    forget_old(kept, 3602.6, 3600.0)
    assert kept == ONE


# -- on disk -------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CheckpointStore]:
    opened = CheckpointStore(tmp_path)
    yield opened
    opened.close()


def test_what_was_saved_is_loaded_by_the_next_producer(tmp_path: Path) -> None:
    first = CheckpointStore(tmp_path / "state")
    assert first.load() == {}
    assert first.save(ONE)
    assert first.save(TWO)
    first.close()
    second = CheckpointStore(tmp_path / "state")
    assert second.load() == TWO
    second.close()


@pytest.mark.parametrize(
    "damage", [b"", b"\x00" * 200, b"\xff" * 50, b"logferry-checkpoint 1 00000000\n{}\n"], ids=range(4)
)
def test_a_damaged_checkpoint_is_reported_and_not_believed(
    store: CheckpointStore, tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store.save(ONE)
    (tmp_path / "checkpoint").write_bytes(damage)
    assert store.load() == {}
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_zeroed_tail_as_after_a_power_cut_is_not_believed(store: CheckpointStore, tmp_path: Path) -> None:
    store.save({**ONE, **TWO})
    whole = (tmp_path / "checkpoint").read_bytes()
    (tmp_path / "checkpoint").write_bytes(whole[:-30] + b"\x00" * 30)
    assert store.load() == {}


def test_a_checkpoint_half_written_beside_the_old_one_is_not_looked_at(store: CheckpointStore, tmp_path: Path) -> None:
    store.save(ONE)
    (tmp_path / "checkpoint.new").write_text("logferry-check")
    assert store.load() == ONE


def test_a_full_disk_keeps_the_old_checkpoint_and_is_reported(
    store: CheckpointStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert store.save(ONE)
    (tmp_path / "checkpoint.new").symlink_to("/dev/full")
    assert not store.save(TWO)
    assert store.load() == ONE
    assert "No space left" in caplog.text
    (tmp_path / "checkpoint.new").unlink()
    assert store.save(TWO)
    assert store.load() == TWO


def test_a_checkpoint_that_cannot_be_put_in_place_keeps_the_old_one(store: CheckpointStore, tmp_path: Path) -> None:
    assert store.save(ONE)
    (tmp_path / "checkpoint.new").mkdir()
    assert not store.save(TWO)
    assert store.load() == ONE


def test_two_producers_never_share_a_checkpoint(tmp_path: Path) -> None:
    first = CheckpointStore(tmp_path)
    with pytest.raises(SettingsError, match="another producer"):
        CheckpointStore(tmp_path)
    first.close()
    CheckpointStore(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="cannot be used"):
        CheckpointStore(tmp_path / "file" / "state")
