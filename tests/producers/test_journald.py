"""The input `journald` over real journal files: what is shipped, and what is remembered."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

import pytest

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
)
from tests.producers.journald_run import KEY, messages, reading, shipped


def test_entries_arrive_as_they_are_in_the_journal_binary_and_repeated_fields_too(tmp_path: Path):
    write_journal(tmp_path / "a.journal", [entry(0, TAG=[b"one", b"two"], RAW=b"\xff\xfe\x00\n", TEXT="zwei\tWörter")])
    (chunk,) = shipped(tmp_path, 1).chunks
    (exported,) = read_export(chunk.payload)
    assert (exported.all("TAG"), exported.one("RAW"), exported.one("TEXT").decode(), exported.one("MESSAGE")) == (
        [b"one", b"two"], b"\xff\xfe\x00\n", "zwei\tWörter", b"message 0"
    )  # fmt: skip
    assert exported.one("__REALTIME_TIMESTAMP") == str(MOMENT).encode()


def test_a_chunk_is_identified_by_unit_sequence_number_id_and_number(tmp_path: Path):
    write_journal(tmp_path / "a.journal", [entry(0), entry(1, "crio.service"), entry(2)])
    chunks = shipped(tmp_path, 3).chunks
    source = source_id("node-1", "journald", "system", "kubelet.service")
    numbering = bytes.fromhex(read_export(chunks[0].payload)[0].one("__SEQNUM_ID").decode())
    kubelet, crio = chunks
    assert kubelet.source == {
        "id": source, "node": "node-1", "kind": "journald", "framing": "journald", "encoding": None,
        "tag": "host.kubelet", "container": None,
    }  # fmt: skip
    assert (kubelet.incarnation, kubelet.offset, kubelet.lines) == (incarnation(source, 0, numbering), 1, 2)
    assert (crio.source["tag"], crio.offset, crio.lines, crio.path) == ("host.crio", 2, 1, str(tmp_path))


def test_each_unit_keeps_its_order_over_files_and_boots(tmp_path: Path):
    first, second = "1" * 32, "2" * 32
    write_journal(
        tmp_path / "a.journal", [entry(at, ["a.service", "b.service"][at % 2], boot=first) for at in range(50)]
    )
    write_journal(tmp_path / "b.journal", [entry(100 + at, "a.service", boot=second) for at in range(50)])
    arrived = summary(shipped(tmp_path, 100).chunks)
    of_a = [message.decode() for tag, _, message in arrived if tag == "host.a"]
    assert of_a == [f"message {at}" for at in range(0, 50, 2)] + [f"message {at}" for at in range(100, 150)]


def test_only_what_the_settings_select_is_shipped(tmp_path: Path):
    write_journal(
        tmp_path / "a.journal",
        [
            entry(0, PRIORITY="3"),
            entry(1, PRIORITY="7"),
            entry(2, "kube-proxy.service", PRIORITY="4"),
            entry(3, "logferry.service", PRIORITY="3"),
            entry(4, "init.scope", UNIT="kubelet.service", PRIORITY="4"),
            entry(5, "kubelet.service", PRIORITY="2"),
        ],
    )
    arrived = shipped(tmp_path, 4, units=["kube*", "logferry"], exclude_units=["logferry"], max_priority="warning")
    assert summary(arrived.chunks) == [
        ("host.kubelet", 1, b"message 0"), ("host.kubelet", 5, b"message 4"), ("host.kubelet", 6, b"message 5"),
        ("host.kube-proxy", 3, b"message 2"),
    ]  # fmt: skip


def test_the_position_passes_what_is_not_selected(tmp_path: Path):
    write_journal(tmp_path / "a.journal", [entry(0), entry(1, "other.service")])
    intake = RecordingIntake()

    async def run() -> None:
        async with reading(tmp_path, intake, units=["kubelet"]):
            await intake.until(lambda: ";i=2;" in intake.positions.get(KEY, ""))

    asyncio.run(run())
    assert messages(intake) == ["message 0"]


def test_chunks_are_cut_between_entries_and_a_long_entry_is_one_of_its_own(tmp_path: Path):
    entries = [entry(at, BIG=noise(at, 3000)) for at in range(10)] + [entry(10, BIG=noise(10, 100_000)), entry(11)]
    write_journal(tmp_path / "a.journal", entries)
    chunks = shipped(tmp_path, 12, chunk_max_bytes=8192).chunks
    assert [chunk.lines for chunk in chunks] == [2, 2, 2, 2, 2, 1, 1]
    assert [read_export(chunk.payload)[0].one("__SEQNUM") for chunk in chunks] == [
        b"%d" % chunk.offset for chunk in chunks
    ]


def test_of_an_entry_that_is_too_long_the_longest_field_is_cut_and_it_says_so(tmp_path: Path):
    write_journal(tmp_path / "a.journal", [entry(0, COREDUMP=noise(0, 300_000), ZEROS=b"\0" * 500_000)])
    intake = shipped(tmp_path, 1, entry_max_bytes=200_000)
    (exported,) = read_export(intake.chunks[0].payload)
    assert exported.one("MESSAGE") == b"message 0"
    assert sorted(exported.one("LOGFERRY_INCOMPLETE").split(b": ")[1].split(b", ")) == [b"COREDUMP", b"ZEROS"]
    assert 190_000 < len(intake.chunks[0].payload) < 201_000
    assert intake.counts["logferry_producer_errors_total", "incomplete_entry"] == 1


def test_an_entry_of_three_million_bytes_arrives_whole(tmp_path: Path):
    write_journal(tmp_path / "a.journal", [entry(0, COREDUMP=noise(0, 3_000_000), ZEROS=b"\0" * 500_000)])
    (exported,) = read_export(shipped(tmp_path, 1).chunks[0].payload)
    assert (exported.one("COREDUMP"), exported.one("ZEROS")) == (noise(0, 3_000_000), b"\0" * 500_000)


def test_new_entries_arrive_within_a_quarter_of_a_second(tmp_path: Path):
    intake, late = RecordingIntake(), []

    async def run() -> None:
        writer = JournalWriter(tmp_path / "a.journal")
        try:
            async with reading(tmp_path, intake):
                for at in range(10):
                    written = time.monotonic()
                    writer.write(entry(at))
                    await intake.until(lambda: len(messages(intake)) > at)  # noqa: B023
                    late.append(time.monotonic() - written)
                writer.close()
        finally:
            writer.kill()

    asyncio.run(run())
    assert messages(intake) == [f"message {at}" for at in range(10)]
    assert sorted(late[1:])[4] < 0.25


def test_what_was_read_and_not_kept_is_shipped_again_under_the_same_ids(tmp_path: Path):
    write_journal(tmp_path / "a.journal", [entry(at, BIG=noise(at, 4096)) for at in range(20)])
    intake = RecordingIntake(answers=False)

    async def killed() -> None:
        async with reading(tmp_path, intake, chunk_max_bytes=4096):
            await intake.until(lambda: len(intake.waiting) == 10)
            intake.answer(0)
            intake.answer(2)  # kept out of turn: does not count before those ahead of it
            await intake.until(lambda: KEY in intake.positions)

    asyncio.run(killed())
    assert ";i=1;" in intake.positions[KEY]
    second = shipped(tmp_path, 19, RecordingIntake(positions=intake.positions), chunk_max_bytes=4096)
    before = {(chunk.incarnation, chunk.offset): chunk.payload for chunk in intake.chunks}
    after = {(chunk.incarnation, chunk.offset): chunk.payload for chunk in second.chunks}
    assert messages(second) == [f"message {at}" for at in range(1, 20)]
    assert {key: after[key] for key in before if key[1] > 1} == {
        key: payload for key, payload in before.items() if key[1] > 1
    }
    assert second.losses == []


def test_reading_stops_while_there_is_no_room(tmp_path: Path):
    write_journal(tmp_path / "a.journal", [entry(at, BIG=noise(at, 3000)) for at in range(20)])
    intake = RecordingIntake()
    intake.full = True

    async def run() -> None:
        async with reading(tmp_path, intake, chunk_max_bytes=4096, poll_interval_secs=0.01):
            await intake.until(lambda: intake.asked_for_room)
            assert intake.chunks == []
            intake.make_room()
            await intake.until(lambda: len(messages(intake)) == 20)

    asyncio.run(run())


def test_no_more_blocks_are_in_flight_than_allowed(tmp_path: Path):
    write_journal(tmp_path / "a.journal", [entry(at, BIG=noise(at, 5000)) for at in range(20)])
    intake = RecordingIntake(answers=False)
    most = 0

    async def run() -> None:
        nonlocal most
        async with reading(tmp_path, intake, chunk_max_bytes=4096, blocks_in_flight=3):
            for _ in range(20):
                await intake.until(lambda: len(intake.waiting) == min(3, 20 - len(done)))
                most = max(most, len(intake.waiting))
                done.append(intake.waiting[0][0])
                intake.answer(0)

    done: list[Any] = []
    asyncio.run(run())
    assert (most, len(done)) == (3, 20)


@pytest.mark.parametrize(("start_at", "expected"), [("beginning", ["message 0", "message 1"]), ("end", ["message 1"])])
def test_a_new_input_begins_where_the_settings_say(tmp_path: Path, start_at: str, expected: list[str]):
    write_journal(tmp_path / "a.journal", [entry(0)])
    intake = RecordingIntake()

    async def run() -> None:
        async with reading(tmp_path, intake, start_at=start_at):
            await intake.until(lambda: KEY in intake.positions)
            await asyncio.to_thread(write_journal, tmp_path / "a.journal", [entry(1)])
            await intake.until(lambda: "message 1" in messages(intake))

    asyncio.run(run())
    assert messages(intake) == expected


def test_start_at_boot_begins_with_the_first_entry_since_this_machine_started(tmp_path: Path):
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
    write_journal(tmp_path / "a.journal", [entry(0), entry(1), entry(2, boot=boot), entry(3, boot=boot)])
    assert messages(shipped(tmp_path, 2, start_at="boot")) == ["message 2", "message 3"]


def test_an_empty_journal_read_from_its_end_is_read_from_there_also_after_a_restart(tmp_path: Path):
    intake = RecordingIntake()

    async def run() -> None:
        async with reading(tmp_path, intake, start_at="end"):
            await intake.until(lambda: KEY in intake.positions)

    asyncio.run(run())
    write_journal(tmp_path / "a.journal", [entry(0)])
    assert messages(shipped(tmp_path, 1, RecordingIntake(positions=intake.positions), start_at="end")) == ["message 0"]


def test_a_damaged_position_is_said_and_all_is_read(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    write_journal(tmp_path / "a.journal", [entry(0)])
    assert messages(shipped(tmp_path, 1, RecordingIntake(positions={KEY: "s=nonsense"}), start_at="end")) == [
        "message 0"
    ]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("producers.journald.journald.RETRY_SECS", 0.05)
    intake = RecordingIntake()

    async def run() -> None:
        async with reading(tmp_path / "later", intake):
            await intake.until(lambda: intake.counts["logferry_producer_errors_total", "journal"])
            await asyncio.to_thread(write_journal, tmp_path / "later" / "a.journal", [entry(0)])
            await intake.until(lambda: messages(intake) == ["message 0"])

    asyncio.run(run())


def test_a_damaged_file_is_passed_over_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("producers.journald.reader._FILES_INTERVAL_SECS", 0.05)
    write_journal(tmp_path / "a.journal", [entry(0)])
    (tmp_path / "b.journal").write_bytes(b"LPKSHHRH" + bytes(8 * 1024 * 1024))
    intake = RecordingIntake()

    async def run() -> None:
        async with reading(tmp_path, intake):
            await intake.until(lambda: intake.counts["logferry_producer_errors_total", "damaged_journal_file"])
            await intake.until(lambda: messages(intake) == ["message 0"])

    asyncio.run(run())
    (record,) = caplog.records
    assert (record.levelno, "b.journal" in record.getMessage()) == (logging.WARNING, True)
