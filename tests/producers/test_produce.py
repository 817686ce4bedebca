"""What an earlier run had not finished is lost only when no scan finds it. No broker listens here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from producers.checkpoint_store import CheckpointStore
from producers.core.files.checkpoint import Mark
from producers.earlier import EARLIER_SECS
from producers.produce import NodeProducer
from producers.reader import HEARD_SECS
from schemas.identity import incarnation, source_id
from tests.producers.unheard import unheard_producer

LINE = b"2026-11-21T01:02:03Z stdout F hello\n"
SOURCE = source_id("node-1", "container_files", "dev", "shop-0", "uid-1", "app")
LIFE = incarnation(SOURCE, 0, LINE[:-1]).hex()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pods" / "dev_shop-0_uid-1" / "app"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def producer(tmp_path: Path, folder: Path) -> Iterator[NodeProducer]:
    """A producer whose checkpoint says that it had read a part of a file."""
    store = CheckpointStore(tmp_path / "state")
    store.load()
    store.marks.add(LIFE, Mark(SOURCE, f"{folder}/0.log", 10, 36, seen_at=time.time()))
    store.save()
    store.close()
    text = f"""\
producer: {{node: node-1, state_folder: {tmp_path / "state"}}}
inputs: {{containers: {{type: container_files, path: "{tmp_path}/pods/*/*/*.log"}}}}
"""
    with unheard_producer(text) as made:
        yield made


def lost(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "lost from byte" in record.getMessage()]


def look(producer: NodeProducer, secs: float) -> None:
    """As its loop does, for a while."""
    until = time.monotonic() + secs
    while (now := time.monotonic()) < until:
        producer.files.look(now)
        producer.files.read_round(now)
        producer.files.hear(0.05)


def test_a_file_that_was_rotated_meanwhile_is_not_lost(
    producer: NodeProducer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "0.log.20261121-010204").write_bytes(LINE)
    (folder / "0.log").write_bytes(LINE.replace(b"03Z", b"05Z"))
    look(producer, EARLIER_SECS + 1.5)
    assert lost(caplog) == []
    mark = producer._store.marks.get(LIFE)
    assert mark is not None
    assert not mark.ended, "not acknowledged, so it must be sent again after a crash"


def test_a_file_that_is_gone_is_reported_with_the_range_that_is_lost(
    producer: NodeProducer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    look(producer, EARLIER_SECS + 1.5)
    (message,) = lost(caplog)
    assert "lost from byte 10, at least 26 bytes: removed" in message
    mark = producer._store.marks.get(LIFE)
    assert mark is not None
    assert not mark.ended, "the ledger does not have it yet, so the next run reports it again"


def test_a_file_that_cannot_be_read_now_is_not_lost(
    producer: NodeProducer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "0.log").mkdir()
    look(producer, EARLIER_SECS + 1.5)
    assert lost(caplog) == []
    assert "no regular file" in caplog.text


def test_the_first_chunks_of_many_text_files_wait_for_one_write_of_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (tmp_path / f"{number}.log").write_text(f"line of {number}\n")
    text = f"""\
producer: {{node: node-1, state_folder: {tmp_path / "state"}}}
inputs: {{text: {{type: files, path: "{tmp_path}/*.log"}}}}
"""
    events: list[str] = []
    with unheard_producer(text) as made:
        monkeypatch.setattr(made._store, "save", lambda: events.append(f"saved {len(made._store.marks)}"))
        monkeypatch.setattr(made._output, "send", lambda chunk, _kept: events.append("sent"))
        made.files.look(0.0)
        made.files.read_round(0.0)
        assert events == ["saved 50", *["sent"] * 50]


@pytest.fixture
def many(tmp_path: Path) -> Iterator[NodeProducer]:
    """A producer of ten pods that have each ten chunks to say, which looks nowhere of which it does not hear."""
    for number in range(10):
        folder = tmp_path / "pods" / f"dev_shop-{number}_uid-{number}" / "app"
        folder.mkdir(parents=True)
        (folder / "0.log").write_bytes(LINE * 300)
    text = f"""\
producer: {{node: node-1, state_folder: {tmp_path / "state"}, chunk_max_bytes: 1024, scan_interval_secs: 60}}
inputs: {{containers: {{type: container_files, path: "{tmp_path}/pods/*/*/*.log"}}}}
"""
    with unheard_producer(text) as made:
        yield made


def test_who_has_much_to_read_hears_of_new_files_meanwhile(many: NodeProducer, tmp_path: Path) -> None:
    assert many.tick()
    late = tmp_path / "pods" / "dev_late_uid-late" / "app"
    late.mkdir(parents=True)
    (late / "0.log").write_bytes(LINE)
    for _ in range(5):
        assert many.tick(), "it has to be busy all the time"
        time.sleep(2 * HEARD_SECS)
    assert len(list(many.files.tails())) == 11


def test_a_round_ends_in_time_and_the_next_one_goes_on_where_it_ended(
    many: NodeProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.reader.ROUND_SECS", -1.0)
    many.files.look(0.0)
    assert many.files.read_round(0.0), "there is more"
    assert many._output.in_flight == 0
    monkeypatch.setattr("producers.reader.ROUND_SECS", 60.0)
    assert many.files.read_round(0.0)
    assert many._output.in_flight == 10
