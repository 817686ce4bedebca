"""The short set of the fault suite: `logferry bench faults` has many more, for longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.faults import run as course
from bench.faults.catalogue import SCENARIOS
from bench.faults.disk import SmallDisk, can_mount
from bench.faults.run import Row, run
from bench.faults.scenario import Scenario
from bench.faults.site import Site
from deploy.local.stack import Stack
from tests.faults.sabotage import DocumentsTouched, ObjectDeleted

pytestmark = pytest.mark.timeout(300, func_only=True)  # the stack has limits of its own

SHORT = [each for each in SCENARIOS.values() if each.is_short and (can_mount() or not each.small_disks)]


@pytest.mark.parametrize("scenario", SHORT, ids=lambda each: each.name)
def test_nothing_is_missing_doubled_or_altered_and_the_ledger_balances(
    stack: Stack, tmp_path: Path, scenario: Scenario
) -> None:
    row, log = made(stack, tmp_path, scenario)
    wanted = Row(scenario.name, row.sent, recovery_secs=row.recovery_secs, balances=True, note=row.note)
    assert (row, row.is_clean, row.sent > 500) == (wanted, True, True), log


def made(stack: Stack, folder: Path, scenario: Scenario) -> tuple[Row, str]:
    """A scenario's row, and what its stages said last."""
    with Site(stack, folder / "site", f"faults-{os.getpid()}-{scenario.name}", scenario) as site:
        row = run(scenario, site)
        return row, f"{row.note}\n{site.pipeline.tails()}"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is gone does not come back: there is no use in waiting for it."""
    monkeypatch.setattr(course, "QUIET_SECS", 8.0)
    monkeypatch.setattr(course, "SETTLE_SECS", 5.0)


@pytest.mark.usefixtures("hurried")
def test_what_is_taken_away_added_and_changed_behind_everybodys_back_is_found(stack: Stack, tmp_path: Path) -> None:
    sabotage = Scenario("sabotage", "documents and an object are touched", (DocumentsTouched(), ObjectDeleted()))
    row, log = made(stack, tmp_path, sabotage)
    assert (row.doubled, row.altered, row.missing > 2, row.balances, row.is_clean) == (1, 1, True, False, False), log
    assert [kind for kind in ("missing_document", "missing_object") if kind not in row.note] == [], row.note


def test_a_small_disk_is_full_when_it_was_filled_and_not_before_and_not_after(tmp_path: Path) -> None:
    if not can_mount():
        with pytest.raises(OSError, match="could not be mounted"):
            SmallDisk(tmp_path / "disk", 1 << 20)
        return
    disk = SmallDisk(tmp_path / "disk", 1 << 20)
    found = [disk.is_full]
    disk.fill()
    found.append(disk.is_full)
    disk.free()
    found.append(disk.is_full)
    disk.close()
    assert (found, os.path.ismount(disk.folder)) == ([False, True, False], False)
