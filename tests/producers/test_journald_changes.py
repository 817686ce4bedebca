"""The input `journald` while the journal changes under it: rotation, vacuum, new files, numbers given anew."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from producers.core.journald.select import Selection
from producers.journald import libsystemd
from producers.journald.reader import JournalReader, Limits
from schemas.identity import incarnation, source_id
from tests.producers.intake import RecordingIntake
from tests.producers.journal import (
    MOMENT,
    JournalWriter,
    entry,
    noise,
    read_export,
    summary,
    write_journal,
    write_rotated,
)
from tests.producers.journald_run import KEY, messages, reading, shipped

ONE_BY_ONE = {"chunk_max_bytes": 4096}
"""Every entry of these tests is a block of its own."""

PER_FILE = 9
"""So many entries of 500,000 bytes fit into a file."""


def rotated(folder: Path, count: int) -> list[Path]:
    """A journal of several files; their paths, oldest first, the live one last."""
    write_rotated(folder, [entry(at, BIG=noise(at, 500_000)) for at in range(count)])
    return [*sorted(folder.glob("system@*")), folder / "system.journal"]


def read_up_to(folder: Path, seqnum: int) -> RecordingIntake:
    """A producer that was stopped when Kafka had the entries up to a number."""
    intake = RecordingIntake(answers=False)

    async def run() -> None:
        async with reading(folder, intake, **ONE_BY_ONE):
            for _ in range(seqnum):
                await intake.until(lambda: intake.waiting)
                intake.answer()
            await intake.until(lambda: f";i={seqnum:x};" in intake.positions.get(KEY, ""))

    asyncio.run(run())
    return RecordingIntake(positions=intake.positions)


def numbers(intake: RecordingIntake) -> list[int]:
    return [number for _, number, _ in summary(intake.chunks)]


def test_a_rotated_journal_is_read_as_one(tmp_path: Path):
    files = rotated(tmp_path, 40)
    intake = shipped(tmp_path, 40)
    assert len(files) == 5
    assert numbers(intake) == list(range(1, 41))
    assert len({chunk.incarnation for chunk in intake.chunks}) == 1


def test_a_journal_that_is_rotated_while_it_is_read_loses_nothing(tmp_path: Path):
    intake = RecordingIntake()

    async def run() -> None:
        writer = JournalWriter(tmp_path / "system.journal")
        try:
            async with reading(tmp_path, intake):
                for at in range(60):
                    await asyncio.to_thread(writer.write, entry(at, BIG=noise(at, 500_000)))
                await intake.until(lambda: len(numbers(intake)) >= 60)
        finally:
            writer.close()

    asyncio.run(run())
    assert len(list(tmp_path.iterdir())) == 7
    assert numbers(intake) == list(range(1, 61))
    assert intake.losses == []


def test_entries_vacuumed_unread_are_reported_exactly(tmp_path: Path):
    files = rotated(tmp_path, 40)
    second = read_up_to(tmp_path, 3)
    files[0].unlink()
    files[1].unlink()
    shipped(tmp_path, 40 - 2 * PER_FILE, second)
    journal = source_id("node-1", "journald", "system")
    numbering = bytes.fromhex(read_export(second.chunks[0].payload)[0].one("__SEQNUM_ID").decode())
    (loss,) = second.losses
    assert (loss.start, loss.end, loss.open_end, loss.reason) == (4, 2 * PER_FILE + 1, False, "removed")
    assert (loss.source["id"], loss.incarnation) == (journal, incarnation(journal, 0, numbering))
    assert numbers(second) == list(range(2 * PER_FILE + 1, 41))


def test_entries_vacuumed_after_they_were_read_are_no_loss(tmp_path: Path):
    files = rotated(tmp_path, 20)
    second = read_up_to(tmp_path, PER_FILE)
    files[0].unlink()
    shipped(tmp_path, 20 - PER_FILE, second)
    assert (second.losses, numbers(second)) == ([], list(range(PER_FILE + 1, 21)))


def test_entries_vacuumed_while_kafka_is_away_are_reported_exactly(tmp_path: Path):
    files = rotated(tmp_path, 40)
    intake = RecordingIntake()
    intake.full = True

    async def run() -> None:
        async with reading(tmp_path, intake, **ONE_BY_ONE):
            await intake.until(lambda: intake.asked_for_room)
            for file in files[:3]:
                file.unlink()
            intake.make_room()
            await intake.until(lambda: 40 in numbers(intake))

    asyncio.run(run())
    assert [(loss.start, loss.end) for loss in intake.losses] == [(2, 3 * PER_FILE + 1)]
    assert numbers(intake) == [1, *range(3 * PER_FILE + 1, 41)]
    assert intake.counts == {}  # noticed at once, not by an error


def test_numbers_of_units_that_are_not_read_are_no_loss(tmp_path: Path):
    write_journal(tmp_path / "a.journal", [entry(at, f"{'ab'[at % 2]}.service") for at in range(20)])
    intake = shipped(tmp_path, 10, units=["a"])
    assert (numbers(intake), intake.losses, intake.counts) == (list(range(1, 20, 2)), [], {})


def test_a_file_taken_out_of_the_middle_is_counted_as_a_hole(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    rotated(tmp_path, 30)[1].unlink()
    intake = shipped(tmp_path, 30 - PER_FILE)
    assert intake.counts["logferry_producer_errors_total", "journal_hole"] == PER_FILE
    assert ["sequence numbers are missing" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize("before_the_start", [True, False])
def test_a_journal_replaced_by_another_is_a_loss_without_known_end(tmp_path: Path, before_the_start: bool):
    folder, other = tmp_path / "journal", tmp_path / "other"
    write_journal(folder / "a.journal", [entry(at) for at in range(5)])
    write_journal(other / "b.journal", [entry(100 + at, boot="2" * 32) for at in range(5)])
    second = read_up_to_line(folder, 5)
    (folder / "a.journal").unlink()

    async def run() -> None:
        if before_the_start:
            (other / "b.journal").rename(folder / "b.journal")
        async with reading(folder, second):
            (other / "b.journal").exists() and (other / "b.journal").rename(folder / "b.journal")
            await second.until(lambda: len(numbers(second)) == 5)

    asyncio.run(run())
    (loss,) = second.losses
    journal = source_id("node-1", "journald", "system")
    numbering = bytes.fromhex(read_export(second.chunks[0].payload)[0].one("__SEQNUM_ID").decode())
    assert (loss.start, loss.end, loss.open_end) == (6, 6, True)
    assert loss.next_incarnation == incarnation(journal, 0, numbering)


def read_up_to_line(folder: Path, count: int) -> RecordingIntake:
    """A producer that read all of a small journal."""
    first = shipped(folder, count)
    assert f";i={count:x};" in first.positions[KEY]
    return RecordingIntake(positions=first.positions)


def test_entries_that_journald_moved_and_numbered_anew_are_not_shipped_twice(tmp_path: Path):
    run, var = tmp_path / "journal" / "run.journal", tmp_path / "journal" / "var.journal"
    entries = [entry(100 + at) for at in range(8)]
    write_journal(run, entries[:5])
    second = read_up_to_line(tmp_path / "journal", 5)
    run.unlink()
    write_journal(var, [entry(50), *entries])
    shipped(tmp_path / "journal", 3, second)
    assert (messages(second), second.losses) == (["message 105", "message 106", "message 107"], [])


def test_a_folder_that_is_removed_and_made_again_is_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("producers.journald.reader._FILES_INTERVAL_SECS", 0.05)
    monkeypatch.setattr("producers.journald.journald.RETRY_SECS", 0.05)
    folder = tmp_path / "journal"
    write_journal(folder / "a.journal", [entry(0)])
    intake = RecordingIntake()

    async def run() -> None:
        async with reading(folder, intake):
            await intake.until(lambda: numbers(intake) == [1])
            shutil.rmtree(folder)
            await asyncio.to_thread(write_journal, folder / "a.journal", [entry(1)])
            await intake.until(lambda: messages(intake) == ["message 0", "message 1"])

    asyncio.run(run())


def test_an_entry_that_appears_behind_the_reader_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_journal(tmp_path / "a.journal", [entry(0), entry(4)])
    write_journal(tmp_path / "c.journal", [entry(1)])
    look = libsystemd.Journal.process
    looks = []

    def look_and_be_late(journal: libsystemd.Journal) -> int:
        answer = look(journal)
        if not looks:
            write_journal(tmp_path / "b.journal", [entry(3)])  # before a.journal's second entry, by its time
        looks.append(answer)
        return answer

    monkeypatch.setattr(libsystemd.Journal, "process", look_and_be_late)
    reader = JournalReader(str(tmp_path), None, Selection(), Limits(262_144, 4_194_304), clock=lambda: MOMENT / 1e6)
    reader.open(None, "beginning")
    blocks = [reader.read(), reader.read()]
    reader.close()
    entries = [
        each.one("MESSAGE")
        for block in blocks
        for parcel in block.parcels.values()
        for exported in parcel.entries
        for each in read_export(exported)
    ]
    assert sorted(entries) == [b"message 0", b"message 1", b"message 3", b"message 4"]
    assert blocks[0].doubtful


@pytest.mark.parametrize("damage", [b"\0", b"\xff"])
def test_a_file_damaged_in_its_middle_does_not_keep_others_from_being_read(tmp_path: Path, damage: bytes):
    hurt = rotated(tmp_path, 3 * PER_FILE)[1]
    with hurt.open("r+b") as file:
        file.seek(hurt.stat().st_size // 2)
        file.write(damage * (hurt.stat().st_size // 2))
    intake = RecordingIntake()

    async def run() -> None:
        async with reading(tmp_path, intake):
            await intake.until(lambda: f";i={3 * PER_FILE:x};" in intake.positions.get(KEY, ""))

    asyncio.run(run())
    whole = {*range(1, PER_FILE + 1), *range(2 * PER_FILE + 1, 3 * PER_FILE + 1)}
    assert whole <= set(numbers(intake))
    kinds = ("journal_hole", "incomplete_entry")
    assert sum(intake.counts["logferry_producer_errors_total", kind] for kind in kinds) > 0
