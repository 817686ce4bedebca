"""Many scenarios one after the other, on as few starts of the servers as they need."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from bench.faults.disk import SmallDisk, can_mount
from bench.faults.run import Row, Say, left_out, run
from bench.faults.scenario import Scenario
from bench.faults.site import RATE, Site
from deploy.local import kafka
from deploy.local.stack import Stack
from deploy.local.users import make_folder, server_user
from schemas.errors import FatalError

NEEDS_ROOT: Final = "it needs root, to mount a small file system"


def run_all(place: Path, scenarios: Sequence[Scenario], prefix: str, say: Say, rate: float = RATE) -> Iterator[Row]:
    """Each scenario's row, in the order of their servers.

    ``place``: a folder that everybody may enter. ``rate``: lines a second of the usual load.
    """
    for number, alike in enumerate(_groups(scenarios)):
        possible = [each for each in alike if not each.small_disks or can_mount()]
        yield from (left_out(each, NEEDS_ROOT) for each in alike if each not in possible)
        if possible:
            yield from _group(place / f"servers-{number}", possible, f"{prefix}x{number}", say, rate)


def _groups(scenarios: Sequence[Scenario]) -> list[list[Scenario]]:
    """Scenarios that can share servers."""
    groups: dict[tuple[int, int], list[Scenario]] = {}
    for each in scenarios:
        groups.setdefault((each.brokers, each.small_disks.get(kafka.NAME, 0)), []).append(each)
    return list(groups.values())


def _group(place: Path, scenarios: Sequence[Scenario], prefix: str, say: Say, rate: float) -> Iterator[Row]:
    """Rows of scenarios that share servers. When those cannot be had, the scenarios left fail with the reason."""
    say("starting the servers")
    waiting = list(scenarios)
    try:
        with _servers(place, scenarios[0], needs_store=any(each.store == "s3" for each in scenarios)) as (stack, disk):
            while waiting:
                scenario, number = waiting.pop(0), len(scenarios) - len(waiting)
                folder, own = place.with_name(f"{place.name}-{number}"), f"{prefix}x{number}"
                store = stack.endpoints.object_store if scenario.store == "s3" else None
                new = partial(Site, stack, folder, own, scenario, store=store, broker_disk=disk, rate=rate)
                yield run_one(scenario, new, say)
                shutil.rmtree(folder, ignore_errors=True)
                _restored(stack, scenario)
    except FatalError as error:
        for number, each in enumerate(waiting):  # what a server logged is said once
            yield Row(each.name, note=f"servers: {error.problem if number else error}")


@contextmanager
def _servers(place: Path, scenario: Scenario, *, needs_store: bool) -> Iterator[tuple[Stack, SmallDisk | None]]:
    place.mkdir(parents=True)
    place.chmod(0o755)
    stack = Stack(place / "data", object_store=needs_store, brokers=scenario.brokers)
    with ExitStack() as opened:
        disk = None
        if size := scenario.small_disks.get(kafka.NAME):
            disk = _broker_disk(stack.data, size)
            opened.callback(disk.close)
        yield opened.enter_context(stack), disk
    shutil.rmtree(place, ignore_errors=True)


def _broker_disk(data: Path, size: int) -> SmallDisk:
    """A small disk for the log of the broker of a stack that has not run yet."""
    return SmallDisk(make_folder(data / kafka.NAME / "log", server_user()), size)


def run_one(scenario: Scenario, new_site: Callable[[], Site], say: Say) -> Row:
    """One scenario at a site of its own; whatever goes wrong with it is its row's note."""
    try:
        with new_site() as site:
            row = run(scenario, site, lambda text: say(f"… {scenario.name}: {text}"))
            return row if row.is_clean else replace(row, note=f"{row.note}; {_complaints(site)}".strip("; "))
    except Exception as error:  # the others go on
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Row(scenario.name, note=f"{type(error).__name__} in {where.name}: {str(error)[:2000]}")


def _complaints(site: Site) -> str:
    """Errors that stages logged; those are for a human."""
    found = [
        f"{path.stem}: {line.strip()[:300]}"
        for path in sorted(site.pipeline.folder.glob("*.log"))
        for line in path.read_text(errors="replace").splitlines()
        if " ERROR " in line or '"level": "error"' in line or "Traceback" in line
    ]
    return "; ".join(found[:3])


def _restored(stack: Stack, scenario: Scenario) -> None:
    """Servers that a broken run left down are up again for the next one."""
    for name in (
        *kafka.names(scenario.brokers),
        "elasticsearch",
        *(("object_store",) if scenario.store == "s3" else ()),
    ):
        stack.start_server(name)
