"""``logferry bench``: what each stage costs on this machine; the suites are commands of their own beside it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from deploy.cli import bench_faults, bench_peers
from deploy.cli.options import Json, Workspace
from deploy.cli.output import print_json, print_table
from schemas.errors import SettingsError

STAGES = "stages"
"""What is meant where no other command is named: `logferry bench produce stream`."""


class BenchGroup(TyperGroup):
    """Tasks and options that come first are those of the stages."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Name the command that is meant."""
        is_named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if is_named else [STAGES, *args])


app = typer.Typer(cls=BenchGroup, help="Measure each stage alone (as `bench stages`), or run a suite.")
app.command("faults")(bench_faults.faults)
app.command("peers")(bench_peers.peers)


@app.command(STAGES)
def bench(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            help="read, librdkafka, produce, stream, stream-json, stream1, stream2, bulk, index, index-json, archive."
        ),
    ] = None,
    *,
    lines: Annotated[int, typer.Option(min=1000, help="Lines to generate; 30 % of them become records.")] = 1_000_000,
    folder: Workspace = None,
    json: Json = False,
) -> None:
    """Measure CPU seconds per million lines, lines per second and peak memory of each stage alone.

    Starts the servers it needs. read, librdkafka and bulk are the raw limits beside produce and index.
    """
    from bench.tasks import TASKS, Bench
    from deploy.local.stack import Stack

    chosen = tasks or list(TASKS)
    unknown = [task for task in chosen if task not in TASKS]
    if unknown:
        raise SettingsError(f"there is no task {', '.join(unknown)}", remedy=f"choose from {', '.join(TASKS)}")
    place = Path(tempfile.mkdtemp(prefix="logferry-bench-", dir=folder))
    place.chmod(0o755)
    rows: list[dict[str, Any]] = []
    try:
        _say("starting the servers")
        with Stack(place / "servers") as stack:
            where = stack.endpoints
            run = Bench(place, where.bootstrap_servers, where.elasticsearch_url, lines).run(chosen, _say)
            rows.extend(figures.as_row() for figures in run)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if json:
        print_json(rows)
    else:
        print_table(rows)


def _say(step: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"… {step}\n")
