"""Containers are found by links or by files, each once, and told whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from producers.container_files import KIND, ContainerFiles
from producers.core.checkpoint import Marks
from schemas.identity import source_id
from schemas.settings import ContainerFilesInput
from tests.producers.node import LIMITS

ID = "ab" * 32


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A node's /var/log with one container and the link to it."""
    folder = tmp_path / "pods" / "dev_shop-0_uid-1" / "app"
    folder.mkdir(parents=True)
    (folder / "0.log").write_bytes(b"2026-11-21T01:02:03Z stdout F hello\n")
    (tmp_path / "containers").mkdir()
    (tmp_path / "containers" / f"shop-0_dev_app-{ID}.log").symlink_to(folder / "0.log")
    return tmp_path


def found(path: Path, marks: Marks | None = None, **settings: object) -> ContainerFiles:
    given = ContainerFilesInput.model_validate({"type": KIND, "path": str(path), **settings})
    files = ContainerFiles(given, "node-1", {} if marks is None else marks, LIMITS)
    files.scan(0.0, 0.0)
    return files


def test_a_link_leads_to_a_container_and_names_its_id(node: Path) -> None:
    files = found(node / "containers" / "*.log")
    (tail,) = files.tails()
    assert tail.source == {
        "id": source_id("node-1", KIND, "dev", "shop-0", "uid-1", "app"),
        "node": "node-1",
        "kind": "container_files",
        "framing": "cri",
        "tag": None,
        "container": {"namespace": "dev", "pod": "shop-0", "pod_uid": "uid-1", "name": "app", "id": None},
    }
    assert tail.container_ids == {0: ID}
    chunk = tail.next_chunk(1.0)
    assert chunk is not None
    assert chunk.payload.endswith(b"hello\n")
    files.close()


def test_the_files_themselves_are_the_same_source_as_the_links(node: Path) -> None:
    by_link, by_file = found(node / "containers" / "*.log"), found(node / "pods" / "*" / "*" / "*.log")
    assert [tail.source["id"] for tail in by_link.tails()] == [tail.source["id"] for tail in by_file.tails()]
    by_link.close()
    by_file.close()


def test_a_container_that_two_paths_name_is_read_once(node: Path) -> None:
    (node / "containers" / "again.log").symlink_to(node / "pods" / "dev_shop-0_uid-1" / "app" / "0.log")
    files = found(node / "containers" / "*.log")
    assert len(list(files.tails())) == 1
    files.close()


def test_what_is_excluded_is_not_read(node: Path) -> None:
    files = found(node / "containers" / "*.log", exclude=["*/shop-*"])
    assert list(files.tails()) == []
    files.close()


def test_a_file_of_no_container_is_complained_of_once(node: Path, caplog: pytest.LogCaptureFixture) -> None:
    (node / "containers" / "stranger.log").write_text("x")
    files = found(node / "containers" / "*.log")
    files.scan(1.0, 1.0)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert len(list(files.tails())) == 1
    files.close()


def test_starting_at_the_end_is_for_the_first_start_only(node: Path) -> None:
    marks: Marks = {}
    first = found(node / "containers" / "*.log", marks, start_at="end")
    assert [tail.next_chunk(1.0) for tail in first.tails()] == [None]
    first.close()
    with (node / "pods" / "dev_shop-0_uid-1" / "app" / "0.log").open("ab") as file:
        file.write(b"2026-11-21T01:02:04Z stdout F later\n")
    second = found(node / "containers" / "*.log", marks, start_at="end")
    assert [chunk and chunk.payload[-6:] for chunk in (tail.next_chunk(1.0) for tail in second.tails())] == [b"later\n"]
    second.close()


def test_a_container_that_is_gone_is_forgotten(node: Path) -> None:
    files = found(node / "pods" / "*" / "*" / "*.log")
    folder = node / "pods" / "dev_shop-0_uid-1" / "app"
    (folder / "0.log").unlink()
    folder.rmdir()
    files.scan(1.0, 1.0)
    (tail,) = files.tails()
    assert [chunk and chunk.ended for chunk in (tail.next_chunk(9.0), tail.next_chunk(9.0))] == [True, None]
    files.scan(10.0, 10.0)
    assert list(files.tails()) == []
    files.close()
