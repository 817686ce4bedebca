"""Which folders the servers' user can reach, and where the data goes accordingly."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.local.data import FALLBACK, folder_for, prepare_folder
from deploy.local.users import User, barrier, give, make_folder, server_user
from schemas.errors import SettingsError

STRANGER = User("stranger", 54321, 54321)


def test_ourselves_nothing_bars(tmp_path: Path) -> None:
    assert barrier(tmp_path / "not there", None) is None


def test_the_first_closed_folder_bars_a_stranger(open_folder: Path) -> None:
    closed = make_folder(open_folder / "a" / "closed")
    make_folder(closed / "b")
    closed.chmod(0o700)

    assert barrier(closed / "b" / "c", STRANGER) == closed
    assert barrier(open_folder / "a" / "not there", STRANGER) is None


def test_a_closed_folder_bars_neither_its_owner_nor_its_group(open_folder: Path) -> None:
    folder = make_folder(open_folder / "mine")
    folder.chmod(0o750)
    status = folder.stat()

    assert barrier(folder, User("owner", status.st_uid, 54321)) is None
    assert barrier(folder, User("group", 54321, status.st_gid)) is None
    assert barrier(folder, STRANGER) == folder


def test_an_unreadable_file_bars(open_folder: Path) -> None:
    file = open_folder / "file"
    file.touch(mode=0o600)

    assert barrier(file, STRANGER) == file


def test_data_goes_under_the_working_directory_where_the_servers_user_can_reach_it(open_folder: Path) -> None:
    assert folder_for(open_folder, None) == open_folder / ".logferry"
    assert folder_for(open_folder, STRANGER) == open_folder / ".logferry"


def test_data_of_a_closed_clone_goes_elsewhere_each_to_its_own_folder(tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "clone", tmp_path / "two" / "clone"
    one.mkdir(parents=True)
    two.mkdir(parents=True)
    tmp_path.chmod(0o700)

    folders = [folder_for(clone, STRANGER) for clone in (one, two)]

    assert folders[0] != folders[1]
    assert all(folder.parent == FALLBACK and folder.name.startswith("clone-") for folder in folders)


def test_an_explicit_folder_that_the_servers_user_cannot_reach_is_refused_with_a_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    with pytest.raises(SettingsError, match="--data") as refusal:
        prepare_folder(tmp_path / "data", STRANGER)

    assert "the user stranger" in str(refusal.value)


def test_a_folder_that_cannot_be_made_is_refused_with_a_remedy() -> None:
    with pytest.raises(SettingsError, match="--data"):
        prepare_folder(Path("/proc/logferry"), None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_another_user_wrote_is_given_to_the_servers_user(open_folder: Path) -> None:
    user = server_user()
    folder = make_folder(open_folder / "given" / "deep").parent
    (folder / "deep" / "file").touch(mode=0o600)

    give(folder, user)

    assert user is not None
    assert {path.stat().st_uid for path in (folder, *folder.rglob("*"))} == {user.uid}


def test_folders_are_open_whatever_the_umask(open_folder: Path) -> None:
    before = os.umask(0o077)
    try:
        folder = make_folder(open_folder / "x" / "y")
    finally:
        os.umask(before)

    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o755, 0o755]
