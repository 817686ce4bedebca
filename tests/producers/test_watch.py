"""Changes are heard of by inotify; what cannot be watched is said to be, so that somebody polls it."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from inotify_simple import INotify

from producers.files.watch import Watch

Heard = tuple[str, object, str]


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch()
    yield made
    made.close()


def heard(watch: Watch, wanted: Callable[[list[Heard]], bool] = bool) -> list[Heard]:
    """What is heard until it is enough, or for ten seconds."""
    found: list[Heard] = []
    until = time.monotonic() + 10
    while not wanted(found) and time.monotonic() < until:
        found += watch.wait(0.1)
    return found


def test_names_that_come_and_go_in_a_folder_are_heard(watch: Watch, tmp_path: Path) -> None:
    assert watch.folder(str(tmp_path))
    (tmp_path / "a.log").touch()
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    (tmp_path / "a.log.1").unlink()
    names = [name for _, _, name in heard(watch, lambda found: len(found) >= 4)]
    assert names == ["a.log", "a.log", "a.log.1", "a.log.1"]


def test_what_is_written_to_files_of_a_watched_folder_is_not_heard(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "a.log").touch()
    watch.folder(str(tmp_path))
    (tmp_path / "a.log").write_text("x")
    (tmp_path / "mark").touch()
    assert {name for _, _, name in heard(watch)} == {"mark"}


def test_a_folder_is_watched_once(watch: Watch, tmp_path: Path) -> None:
    assert watch.folder(str(tmp_path))
    assert watch.folder(str(tmp_path))
    (tmp_path / "a.log").touch()
    assert heard(watch) == [("folder", str(tmp_path), "a.log")]


def test_a_folder_that_is_removed_is_told_of_and_watched_no_more(watch: Watch, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    watch.folder(str(folder))
    folder.rmdir()
    assert ("folder", str(folder), "") in heard(watch)
    heard(watch, lambda _found: not watch.is_watched(str(folder)))
    folder.mkdir()
    assert not watch.is_watched(str(folder))
    assert watch.folder(str(folder)), "it can be watched again"


def test_the_next_change_of_a_file_is_heard_and_no_other(watch: Watch, tmp_path: Path) -> None:
    path, owner = tmp_path / "a.log", object()
    path.touch()
    with path.open("rb") as file:
        assert watch.file(file.fileno(), owner)
        for _ in range(3):
            with path.open("ab") as log:
                log.write(b"x")
        assert heard(watch) == [("file", owner, "")]
        assert list(watch.wait(0.0)) == []
        assert watch.file(file.fileno(), owner), "until it is asked for again"
        path.write_bytes(b"")
        assert heard(watch) == [("file", owner, "")]


def test_a_file_is_watched_though_it_was_renamed_and_deleted(watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with path.open("wb", buffering=0) as log, path.open("rb") as file:
        path.rename(tmp_path / "a.log.1")
        assert watch.file(file.fileno(), "mine")
        (tmp_path / "a.log.1").unlink()
        log.write(b"x")
        assert heard(watch) == [("file", "mine", "")]


def test_the_next_change_of_a_path_is_told_of_its_folder(watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.touch()
    assert watch.path(str(path), str(tmp_path))
    path.write_text("x")
    assert heard(watch) == [("folder", str(tmp_path), "")]


def test_what_is_not_there_cannot_be_watched(watch: Watch, tmp_path: Path) -> None:
    assert not watch.folder(str(tmp_path / "later"))
    assert not watch.is_watched(str(tmp_path / "later"))


def test_without_inotify_nothing_is_watched(tmp_path: Path) -> None:
    watch = Watch(use_inotify=False)
    with (tmp_path / "a.log").open("w") as file:
        assert (watch.folder(str(tmp_path)), watch.file(file.fileno(), "x")) == (False, False)
    assert list(watch.wait(0.0)) == []
    watch.close()


def test_exhausted_watches_are_complained_of_once(
    watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")  # inotify_add_watch(2) at its limit

    monkeypatch.setattr(INotify, "add_watch", full)
    (tmp_path / "a.log").touch()
    with (tmp_path / "a.log").open("rb") as file:
        assert (watch.folder(str(tmp_path)), watch.file(file.fileno(), "x")) == (False, False)
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("no more inotify watches: the rest is polled; raise fs.inotify.max_user_watches (now ")
    monkeypatch.undo()
    assert watch.folder(str(tmp_path)), "somebody has raised the limit"


def test_no_inotify_at_all_is_complained_of(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")  # inotify_init1(2) at max_user_instances

    monkeypatch.setattr(INotify, "__init__", full)
    watch = Watch()
    assert "inotify cannot be used, files are polled: Too many open files" in caplog.text
    watch.close()


def test_lost_events_are_told(watch: Watch, tmp_path: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    watch.folder(str(tmp_path))
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    Path(a).touch()
    for _ in range(limit // 4 + 1):  # two events each way; the same event twice in a row would be merged
        os.rename(a, b)  # noqa: PTH104 - many
        os.rename(b, a)  # noqa: PTH104
    heard(watch, lambda _found: watch.overflowed)
    assert watch.overflowed


def test_a_bell_ends_the_wait(watch: Watch) -> None:
    threading.Timer(0.05, watch.ring).start()
    began = time.monotonic()
    assert list(watch.wait(10.0)) == []
    assert time.monotonic() - began < 5
    for _ in range(100_000):
        watch.ring()  # more often than the pipe can hold
    assert list(watch.wait(10.0)) == []
