"""``logferry archive compact``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deploy.cli.archive_options import Since, Sink, Topics, Until, part
from deploy.cli.instance import Data, be_quiet, find_settings
from deploy.cli.options import Config, Json
from deploy.cli.output import print_json

if TYPE_CHECKING:
    from sinks.object_storage.mending import Event

MIB: Final = 1024 * 1024


def compact(
    sink: Sink = None,
    since: Since = None,
    until: Until = None,
    topics: Topics = None,
    older_than: Annotated[
        str, typer.Option(metavar="DURATION", help="Leave hours alone in which something was written since.")
    ] = "2h",
    target: Annotated[int, typer.Option(metavar="MIB", min=1, help="Size of the large objects, in MiB.")] = 128,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would become one.")] = False,
    json: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Make one large object of an hour's many small ones; records that stand twice are kept once.

    It may be interrupted at any time, run twice, and run beside the sink.
    """
    from deploy.archive.catalog import open_archive
    from deploy.archive.catalog import topics as topics_of
    from deploy.duration import parse_duration
    from sinks.object_storage.compaction import Compaction

    be_quiet()
    wanted = part(since, until, None, topics)
    archive = open_archive(find_settings(config, data), sink)
    names = topics_of(archive, wanted)
    work = Compaction(target * MIB, parse_duration(older_than, "--older-than"), wanted.since, wanted.until, dry_run)
    wrong = _report(work.run(archive.store, names, time.time()), json=json, dry_run=dry_run)
    if wrong:
        raise typer.Exit(1)


def _report(events: Iterable[Event], *, json: bool, dry_run: bool) -> int:
    """Say what is done as it is done; returns how many things a person should look at."""
    from sinks.object_storage.mending import Compacted, LeftAlone

    shown: list[dict[str, Any]] = []
    sums = {"objects": 0, "made": 0, "bytes_before": 0, "bytes": 0, "doubles": 0, "wrong": 0}
    for each in events:
        if isinstance(each, Compacted):
            sums["objects"] += each.objects
            sums["made"] += 1
            sums["bytes_before"] += each.bytes_before
            sums["bytes"] += each.bytes
            sums["doubles"] += each.records_before - each.records
        elif isinstance(each, LeftAlone):
            sums["wrong"] += each.wrong
        if json:
            shown.append({"event": type(each).__name__.lower(), **vars(each)})
        else:
            _say(each, dry_run=dry_run)
    if json:
        print_json({"dry_run": dry_run, **sums, "events": shown})
    else:
        _say_sums(sums, dry_run=dry_run)
    return sums["wrong"]


def _say(each: Event, *, dry_run: bool) -> None:
    from deploy.duration import show_bytes
    from sinks.object_storage.mending import Compacted, LeftAlone

    if isinstance(each, Compacted):
        verb = "would become" if dry_run else "became"
        after = "" if dry_run else f", {show_bytes(each.bytes)}, {each.records:,} records"
        typer.echo(f"{each.objects:,} objects of {show_bytes(each.bytes_before)} {verb} {each.name}{after}")
    elif isinstance(each, LeftAlone):
        stream = sys.stderr if each.wrong else sys.stdout
        stream.write(f"{'warning: ' if each.wrong else ''}{each.name} is left alone: {each.why}\n")
    else:
        typer.echo(f"{each.name}: {each.what}")


def _say_sums(sums: dict[str, int], *, dry_run: bool) -> None:
    from deploy.duration import show_bytes

    if not sums["made"]:
        typer.echo("nothing to compact")
        return
    if dry_run:
        typer.echo(f"{sums['objects']:,} objects would become {sums['made']:,}; nothing was changed")
        return
    sizes = f"{show_bytes(sums['bytes_before'])} to {show_bytes(sums['bytes'])}"
    doubles = f"; {sums['doubles']:,} records stood twice" if sums["doubles"] else ""
    typer.echo(f"{sums['objects']:,} objects became {sums['made']:,}, {sizes}{doubles}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(compact)
