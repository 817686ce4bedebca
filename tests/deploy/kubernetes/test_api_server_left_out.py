"""Where no API server has been built, its tests are left out, and the suite says how many, why, and how to run them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import apiserver_build

ROOT = Path(__file__).parents[3]
SUITE = """
import pytest
@pytest.mark.apiserver
def test_one(): pass
@pytest.mark.apiserver
def test_two(): pass
def test_another(): pass
"""


def run(folder: Path, *arguments: str, how: tuple[str, ...] = ("--collect-only",)) -> tuple[int, str]:
    """What pytest answers and says on a machine whose cache folder this is."""
    (folder / "test_suite.py").write_text(SUITE)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = apiserver")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.tools.left_out", "-q", *how, *arguments],
        cwd=folder,
        env={
            **os.environ,
            "XDG_CACHE_HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "PYTEST_ADDOPTS": "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout


def test_this_suite_goes_by_it(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.has_plugin("tests.tools.left_out")


def test_a_run_without_a_build_says_loudly_what_it_left_out(tmp_path: Path) -> None:
    status, said = run(tmp_path)
    assert (status, said.count("::test_")) == (0, 1)
    assert "LEFT OUT: 2 tests against a real Kubernetes API server" in said
    for words in (f"kube-apiserver {apiserver_build.VERSION}", str(tmp_path), "`scripts/test -m apiserver`", "minutes"):
        assert words in said


def test_workers_that_share_the_tests_say_it_too(tmp_path: Path) -> None:
    status, said = run(tmp_path, how=("-p", "xdist", "--numprocesses=2"))
    assert (status, said.count("LEFT OUT: 2 tests")) == (0, 1)
    assert "1 passed" in said


def test_a_run_of_none_but_them_is_no_success(tmp_path: Path) -> None:
    status, said = run(tmp_path, "test_suite.py::test_one", "test_suite.py::test_two")
    assert (status, "LEFT OUT: 2 tests" in said) == (5, True)


def test_a_run_that_refuses_them_says_so_too(tmp_path: Path) -> None:
    _, said = run(tmp_path, "-m", "not apiserver")
    assert "LEFT OUT: 2 tests" in said
    assert "-m 'not apiserver' says so" in said


def test_they_run_with_all_others_where_the_build_is(tmp_path: Path) -> None:
    program = tmp_path / "logferry/go" / apiserver_build.place().parent.name / apiserver_build.place().name
    program.parent.mkdir(parents=True)
    program.touch()
    status, said = run(tmp_path)
    assert (status, said.count("::test_"), "LEFT OUT" in said) == (0, 3, False)


def test_asked_for_by_their_mark_none_is_left_out(tmp_path: Path) -> None:
    status, said = run(tmp_path, "-m", "apiserver")
    assert (status, said.count("::test_"), "LEFT OUT" in said) == (0, 2, False)
