"""``logferry bench peers``: what may be asked for, and what it prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.peers.peer import Tool
from bench.peers.registry import PEERS
from bench.peers.report import document
from bench.peers.run import Plan, Result, find_all
from deploy.cli import bench_peers
from schemas.errors import SettingsError

FAILED = Result("kcat", "tail", 1, 1000, None, None, "nothing arrived within 60 s")


def found() -> dict[str, Any]:
    tools = {"kcat": (PEERS["kcat"], Tool(Path("/kcat"), "1.7.1"))}
    return document([FAILED], tools, {"vector": "vector is nowhere"})


def test_an_unknown_program_or_task_is_a_mistake_with_the_choice() -> None:
    with pytest.raises(SettingsError) as mistake:
        bench_peers.peers(["fluentbit"])
    assert (mistake.value.problem, mistake.value.remedy) == (
        "there is no fluentbit",
        f"choose from {', '.join(PEERS)}",
    )
    with pytest.raises(SettingsError, match="there is no read"):
        bench_peers.peers([], task=["read"])


def test_whoever_is_left_out_is_named_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    bench_peers._show(found(), None, json=False)
    printed = capsys.readouterr().out
    assert "left out: vector: vector is nowhere\n" in printed
    assert "nothing arrived within 60 s" in printed
    assert f"kcat: 1.7.1; when killed: {PEERS['kcat'].guarantee}\n" in printed


def test_machines_get_runs_versions_reasons_and_pictures(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bench_peers._show(found(), tmp_path, json=True)
    told = json.loads(capsys.readouterr().out)
    assert sorted(told) == ["behind", "left_out", "peers", "plots", "runs", "summary"]
    assert told["runs"][0]["problem"] == "nothing arrived within 60 s"
    assert [Path(path).exists() for path in told["plots"]] == [True] * 6


def test_only_what_can_be_had_takes_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    tools, left_out = find_all({name: PEERS[name] for name in ("logferry", "vector")}, {}, lambda _: None)
    assert list(tools) == ["logferry"]
    assert list(left_out) == ["vector"]


def test_servers_that_are_named_are_used_and_none_is_started(tmp_path: Path) -> None:
    plan = Plan(tmp_path, "kafka:9092", "http://search:9200", 10_000, 1, ("tail", "index"))
    with bench_peers._servers(plan) as ready:
        assert ready == plan
    assert list(tmp_path.iterdir()) == []
