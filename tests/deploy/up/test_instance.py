"""One `up` at a time in a data folder, and everybody can see which."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.up.instance import is_running, only_one, read_picture, write_picture
from schemas.errors import SettingsError


def test_a_second_one_is_refused_and_told_the_pid(tmp_path: Path) -> None:
    with only_one(tmp_path / "data"):
        assert is_running(tmp_path / "data")
        with pytest.raises(SettingsError, match=f"process {os.getpid()}"), only_one(tmp_path / "data"):
            pass
    assert not is_running(tmp_path / "data")
    with only_one(tmp_path / "data"):
        pass


def test_where_nothing_ever_ran_nothing_runs(tmp_path: Path) -> None:
    assert not is_running(tmp_path / "nowhere")
    assert read_picture(tmp_path / "nowhere") is None


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError) as caught, only_one(tmp_path / "file" / "data"):
        pass
    assert caught.value.where == str(tmp_path / "file" / "data")


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_damaged_picture_is_no_picture(tmp_path: Path, text: str) -> None:
    (tmp_path / "up.json").write_text(text)
    assert read_picture(tmp_path) is None


def test_the_latest_picture_is_read_back(tmp_path: Path) -> None:
    write_picture(tmp_path, {"a": 1})
    write_picture(tmp_path, {"a": 2})
    assert read_picture(tmp_path) == {"a": 2}
