"""A log whose live file is not there, for its program has ended or has not reopened it yet, is read from its copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.producers.text_input import TextInput


@pytest.mark.parametrize("pattern", ["*.log", "**/*.log"])
@pytest.mark.parametrize("renamed", ["app.log.1", "app.log-20261122-001503"])
def test_what_a_producer_had_not_read_of_a_renamed_file_is_read_though_nothing_took_its_place(
    tmp_path: Path, pattern: str, renamed: str
) -> None:
    path = tmp_path / "app.log"
    path.write_text("read\n")
    before = TextInput(tmp_path / pattern)
    assert before.read() == {str(path): b"read\n"}
    before.close()
    path.write_text("read\nnot read\n")
    path.rename(tmp_path / renamed)
    after = TextInput(tmp_path / pattern, marks=before.marks)
    assert after.read() == {str(tmp_path / renamed): b"not read\n"}
    after.close()


def test_what_the_settings_do_not_name_any_more_stays_unread(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("read\n")
    before = TextInput(tmp_path / "*.log")
    before.read()
    before.close()
    path.write_text("read\nnot read\n")
    path.rename(tmp_path / "app.log.1")
    for settings in ({"exclude": ["*/app.log"]}, {}):
        after = TextInput(tmp_path / ("*.log" if settings else "*.txt"), marks=before.marks, **settings)
        assert after.read() == {}
        after.close()


def test_a_log_of_which_nothing_is_there_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("read\n")
    before = TextInput(tmp_path / "*.log")
    before.read()
    before.close()
    path.unlink()
    after = TextInput(tmp_path / "*.log", marks=before.marks)
    after.look()
    assert after.input.count() == 0
    after.close()


def test_a_log_of_a_folder_that_the_settings_do_not_name_any_more_stays_unread(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    path = tmp_path / "below" / "app.log"
    path.write_text("read\n")
    before = TextInput(tmp_path / "**" / "*.log")
    before.read()
    before.close()
    path.write_text("read\nnot read\n")
    path.rename(tmp_path / "below" / "app.log.1")
    after = TextInput(tmp_path / "*.log", marks=before.marks)
    assert after.read() == {}
    after.close()


def test_what_a_producer_had_not_read_of_a_docker_log_is_read_though_its_live_file_is_not_made_yet(
    tmp_path: Path,
) -> None:
    name = "ab" * 32
    (tmp_path / name).mkdir()
    path = tmp_path / name / f"{name}-json.log"
    (tmp_path / name / "config.v2.json").write_text("{}")
    first, second = (
        f'{{"log":"{word}\\n","stream":"stdout","time":"2026-11-21T01:02:0{at}Z"}}\n'
        for at, word in ((1, "a"), (2, "b"))
    )
    path.write_text(first)
    before = TextInput(f"{tmp_path}/*/*-json.log", kind="docker_files")
    assert before.read() == {str(path): first.encode()}
    before.close()
    path.write_text(first + second)
    rotated = path.rename(f"{path}.1")
    after = TextInput(f"{tmp_path}/*/*-json.log", kind="docker_files", marks=before.marks)
    assert after.read() == {str(rotated): second.encode()}
    after.close()
