"""Tests of real log files are only there where the files are, and pytest says so."""

from __future__ import annotations

from pathlib import Path

from tests import loghub


def test_the_header_says_how_many_tests_are_not_collected_for_want_of_files(tmp_path: Path):
    assert not loghub.are_there(tmp_path)
    assert loghub.header(tmp_path) == "loghub files: not there, 6 tests of real files are not collected"


def test_the_header_names_the_folder_where_the_files_are(tmp_path: Path):
    for name in loghub.FILES:
        (tmp_path / name).touch()
    assert loghub.header(tmp_path) == f"loghub files: {tmp_path}"
