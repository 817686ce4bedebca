"""What docs/archive.md shows works on an archive."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

from tests.deploy.archive.conftest import Run

PAGE = (Path(__file__).parents[3] / "docs/archive.md").read_text()
COMMANDS = re.findall(r"^logferry archive ((?:cat|query|ls|compact) .*?)(?:\s{2,}#.*| \| .*)?$", PAGE, re.MULTILINE)


def example(name: str) -> dict[str, Any]:
    found = re.search(rf'```python title="{name}"\n(.*?)```', PAGE, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)
    return names


@pytest.fixture
def in_folder(filled: LocalStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)


@pytest.mark.usefixtures("in_folder")
def test_the_example_for_duckdb_counts_every_record_once() -> None:
    assert example("duckdb")["answer"].fetchall() == [("dev", 25)]


@pytest.mark.usefixtures("in_folder")
def test_the_example_for_pyarrow_counts_every_record_once() -> None:
    assert example("pyarrow")["records"] == 25


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_that_are_shown_run(filled: LocalStore, run: Run, command: str) -> None:
    words = shlex.split(command)
    if words[0] == "query" and "archive" not in words[2:3]:
        words.insert(2, "archive")
    run(*words)


def test_there_are_commands() -> None:
    assert len(COMMANDS) == 11
