"""A glob names the same paths as Python's own, and says which folders it looked into."""

from __future__ import annotations

import glob
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.files.paths import PathGlob

names = st.sampled_from(["a", "b", "a.log", "b.log", ".hidden", ".a.log", "pod_1", "[x]"])
parts = st.sampled_from(["*", "?", "**", "*.log", "a", "a*", "[ab]", "[!a]*", ".*", "pod_?", "[[]x]", "missing"])


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Paths with what they are: file, folder, or link (to another path, so perhaps to nothing)."""
    paths = draw(st.lists(st.lists(names, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12, unique=True))
    return [
        (path, draw(st.sampled_from(["file", "folder", "file link", "folder link", "dead link"]))) for path in paths
    ]


def make(root: Path, entries: list[tuple[str, str]]) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "a.log").touch()
    targets = {"file link": outside / "a.log", "folder link": outside, "dead link": root / "nowhere"}
    for path, kind in entries:
        place = root / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if kind in targets:
                place.symlink_to(targets[kind])
            elif kind == "folder":
                place.mkdir()
            else:
                place.open("x").close()
        except (FileExistsError, NotADirectoryError):
            continue  # the path, or a part of it, is something else already


@settings(max_examples=300)
@given(trees(), st.lists(parts, min_size=1, max_size=4))
def test_it_names_the_paths_that_pythons_glob_names(entries: list[tuple[str, str]], pattern: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="logferry-") as folder:
        root = Path(folder) / "root"
        root.mkdir()
        make(root, entries)
        text = f"{glob.escape(str(root))}/{'/'.join(pattern)}"
        named = {path.rstrip("/") for path in glob.glob(text, recursive=True)}  # noqa: PTH207 - the oracle
        expected = {path for path in named if os.path.lexists(path)}  # ``missing/**`` names a missing folder there
        found = set(PathGlob(text, lambda _folder: None).all())
        # Python follows links to folders under **, which may lead in circles; a folder itself is no log.
        assert {path for path in found if not Path(path).is_dir()} <= expected
        assert {path for path in expected if not Path(path).is_dir() and not crosses_link(root, path)} <= found


def crosses_link(root: Path, path: str) -> bool:
    """Whether a folder on the way is a link."""
    way = Path(path).parent
    return any(each.is_symlink() for each in (way, *way.parents) if each.is_relative_to(root))


def test_every_folder_whose_names_matter_is_entered(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "other" / "b").mkdir(parents=True)
    entered: list[str] = []
    assert list(PathGlob(f"{tmp_path}/a*/*/x.log", entered.append).all()) == []
    assert entered == [str(tmp_path), f"{tmp_path}/a", f"{tmp_path}/a/b"]


def test_a_folder_that_is_not_there_yet_is_entered_all_the_same(tmp_path: Path) -> None:
    entered: list[str] = []
    assert list(PathGlob(f"{tmp_path}/later/*.log", entered.append).all()) == []
    assert entered == [f"{tmp_path}/later"]


@pytest.mark.parametrize(
    ("pattern", "root"),
    [("/var/log/*.log", "/var/log"), ("/var/log/syslog", "/var/log"), ("/*", "/"), ("/a/b*/c/d", "/a")],
)
def test_the_root_is_what_all_paths_have_in_common(pattern: str, root: str) -> None:
    assert PathGlob(pattern, lambda _folder: None).root() == root


def test_a_path_without_stars_is_found_when_it_is_there(tmp_path: Path) -> None:
    one = PathGlob(f"{tmp_path}/a.log", lambda _folder: None)
    assert list(one.all()) == []
    (tmp_path / "a.log").touch()
    assert list(one.all()) == [f"{tmp_path}/a.log"]


def test_links_to_folders_are_followed_where_a_name_stands_for_them(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.log").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert list(PathGlob(f"{tmp_path}/l*/*.log", lambda _folder: None).all()) == [f"{tmp_path}/link/a.log"]


@pytest.mark.parametrize(
    ("pattern", "path", "named"),
    [
        ("/var/log/*.log", "/var/log/a.log", True),
        ("/var/log/*.log", "/var/log/b/a.log", False),
        ("/var/log/*.log", "/var/log/.a.log", False),
        ("/var/log/syslog", "/var/log/syslog", True),
        ("/var/log/*/a.log", "/var/log/b/a.log", True),
        ("/var/**/*.log", "/var/a.log", True),
        ("/var/**/*.log", "/var/b/c/a.log", True),
        ("/var/**/*.log", "/var/b/.c/a.log", False),
        ("/var/**", "/var/b/a", True),
        ("/var/**/b/*.log", "/var/c/a.log", False),
    ],
)
def test_a_path_that_is_not_there_is_named_or_not(pattern: str, path: str, named: bool) -> None:
    assert PathGlob(pattern, lambda _folder: None).names(path) == named
