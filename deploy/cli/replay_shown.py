"""What ``logferry replay`` says: its plan, and how it went."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from deploy.cli.output import print_json, print_table

if TYPE_CHECKING:
    from deploy.replay.run import Outcome
    from deploy.replay.start import Known


def show_plan(known: Known, late_secs: float, *, as_json: bool) -> None:
    """What it would do: everything is read for it, and nothing is sent."""
    from deploy.cli.progress import shown
    from deploy.replay.plan import Census, context_secs, target_topic
    from deploy.replay.start import reader_of

    census = Census()
    with reader_of(known, late_secs) as reader:
        census.objects = reader.overview(known.wanted).objects
        for step in shown(reader.read(known.wanted), "chunks and objects were looked at"):
            census.take(step)
    row = census.rows(
        known.request, known.saved, target_topic(known.request, known.settings), context_secs(known.settings)
    )
    if as_json:
        print_json({**row, "troubles": [each._asdict() for each in census.troubles]})
        return
    print_table([{"": name, " ": value} for name, value in row.items()])
    _show_troubles(census.troubles, known)
    if not census.chunks:
        typer.echo("there is nothing of that period")


def show_saved(known: Known, *, as_json: bool) -> None:
    """What was done before, for machines."""
    from dataclasses import asdict

    if as_json:
        print_json(asdict(known.saved) | {"is_complete": True})


def show_outcome(known: Known, outcome: Outcome, *, as_json: bool) -> None:
    """How it went."""
    from deploy.duration import show_bytes, show_duration
    from deploy.replay.plan import run_name
    from deploy.replay.request import shown

    saved, suffix = outcome.saved, known.request.suffix
    if as_json:
        print_json(
            {
                "replay": run_name(known.request, saved),
                "since": shown(saved.since),
                "until": shown(saved.until),
                "chunks": saved.records,
                "context_chunks": saved.chunks - saved.records,
                "bytes": saved.bytes,
                "records": {f"{topic}{suffix}": int(amount) for topic, amount in outcome.records.items()},
                "secs": round(outcome.secs, 1),
                "troubles": [each._asdict() for each in outcome.troubles],
                "is_complete": True,
            }
        )
        return
    typer.echo(
        f"{saved.records:,} chunks and {saved.chunks - saved.records:,} for context, {show_bytes(saved.bytes)}, "
        f"in {show_duration(outcome.secs)}"
    )
    if not saved.records:
        typer.echo("nothing of that period matches")
    print_table([{"topic": f"{topic}{suffix}", "records": f"{int(n):,}"} for topic, n in outcome.records.items()])
    _show_troubles(outcome.troubles, known)
    if suffix:
        typer.echo(f"compare: logferry replay diff --index-suffix={suffix}")


def _show_troubles(troubles: Any, known: Known) -> None:
    if not troubles:
        return
    print_table([each._asdict() for each in troubles])
    if known.request.origin == "kafka":
        note("what is past its retention --from archive may have, where a sink archives logs.raw")
    else:
        note(
            "everything else was sent; look at the store (`logferry archive ls`), or at --from kafka for recent chunks"
        )


def note(text: str) -> None:
    """Something beside the answer."""
    sys.stderr.write(f"{text}\n")
