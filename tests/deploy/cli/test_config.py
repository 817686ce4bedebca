"""A mistake in the settings is told with its line and what was probably meant, never as a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = "severity:\n  - {match: 'kube.**', minimum: warn}\n"
MISSPELT = "producer:\n  chunk_max_byte: 1000\nseverity:\n  - {match: 'kube.**', minimum: wran}\n"


def logferry(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | environment)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "logferry.yaml"


def test_good_settings_are_called_good(config: Path) -> None:
    config.write_text(GOOD)
    answer = logferry("config", "check", "-c", str(config))
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_misspelt_key_is_named_with_its_line_and_what_was_meant(config: Path) -> None:
    config.write_text(MISSPELT)
    answer = logferry("config", "check", "-c", str(config))
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    for words in ("chunk_max_byte", "chunk_max_bytes", "logferry.yaml:2", "wran", "logferry.yaml:4"):
        assert words in answer.stderr


def test_machines_get_the_findings_as_json(config: Path) -> None:
    config.write_text(MISSPELT)
    answer = logferry("config", "check", "-c", str(config), "--json")
    findings = json.loads(answer.stdout)["findings"]
    assert (answer.returncode, [finding["line"] for finding in findings]) == (2, [2, 4])


def test_a_stage_refuses_wrong_settings_in_the_same_words(config: Path) -> None:
    config.write_text(MISSPELT)
    answer = logferry("produce", "-c", str(config))
    assert answer.returncode == 2
    assert "did you mean chunk_max_bytes" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_missing_file_is_named(config: Path) -> None:
    answer = logferry("stream", "-c", str(config))
    assert answer.returncode == 2
    assert str(config) in answer.stderr


def test_a_broker_that_is_not_there_is_named_with_its_address(config: Path) -> None:
    config.write_text("kafka: {bootstrap_servers: '127.0.0.1:9'}\n")
    answer = logferry("topics", "apply", "-c", str(config))
    assert answer.returncode == 1
    assert "127.0.0.1:9" in answer.stderr
    assert "Traceback" not in answer.stderr
