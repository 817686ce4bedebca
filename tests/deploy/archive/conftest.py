"""An archive in a folder, and the command that looks at it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore
from typer.testing import CliRunner, Result

from deploy.cli.app import app
from tests.sinks.archives import archive
from tests.sinks.records import HOUR, NOON, log_record

Run = Callable[..., Result]


def record(number: int, **changes: Any) -> dict[str, Any]:
    """Even ones are of namespace shop and INFO, odd ones of dev and ERROR; one a millisecond."""
    fixed = {
        "timestamp": NOON + number * 1_000_000,
        "namespace": ("shop", "dev")[number % 2],
        "severity_number": (9, 17)[number % 2],
        "body": f"line {number}",
        "original": None,
    }
    return log_record(number, **fixed | changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "archive"
    place.mkdir()
    return place


@pytest.fixture
def store(folder: Path) -> LocalStore:
    return LocalStore(str(folder))


@pytest.fixture
def filled(store: LocalStore) -> LocalStore:
    """Forty records at noon in four objects, five of which stand twice; ten records an hour later."""
    archive(store, {number: record(number) for number in range(20)})
    archive(store, {20 + number: record(15 + number) for number in range(25)})
    archive(store, {45 + number: record(100 + number, timestamp=NOON + HOUR + number) for number in range(10)})
    return store


def settings(folder: Path) -> str:
    return (
        "sinks:\n"
        f"  archive: {{type: object_storage, topics: [logs.app], url: 'file://{folder}'}}\n"
        f"  raw: {{type: object_storage, topics: [logs.raw], url: 'file://{folder}', format: avro}}\n"
    )


@pytest.fixture
def run(tmp_path: Path, folder: Path) -> Run:
    """Runs ``logferry archive …``; errors a person can meet are raised."""
    config = tmp_path / "logferry.yaml"
    config.write_text(settings(folder))

    def command(*words: str, good: bool = True) -> Result:
        result = CliRunner().invoke(app, ["archive", *words, "--config", str(config)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert (result.exit_code == 0) == good, result.output
        return result

    return command
