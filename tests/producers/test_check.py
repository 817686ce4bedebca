"""`logferry produce --check` says what would be read, from where, and why something would not; and changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from producers.check import Check, check
from producers.checkpoint_store import CheckpointStore
from producers.core.files.checkpoint import Mark
from schemas.identity import incarnation, source_id
from schemas.settings import parse_settings

LINE = b"2026-11-21T01:02:03Z stdout F hello\n"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """One container's log, an empty one beside it, and some text files."""
    for name, content in (("0.log", LINE * 2), ("1.log", b"")):
        path = tmp_path / "pods" / "dev_shop-0_uid-1" / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "pods" / "stray.log").write_text("x\n")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "app.log").write_text("one\n")
    (tmp_path / "text" / "debug.log").write_text("two\n")
    return tmp_path


def settings_text(node: Path, more: str = "") -> str:
    return f"""
producer: {{node: node-1, state_folder: {node}/state}}
inputs:
  containers: {{type: container_files, path: "{node}/pods/*/*/*.log"}}
  text: {{type: files, path: "{node}/text/*.log", exclude: ["*/debug.log"]{more}}}
"""


def checked(text: str) -> Check:
    return check(parse_settings(text, "logferry.yaml", {}))


def test_what_would_be_read_is_named_with_its_size_and_where_reading_would_begin(node: Path) -> None:
    found = checked(settings_text(node))
    assert [(Path(each.path).name, each.tag, each.backlog_bytes, each.begin) for each in found.readable] == [
        ("0.log", None, 2 * len(LINE), "beginning"), ("app.log", "host.app", 4, "beginning"),
    ]  # fmt: skip


def test_what_is_not_read_is_named_with_its_reason(node: Path) -> None:
    found = {
        Path(each.path).name: (each.reason, each.needs_attention) for each in checked(settings_text(node)).unreadable
    }
    assert found == {
        "1.log": ("it is empty", False),
        "debug.log": ("it is excluded by the settings", False),
    }


@pytest.mark.parametrize(
    ("path", "reason"), [("{}/pods/*.log", "which is not …/<namespace>_<pod>_<uid>"), ("{}/gone/*.log", "No such file")]
)
def test_what_a_person_should_look_at_says_so(node: Path, path: str, reason: str) -> None:
    inputs = f'inputs: {{a: {{type: container_files, path: "{path.format(node)}"}}}}'
    (found,) = checked(f"producer: {{state_folder: {node}/state}}\n{inputs}\n").unreadable
    assert (reason in found.reason, found.needs_attention) == (True, True)


def test_it_knows_how_far_the_checkpoint_is_and_leaves_it_as_it_is(node: Path) -> None:
    source = source_id("node-1", "container_files", "dev", "shop-0", "uid-1", "app")
    store = CheckpointStore(node / "state")
    store.load()
    life = incarnation(source, 0, LINE[:-1]).hex()
    store.marks.add(life, Mark(source, "0.log", len(LINE), len(LINE)))
    store.save()
    found = checked(settings_text(node))  # while a producer holds the folder
    first = found.readable[0]
    assert (first.begin, first.read_bytes, first.backlog_bytes) == ("goes on", len(LINE), len(LINE))
    store.close()
    again = CheckpointStore(node / "state")
    again.load()
    assert [name for name, _ in again.marks.items()] == [life]
    again.close()


def test_an_input_that_would_start_at_the_end_says_so_before_its_first_run(node: Path) -> None:
    found = checked(settings_text(node, ", start_at: end"))
    assert [(each.input, each.begin, each.backlog_bytes) for each in found.readable] == [
        ("containers", "beginning", 2 * len(LINE)), ("text", "end", 0),
    ]  # fmt: skip


def test_the_command_answers_in_json_and_by_its_exit_status(node: Path) -> None:
    config = node / "logferry.yaml"
    command = [sys.executable, "-m", "deploy.cli", "produce", "--check", "--json", "--config", str(config)]
    config.write_text(settings_text(node))
    good = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr, len(json.loads(good.stdout)["readable"])) == (0, "", 2)
    config.write_text(settings_text(node) + f'  gone: {{type: files, path: "{node}/gone/*"}}\n')
    bad = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (bad.returncode, bad.stderr) == (1, "")
    assert [each["path"] for each in json.loads(bad.stdout)["unreadable"] if each["needs_attention"]] == [
        f"{node}/gone"
    ]
