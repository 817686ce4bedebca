"""What nobody could have read is what the ledger says is lost: no line more, no line less."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.faults.node.host_files import UNSEEN_LINES, Emptied, HostWriter, quiet
from bench.faults.node.rotated_away import CONTAINERS, LINES, Remembering, RotatedAway
from bench.faults.node.stage_door import found
from bench.faults.run import Row, run
from bench.faults.scenario import Scenario
from bench.faults.site import Site
from deploy.local.stack import Stack

pytestmark = pytest.mark.timeout(300, func_only=True)  # the stack has limits of its own

BEYOND = 2
"""Files of each container that kubelet removes unread: it keeps five."""
LOSSES = Scenario(
    "losses",
    "containers are rotated away and text files truncated while no producer runs",
    (RotatedAway(4 + BEYOND, secs=1.0), Emptied(secs=1.0)),
    (Remembering, quiet),
)


def test_the_ledger_names_the_lines_that_nobody_could_have_read_and_all_others_arrive(
    stack: Stack, tmp_path: Path
) -> None:
    with Site(stack, tmp_path / "site", f"losses-{os.getpid()}", LOSSES) as site:
        row = run(LOSSES, site)
        containers, files = found(site, Remembering), found(site, HostWriter)
        log = f"{row.note}\n{site.pipeline.tails()}"
        assert (row.missing, row.doubled, row.altered) == (0, 0, 0), log
        assert ([*containers.objections()], [*files.objections()]) == ([], []), log
        gone = [len(lines) for writer in (containers, files) for lines in writer.unavoidable().values()]
        assert gone == [BEYOND * LINES] * CONTAINERS + [UNSEEN_LINES] * 3
        assert row == Row(LOSSES.name, row.sent, recovery_secs=row.recovery_secs, balances=True, note=row.note), log
