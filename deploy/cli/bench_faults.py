"""``logferry bench faults``: lines that prove themselves under every fault worth fearing, as a table."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.status import Status

from deploy.cli.options import Json, Workspace
from deploy.cli.output import print_json, print_table
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from bench.faults.run import Row, Say
    from bench.faults.scenario import Scenario


def faults(
    names: Annotated[list[str] | None, typer.Argument(help="Scenarios; all of them if none is named.")] = None,
    *,
    short: Annotated[bool, typer.Option("--short", help="Only those that the tests run too.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Say what there is, and do nothing.")] = False,
    rate: Annotated[float, typer.Option(min=1, help="Lines a second of the usual load.")] = 600.0,
    folder: Workspace = None,
    json: Json = False,
) -> None:
    """Lines sent, missing, doubled and altered, recovery time and ledger balance, for each scenario.

    Starts real servers and stages, lets them fail under load, and judges every line in Elasticsearch and the archive.
    Ends with status 1 when any row is not clean. A scenario takes about a minute.
    """
    chosen = _chosen(names or [], short=short)
    if listed:
        _show([{"scenario": each.name, "what": each.what, "brokers": each.brokers} for each in chosen], json=json)
        return
    place = Path(tempfile.mkdtemp(prefix="logferry-faults-", dir=folder))
    place.chmod(0o755)
    rows: list[Row] = []
    try:
        with _tidy_end(), _progress() as say:
            _run_all(rows, place, chosen, say, rate)
    finally:  # whoever stops it in between wants to know what was seen until then
        shutil.rmtree(place, ignore_errors=True)
        _show([row.as_row() if json else _shown(row) for row in rows], json=json)
    if not all(row.is_clean for row in rows):
        raise typer.Exit(1)


def _chosen(names: Sequence[str], *, short: bool) -> list[Scenario]:
    from bench.faults.catalogue import SCENARIOS

    if unknown := [name for name in names if name not in SCENARIOS]:
        raise SettingsError(
            f"there is no scenario {', '.join(unknown)}", remedy="see what there is with `logferry bench faults --list`"
        )
    return [each for each in SCENARIOS.values() if (not names or each.name in names) and (each.is_short or not short)]


def _run_all(rows: list[Row], place: Path, chosen: Sequence[Scenario], say: Say, rate: float) -> None:
    from bench.faults.suite import run_all

    for row in run_all(place, chosen, f"faults{os.getpid()}", say, rate):
        rows.append(row)
        verdict = "left out" if row.is_left_out else "clean" if row.is_clean else "NOT CLEAN"
        say(f"{row.scenario}: {verdict} {row.note}")


@contextmanager
def _tidy_end() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does: servers, stages and mounts are put away."""
    former = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


@contextmanager
def _progress() -> Iterator[Say]:
    """On a terminal what is being done, and a line for each row; nothing in a pipe."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Status("starting", console=console) as status:

        def say(text: str) -> None:
            if ": " in text and not text.startswith("…"):
                console.print(text, markup=False, highlight=False)
            else:
                status.update(text)

        yield say


def _shown(row: Row) -> dict[str, Any]:
    """A row of the table."""
    balance = {True: "yes", False: "NO", None: "not asked"}[row.balances]
    told = dict.fromkeys(row.as_row(), "") if row.is_left_out else row.as_row() | {"balances": balance}
    note = f"left out: {row.note}" if row.is_left_out else row.note
    return told | {"scenario": row.scenario, "note": note}


def _show(rows: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        print_json(rows)
    else:
        print_table(rows)
