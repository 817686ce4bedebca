"""Which files an input finds, and what it does with those that come, go, or cannot be read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from producers.core.files.checkpoint import Marks
from tests.producers.text_input import TextInput

Open = Callable[..., TextInput]


@pytest.fixture
def opened() -> Iterator[Open]:
    made: list[TextInput] = []

    def make(*paths: object, **settings: object) -> TextInput:
        made.append(TextInput(*paths, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_file_under_two_globs_is_read_once(tmp_path: Path, opened: Open) -> None:
    (tmp_path / "a.log").write_text("once\n")
    assert [chunk.payload for chunk in opened(tmp_path / "*.log", tmp_path / "a.*").chunks()] == [b"once\n"]


def test_what_is_excluded_is_not_read(tmp_path: Path, opened: Open) -> None:
    for name in ("a.log", "logferry-x.log"):
        (tmp_path / name).write_text("text\n")
    files = opened(tmp_path / "*.log", exclude=["*/logferry-*"])
    assert list(files.read()) == [f"{tmp_path}/a.log"]


def test_a_folder_that_appears_later_is_looked_into(tmp_path: Path, opened: Open) -> None:
    files = opened(tmp_path / "var" / "*" / "*.log")
    assert files.read() == {}
    (tmp_path / "var" / "app").mkdir(parents=True)
    (tmp_path / "var" / "app" / "a.log").write_text("hello\n")
    files.look()
    assert files.read() == {f"{tmp_path}/var/app/a.log": b"hello\n"}


def test_an_empty_file_is_read_once_it_has_a_line(tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "a.log"
    path.touch()
    files = opened(tmp_path / "*.log")
    assert (files.read(), files.input.count()) == ({}, 1)
    path.write_text("first\n")
    files.look()
    assert files.read() == {str(path): b"first\n"}


def test_a_folder_in_the_place_of_a_log_is_named_as_such(tmp_path: Path, opened: Open) -> None:
    (tmp_path / "a.log").mkdir()
    assert list(opened(tmp_path / "*.log").input.strangers()) == [(f"{tmp_path}/a.log", "it is a folder")]


def test_a_file_that_becomes_readable_is_read(
    tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.log"
    path.write_text("secret\n")
    really = os.open

    def refuse(name: str, *more: int) -> int:
        if name == str(path):
            raise PermissionError(13, "Permission denied", name)
        return really(name, *more)

    with monkeypatch.context() as patched:  # root may read everything, so the kernel's refusal is played
        patched.setattr(os, "open", refuse)
        files = opened(path)
        files.look()
        assert files.read() == {}
    assert [record.levelname for record in caplog.records] == ["ERROR"], "said once"
    files.look()
    assert files.read() == {str(path): b"secret\n"}


def test_a_link_whose_target_changes_goes_on_with_the_other_file(tmp_path: Path, opened: Open) -> None:
    one, other, link = tmp_path / "1.txt", tmp_path / "2.txt", tmp_path / "current.log"
    one.write_text("from one\n")
    other.write_text("from the other\n")
    link.symlink_to(one)
    files = opened(tmp_path / "*.log")
    assert files.read() == {str(link): b"from one\n"}
    link.unlink()
    link.symlink_to(other)
    sent = []
    for _ in range(3):
        files.look()
        sent += [chunk for chunk in files.chunks() if chunk.payload]
    assert [chunk.payload for chunk in sent] == [b"from the other\n"]


def test_a_link_to_a_file_that_is_read_anyway_is_not_read_again(tmp_path: Path, opened: Open) -> None:
    (tmp_path / "a.log").write_text("once\n")
    (tmp_path / "latest.log").symlink_to(tmp_path / "a.log")
    files = opened(tmp_path / "*.log")
    assert files.read() == {f"{tmp_path}/a.log": b"once\n"}
    assert list(files.input.strangers()) == [
        (f"{tmp_path}/latest.log", f"it is a link to {tmp_path}/a.log, which is read under its own name")
    ]


def test_a_link_to_nothing_is_read_when_its_target_comes(tmp_path: Path, opened: Open) -> None:
    (tmp_path / "a.log").symlink_to(tmp_path / "later.txt")
    files = opened(tmp_path / "*.log")
    assert files.read() == {}
    (tmp_path / "later.txt").write_text("now\n")
    files.look()
    assert files.read() == {f"{tmp_path}/a.log": b"now\n"}


def test_what_is_skipped_at_the_first_start_is_told(tmp_path: Path, opened: Open) -> None:
    path, marks = tmp_path / "a.log", Marks()
    path.write_text("old\n")
    files = opened(path, start_at="end", marks=marks)
    assert files.read() == {}
    with path.open("a") as log:
        log.write("new\n")
    files.look()
    (chunk,) = files.chunks()
    assert (chunk.payload, chunk.offset, chunk.gap) == (b"new\n", 4, {"start": 0, "reason": "start_at_end"})


def test_rotated_copies_are_of_the_log_and_come_first(tmp_path: Path, opened: Open) -> None:
    (tmp_path / "a.log").write_text("3\n")
    (tmp_path / "a.log.1").write_text("2\n")
    (tmp_path / "a.log.2").write_text("1\n")
    files = opened(tmp_path / "a.log")
    assert files.input.count() == 1
    payloads = [chunk.payload for chunk in files.chunks()]
    for _ in range(3):
        files.look()
        payloads += [chunk.payload for chunk in files.chunks()]
    assert b"".join(payloads) == b"1\n2\n3\n"


def test_a_log_that_is_gone_is_forgotten(tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "app" / "a.log"
    path.parent.mkdir()
    path.write_text("bye\n")
    files = opened(tmp_path / "*" / "*.log")
    path.unlink()
    path.parent.rmdir()
    sent = []
    for _ in range(3):
        files.look(5.0)
        sent += files.chunks()
    assert b"".join(chunk.payload for chunk in sent) == b"bye\n"
    assert [chunk.end_reason for chunk in sent if chunk.ended] == ["deleted"]
    assert files.input.count() == 0


def test_a_docker_container_is_described_by_its_configuration(tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / ("ab" * 32)
    folder.mkdir()
    (folder / f"{folder.name}-json.log").write_text(
        '{"log":"hello\\n","stream":"stdout","time":"2026-11-21T01:02:03Z"}\n'
    )
    (folder / "config.v2.json").write_text(
        json.dumps({"Name": "/web", "Config": {"Image": "nginx:1", "Labels": {"team": "shop"}}})
    )
    (chunk,) = opened(tmp_path / "*" / "*-json.log", kind="docker_files").chunks()
    assert chunk.source["tag"] == "docker.web"
    assert chunk.source["container"] == {
        "namespace": "", "pod": "", "pod_uid": "", "name": "web", "id": folder.name, "image": "nginx:1",
        "labels": {"team": "shop"},
    }  # fmt: skip


def test_a_docker_container_without_configuration_is_known_by_its_id(
    tmp_path: Path, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / ("cd" * 32)
    folder.mkdir()
    (folder / f"{folder.name}-json.log").write_text('{"log":"x\\n","stream":"stdout","time":"2026-11-21T01:02:03Z"}\n')
    (folder / "config.v2.json").write_text("{half")
    (chunk,) = opened(tmp_path / "*" / "*-json.log", kind="docker_files").chunks()
    assert (chunk.source["container"]["name"], chunk.source["tag"]) == ("cd" * 6, "docker." + "cd" * 6)
    assert "cannot be read, so the container is known by its id alone" in caplog.text


def test_a_file_that_cannot_be_looked_at_neither_stops_the_scan_nor_is_taken_for_truncated(
    tmp_path: Path, opened: Open
) -> None:
    (tmp_path / "a.log").write_text("text\n")
    files = opened(tmp_path / "*.log")
    files.chunks()
    (tail,) = files.input.tails()
    life = tail.files.open[0]
    kept = os.dup(life.log.descriptor())
    os.close(life.log.descriptor())  # as when a network file system has forgotten the file
    assert not life.was_truncated()
    assert tail.has_changed(), "whoever reads finds out"
    assert tail.backlog() == 0
    os.dup2(kept, life.log.descriptor())
    os.close(kept)
    assert not tail.has_changed()
