"""What an earlier run had not finished is lost only when no scan finds it. No broker listens here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from producers.checkpoint_store import CheckpointStore
from producers.container_files import KIND
from producers.core.checkpoint import Mark
from producers.produce import NodeProducer
from schemas.identity import incarnation, source_id
from schemas.settings import parse_settings

LINE = b"2026-11-21T01:02:03Z stdout F hello\n"
SOURCE = source_id("node-1", KIND, "dev", "shop-0", "uid-1", "app")
LIFE = incarnation(SOURCE, 0, LINE[:-1]).hex()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pods" / "dev_shop-0_uid-1" / "app"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def producer(tmp_path: Path, folder: Path) -> Iterator[NodeProducer]:
    """A producer whose checkpoint says that it had read half of a file."""
    store = CheckpointStore(tmp_path / "state")
    store.save({LIFE: Mark(SOURCE, f"{folder}/0.log", 10, 36, ended=False, open_streams={}, seen_at=0.0)})
    store.close()
    text = f"""
kafka: {{bootstrap_servers: "127.0.0.1:1"}}
producer: {{node: node-1, state_folder: {tmp_path / "state"}}}
inputs: {{containers: {{type: container_files, path: "{tmp_path}/pods/*/*/*.log"}}}}
"""
    made = NodeProducer(parse_settings(text, "logferry.yaml", {}))
    yield made
    for each in made._inputs:
        each.close()
    made._store.close()


def lost(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "lost from byte" in record.getMessage()]


def test_a_file_that_is_read_to_its_end_between_two_scans_is_not_lost(
    producer: NodeProducer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "0.log.20261121-010204").write_bytes(LINE)
    (folder / "0.log").write_bytes(LINE.replace(b"03Z", b"05Z"))
    producer._scan(0.0)
    for now in (1.0, 2.0, 3.0):
        producer._read_round(now)
    producer._scan(4.0)
    assert lost(caplog) == []
    assert not producer._marks[LIFE].ended, "not acknowledged, so it must be sent again after a crash"


def test_a_file_that_is_gone_is_reported_with_the_range_that_is_lost(
    producer: NodeProducer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    producer._scan(0.0)
    producer._scan(1.0)
    (message,) = lost(caplog)
    assert "lost from byte 10, at least 26 bytes" in message
    assert LIFE not in producer._marks or producer._marks[LIFE].ended
