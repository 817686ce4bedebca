"""``logferry archive``: what is in the archive, as lists, lines and answers to SQL; and small objects made large."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli import archive_compaction, archive_reading
from deploy.cli.archive_options import Namespaces, Since, Sink, Topics, Until, part
from deploy.cli.instance import Data, be_quiet, find_settings
from deploy.cli.options import Config, Json
from deploy.cli.output import print_json, print_table

if TYPE_CHECKING:
    from deploy.archive.catalog import Archive, Hour, Wanted
    from deploy.archive.check import Finding
    from deploy.archive.summary import Figures

app = typer.Typer(no_args_is_help=True, help="What the object_storage sinks have written.")

GAPS_SHOWN = 3


@app.command("ls")
def list_archive(
    sink: Sink = None,
    since: Since = None,
    until: Until = None,
    namespaces: Namespaces = None,
    topics: Topics = None,
    *,
    objects: Annotated[bool, typer.Option("--objects", help="List objects instead of hours.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Compare manifests with what is there; exit status 1 if something is wrong.")
    ] = False,
    read: Annotated[
        bool, typer.Option("--read", help="With --check: also read every object: counts, ids, SHA-256.")
    ] = False,
    json: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show hours and namespaces with their objects, records and ids, by manifests."""
    from deploy.archive.catalog import hours, open_archive
    from deploy.cli.progress import shown

    be_quiet()
    wanted = part(since, until, namespaces, topics)
    archive = open_archive(find_settings(config, data), sink)
    found = shown(hours(archive, wanted), "hours")
    if check or read:
        _check(archive, wanted, found, read=read, json=json)
    elif objects:
        _objects(wanted, found, json=json)
    else:
        _hours(wanted, found, json=json)


def _hours(wanted: Wanted, hours: Any, *, json: bool) -> None:
    from deploy.archive.summary import Figures, add_hour

    figures = Figures()
    for hour in hours:
        add_hour(figures, hour, wanted)
    if json:
        print_json(_figures_json(figures))
        return
    print_table([_hour_row(each) for each in figures.hours.values()])
    if figures.partitions:
        typer.echo("")
        print_table([_partition_row(each) for each in figures.partitions.values()])
    _notes(figures)


def _hour_row(each: Any) -> dict[str, Any]:
    from deploy.duration import show_bytes

    unknown = f" and {each.unnamed:,} objects in no manifest" if each.unnamed else ""
    return {
        "hour": each.hour,
        "topic": each.topic,
        "namespace": each.namespace,
        "objects": f"{each.objects:,}",
        "records": f"{each.records:,}{unknown}",
        "size": show_bytes(each.bytes),
        "first id": each.first_id,
        "last id": each.last_id,
    }


def _partition_row(each: Any) -> dict[str, Any]:
    gaps = each.gaps
    texts = [f"{first}-{last}" for first, last in gaps[:GAPS_SHOWN]]
    more = [f"and {len(gaps) - GAPS_SHOWN:,} more"] if len(gaps) > GAPS_SHOWN else []
    return {
        "topic": each.topic,
        "partition": each.partition,
        "offsets": f"{each.first_offset}-{each.last_offset}",
        "count": f"{each.offsets:,}",
        "records": f"{each.records:,}",
        "in no object's range": ", ".join(texts + more) or "none",
    }


def _notes(figures: Figures) -> None:
    if not figures.hours:
        sys.stderr.write("nothing is archived in this range\n")
    if figures.foreign:
        sys.stderr.write(f"{figures.foreign:,} things in these folders are not logferry's and were passed over\n")


def _figures_json(figures: Figures) -> dict[str, Any]:
    return {
        "hours": [vars(each) for each in figures.hours.values()],
        "partitions": [
            {
                "topic": each.topic,
                "partition": each.partition,
                "first_offset": each.first_offset,
                "last_offset": each.last_offset,
                "offsets": each.offsets,
                "records": each.records,
                "gaps": each.gaps,
            }
            for each in figures.partitions.values()
        ],
        "foreign": figures.foreign,
    }


def _objects(wanted: Wanted, hours: Any, *, json: bool) -> None:
    from deploy.duration import show_bytes

    rows = [row for hour in hours for row in _object_rows(hour, wanted)]
    if json:
        print_json(rows)
        return
    print_table(
        [
            {
                "object": row["name"],
                "size": show_bytes(row["bytes"]),
                "records": "?" if row["records"] is None else f"{row['records']:,}",
                "offsets": "?" if row["last_offset"] is None else f"{row['first_offset']}-{row['last_offset']}",
                "written": f"{row['modified']:%Y-%m-%d %H:%M:%S}" if not json else "",
            }
            for row in ({**row, "modified": _moment(row["modified"])} for row in rows)
        ]
    )


def _object_rows(hour: Hour, wanted: Wanted) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from deploy.archive.catalog import in_namespaces

    entries = hour.entries
    rows = []
    for each in in_namespaces(hour.stored.objects, wanted):
        entry = entries.get(each.name)
        told = asdict(entry) if entry else {"records": None, "first_offset": each.place.first_offset}
        listed = {"name": each.name, "bytes": each.bytes, "modified": each.modified, "named": entry is not None}
        rows.append({"last_offset": None, **told, **listed})
    return rows


def _moment(seconds: float) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)


def _check(archive: Archive, wanted: Wanted, hours: Any, *, read: bool, json: bool) -> None:
    from deploy.archive.check import check

    findings: list[Finding] = []
    looked_at = {"hours": 0, "objects": 0, "records": 0}
    for hour in hours:
        findings += check(archive.store, hour, wanted, time.time(), read=read)
        entries = hour.entries.values()
        looked_at["hours"] += 1
        looked_at["objects"] += len(entries)
        looked_at["records"] += sum(each.records for each in entries)
    if json:
        print_json({"ok": not findings, **looked_at, "findings": [vars(each) for each in findings]})
    else:
        for each in findings:
            typer.echo(f"{each.kind}: {each.name} {each.message}")
        verdict = f"{len(findings):,} things are wrong" if findings else "everything is there"
        how = "read" if read else "listed"
        typer.echo(
            f"{verdict}: {looked_at['objects']:,} objects with {looked_at['records']:,} records "
            f"in {looked_at['hours']:,} hours {how}"
        )
    if findings:
        raise typer.Exit(1)


archive_reading.register(app)
archive_compaction.register(app)
