"""Containers are found by links or by files, each once, and told whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from producers.chunk import Chunk
from producers.core.files.checkpoint import Marks
from producers.files.input import FileInput
from producers.files.layouts import LAYOUTS
from producers.files.tail import SourceTail
from producers.files.watch import Watch
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


class Files:
    """A `container_files` input, looked at and read by hand."""

    def __init__(self, path: Path, marks: Marks, **settings: object) -> None:
        given = ContainerFilesInput.model_validate({"type": "container_files", "path": str(path), **settings})
        self.watch = Watch(use_inotify=False)
        layout = LAYOUTS["container_files"](given, "node-1")
        self.input = FileInput("containers", given, layout, marks, LIMITS, self.watch)
        self.look(0.0, from_end=self.input.starts_at_end and len(marks) == 0)

    def look(self, now: float, *, from_end: bool = False) -> None:
        self.input.sweep()
        list(self.input.scan(now, now, from_end=from_end))

    def tails(self) -> list[SourceTail]:
        return list(self.input.tails())

    def read(self, now: float = 1.0) -> list[Chunk | None]:
        readings = [tail.next_chunk(now, 0) for tail in self.tails()]
        return [None if reading is None else reading.chunk for reading in readings]

    def close(self) -> None:
        self.input.close()
        self.watch.close()


def found(path: Path, marks: Marks | None = None, **settings: object) -> Files:
    return Files(path, Marks() if marks is None else marks, **settings)


def test_a_link_leads_to_a_container_and_names_its_id(node: Path) -> None:
    files = found(node / "containers" / "*.log")
    (tail,) = files.tails()
    assert tail.source == {
        "id": source_id("node-1", "container_files", "dev", "shop-0", "uid-1", "app"),
        "node": "node-1",
        "kind": "container_files",
        "framing": "cri",
        "encoding": None,
        "tag": None,
        "container": {"namespace": "dev", "pod": "shop-0", "pod_uid": "uid-1", "name": "app", "id": None},
    }
    (chunk,) = files.read()
    assert chunk is not None
    assert chunk.source["container"]["id"] == ID
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
    assert len(files.tails()) == 1
    files.close()


def test_what_is_excluded_is_not_read(node: Path) -> None:
    files = found(node / "containers" / "*.log", exclude=["*/shop-*"])
    assert files.tails() == []
    files.close()


def test_a_file_of_no_container_is_complained_of_once(node: Path, caplog: pytest.LogCaptureFixture) -> None:
    (node / "containers" / "stranger.log").write_text("x")
    files = found(node / "containers" / "*.log")
    files.look(1.0)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert len(files.tails()) == 1
    files.close()


def test_starting_at_the_end_is_for_the_first_start_only(node: Path) -> None:
    marks = Marks()
    first = found(node / "containers" / "*.log", marks, start_at="end")
    assert first.read() == [None]
    first.close()
    with (node / "pods" / "dev_shop-0_uid-1" / "app" / "0.log").open("ab") as file:
        file.write(b"2026-11-21T01:02:04Z stdout F later\n")
    second = found(node / "containers" / "*.log", marks, start_at="end")
    (chunk,) = second.read()
    assert chunk is not None
    assert chunk.payload[-6:] == b"later\n"
    second.close()


def test_a_container_that_is_gone_is_forgotten(node: Path) -> None:
    files = found(node / "pods" / "*" / "*" / "*.log")
    folder = node / "pods" / "dev_shop-0_uid-1" / "app"
    (folder / "0.log").unlink()
    folder.rmdir()
    files.look(1.0)
    chunks = files.read(9.0) + files.read(9.0)
    assert [chunk and (chunk.ended, chunk.end_reason) for chunk in chunks] == [(True, "deleted"), None]
    files.look(10.0)
    assert files.tails() == []
    files.close()
