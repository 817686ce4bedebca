"""What `logferry bench faults` offers and how it ends; scenarios are grouped by the servers they need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import pytest
from typer.testing import CliRunner

from bench.faults import suite
from bench.faults.catalogue import SCENARIOS
from bench.faults.run import Row
from bench.faults.scenario import Scenario
from bench.faults.suite import run_one
from deploy.cli.app import app
from schemas.errors import SettingsError

CLEAN = Row("kill-all", sent=10, recovery_secs=1.5, balances=True)


def said(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["bench", *words])
    return result.exit_code, result.stdout


def done(monkeypatch: pytest.MonkeyPatch, *rows: Row) -> None:
    """Let these be what came out."""

    def run_all(*_: object) -> Iterator[Row]:
        yield from rows

    monkeypatch.setattr(suite, "run_all", run_all)


def test_the_list_names_each_scenario_and_what_it_does() -> None:
    status, text = said("faults", "--list", "--json")
    assert (status, {each["scenario"] for each in json.loads(text)}) == (0, set(SCENARIOS))
    assert [each.name for each in SCENARIOS.values() if not each.what or each.what.endswith(".")] == []


def test_the_short_list_is_what_the_tests_run() -> None:
    _, text = said("faults", "--list", "--short", "--json")
    short = {each.name for each in SCENARIOS.values() if each.is_short}
    assert {each["scenario"] for each in json.loads(text)} == short


def test_a_scenario_that_there_is_not_is_refused_with_a_remedy() -> None:
    with pytest.raises(SettingsError, match="there is no scenario nope"):
        CliRunner().invoke(app, ["bench", "faults", "nope"], catch_exceptions=False)


def test_tasks_are_still_arguments_of_bench_itself() -> None:
    with pytest.raises(SettingsError, match="there is no task nope"):
        CliRunner().invoke(app, ["bench", "nope", "--lines", "2000"], catch_exceptions=False)


def test_the_end_says_whether_every_row_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    left_out = Row("kill-each", note="it needs root", is_left_out=True)
    done(monkeypatch, CLEAN, left_out)
    status, text = said("faults", "kill-all", "kill-each")
    assert (status, "left out: it needs root" in text) == (0, True)
    for wrong in (Row("kill-all", sent=10, missing=1, recovery_secs=1.5, balances=True), Row("kill-all", note="broke")):
        done(monkeypatch, CLEAN, wrong)
        assert said("faults", "kill-all")[0] == 1


def test_rows_for_machines_have_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    done(monkeypatch, CLEAN)
    assert json.loads(said("faults", "kill-all", "--json")[1]) == [
        {
            "scenario": "kill-all", "sent": 10, "missing": 0, "doubled": 0, "altered": 0,
            "recovery_secs": 1.5, "balances": True, "note": "",
        }
    ]  # fmt: skip


def test_scenarios_share_servers_unless_they_need_others() -> None:
    groups = suite._groups([SCENARIOS[name] for name in ("kill-all", "leader-kill", "storm", "disk-full-broker")])
    assert [[each.name for each in group] for group in groups] == [
        ["kill-all", "storm"],
        ["leader-kill"],
        ["disk-full-broker"],
    ]


@dataclass
class Broken:
    """A site that cannot be opened."""

    def __enter__(self) -> Self:
        raise OSError("no space left on device")

    def __exit__(self, *_: object) -> None: ...


def test_a_scenario_that_breaks_off_is_a_row_that_says_why_and_is_not_clean() -> None:
    row = run_one(Scenario("x", "y", ()), Broken, lambda _: None)  # type: ignore[arg-type]
    assert (row.is_clean, row.note) == (False, "OSError in __enter__: no space left on device")
