"""``logferry bench peers``: logferry beside what people would pick instead."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli.options import Json, Workspace
from deploy.cli.output import print_json, print_table
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from bench.peers.run import Plan, Result

GIVEN = "Where the program is, if it is not on PATH."


def peers(
    names: Annotated[list[str] | None, typer.Argument(help="Who takes part beside logferry. Default: all.")] = None,
    *,
    task: Annotated[list[str] | None, typer.Option(help="tail, route or index; may be repeated. Default: all.")] = None,
    lines: Annotated[int, typer.Option(min=10_000, help="Lines to generate.")] = 300_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each does each task.")] = 3,
    folder: Workspace = None,
    kafka: Annotated[str | None, typer.Option(help="host:port of a Kafka, instead of starting one.")] = None,
    elasticsearch: Annotated[str | None, typer.Option(help="URL of an Elasticsearch, instead of starting one.")] = None,
    plots: Annotated[Path | None, typer.Option(help="Folder for pictures, PNG and SVG; needs the extra bench.")] = None,
    otelcol: Annotated[Path | None, typer.Option(help="An OpenTelemetry Collector, instead of building one.")] = None,
    fluent_bit: Annotated[Path | None, typer.Option(help=GIVEN)] = None,
    vector: Annotated[Path | None, typer.Option(help=GIVEN)] = None,
    redpanda_connect: Annotated[Path | None, typer.Option(help=GIVEN)] = None,
    filebeat: Annotated[Path | None, typer.Option(help=GIVEN)] = None,
    logstash: Annotated[Path | None, typer.Option(help=GIVEN)] = None,
    json: Json = False,
) -> None:
    """Measure logferry and others at the same three tasks, on the same lines and servers, in paired rounds.

    CPU seconds per million lines (of all processes of a program), lines per second, peak memory, and which lines
    arrived: missing, doubled, unwanted. Starts the servers it needs; who cannot be had is left out with the reason.
    Ctrl-C ends it early and shows what was measured until then.
    """
    from bench.peers.run import Plan

    given = {
        "otel-collector": otelcol,
        "fluent-bit": fluent_bit,
        "vector": vector,
        "redpanda-connect": redpanda_connect,
        "filebeat": filebeat,
        "logstash": logstash,
    }
    chosen = _chosen(names or [], task or [])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is ended
    place = Path(tempfile.mkdtemp(prefix="logferry-peers-", dir=folder))
    place.chmod(0o755)
    try:
        plan = Plan(place, kafka or "", elasticsearch or "", lines, rounds, tuple(chosen[1]))
        found = _measured(plan, chosen[0], {name: path for name, path in given.items() if path})
    finally:
        shutil.rmtree(place, ignore_errors=True)
    _show(found, plots, json=json)


def _chosen(names: list[str], tasks: list[str]) -> tuple[list[str], list[str]]:
    """Names and tasks that there are. Raises SettingsError."""
    from bench.peers.registry import PEERS
    from bench.peers.report import OURS
    from bench.peers.task import TASKS

    for each, known in ((names, PEERS), (tasks, TASKS)):
        unknown = [name for name in each if name not in known]
        if unknown:
            raise SettingsError(f"there is no {', '.join(unknown)}", remedy=f"choose from {', '.join(known)}")
    everybody = [name for name in PEERS if not names or name in names or name == OURS]
    return everybody, [task for task in TASKS if not tasks or task in tasks]


def _measured(plan: Plan, names: list[str], given: dict[str, Path]) -> dict[str, Any]:
    from bench.peers.registry import PEERS
    from bench.peers.report import document
    from bench.peers.run import Rounds, find_all

    tools, left_out = find_all({name: PEERS[name] for name in names}, given, _say)
    with _servers(plan) as ready:
        results: list[Result] = []
        try:
            results.extend(Rounds(ready, tools, _say).run())
        except KeyboardInterrupt:
            _say("interrupted: this is what was measured until then")
        return document(results, tools, left_out)


@contextmanager
def _servers(plan: Plan) -> Iterator[Plan]:
    """The plan with servers that run: those that it names, and for the rest such as are started here."""
    from deploy.local import elasticsearch, kafka
    from deploy.local.stack import Stack

    named = {kafka.NAME: plan.bootstrap_servers, elasticsearch.NAME: plan.elasticsearch_url}
    needed = (kafka.NAME, elasticsearch.NAME) if "index" in plan.tasks else (kafka.NAME,)
    lacking = [name for name in needed if not named[name]]
    if not lacking:
        yield plan
        return
    _say(f"starting {' and '.join(lacking)}")
    with Stack(plan.folder / "servers", servers=lacking) as stack:
        where = stack.endpoints
        yield replace(
            plan,
            bootstrap_servers=plan.bootstrap_servers or where.bootstrap_servers,
            elasticsearch_url=plan.elasticsearch_url or where.elasticsearch_url,
        )


def _show(found: dict[str, Any], plots: Path | None, *, json: bool) -> None:
    drawn = []
    if plots:
        from bench.peers.plots import draw

        drawn = [str(path) for path in draw(found["summary"], plots)]
    if json:
        print_json(found | {"plots": drawn})
        return
    print_table(found["summary"])
    for name, told in found["peers"].items():
        sys.stdout.write(f"{name}: {told['version']}; when killed: {told['guarantee']}\n")
    for name, reason in found["left_out"].items():
        sys.stdout.write(f"left out: {name}: {reason}\n")
    for sentence in [*found["behind"], *drawn]:
        sys.stdout.write(f"{sentence}\n")


def _say(step: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"… {step}\n")
