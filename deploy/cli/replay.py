"""``logferry replay``: chunks of a period go through the stream stage once more; ``diff`` and ``forget`` for trials."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli.instance import Data, be_quiet, data_folder, find_settings
from deploy.cli.options import Config, Json, read_text, settings_file
from deploy.cli.output import print_json, print_table
from deploy.cli.replay_shown import note, show_outcome, show_plan, show_saved
from deploy.replay.request import Request
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from deploy.replay.run import Outcome
    from deploy.replay.start import Known
    from schemas.settings import Settings

app = typer.Typer(help="Send what was read before through the pipeline once more; nothing is doubled by it.")

_WHAT, _WHERE, _HOW = "What", "Where it goes", "How"  # panels of --help
NICE = 10

Suffix = Annotated[
    str, typer.Option("--index-suffix", metavar="-NAME", help="Try it out in indices and topics of its own: -try1.")
]


@app.callback(invoke_without_command=True)
def replay(
    context: typer.Context,
    origin: Annotated[
        str | None, typer.Option("--from", help="archive, or kafka (what logs.raw still has).", rich_help_panel=_WHAT)
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="2h (ago), 2026-11-21T13:00 (UTC).", rich_help_panel=_WHAT)
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="Default: the newest that is complete. now waits.", rich_help_panel=_WHAT),
    ] = None,
    match: Annotated[str, typer.Option(help="Only these tags: 'kube.shop.**'.", rich_help_panel=_WHAT)] = "**",
    sink: Annotated[
        str | None, typer.Option(help="Which raw archive, where there are several.", rich_help_panel=_WHAT)
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            help="replay: workers of its own; raw: the live workers; or a topic, and nobody works on it.",
            rich_help_panel=_WHERE,
        ),
    ] = "replay",
    rules: Annotated[
        Path | None,
        typer.Option(help="Rules in place of those of the settings; live rules do not hold.", rich_help_panel=_WHERE),
    ] = None,
    index_suffix: Suffix = "",
    rate: Annotated[
        str | None, typer.Option(metavar="BYTES/s", help="No faster: 50MB/s.", rich_help_panel=_HOW)
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Workers of its own.", rich_help_panel=_HOW)] = 1,
    late: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="From kafka: how long after it was read on its node a chunk may have come there.",
            rich_help_panel=_HOW,
        ),
    ] = "10m",
    *,
    again: Annotated[bool, typer.Option("--again", help="From the beginning.", rich_help_panel=_HOW)] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would do.", rich_help_panel=_HOW)
    ] = False,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Send what was read before through the pipeline once more; the same records have the same ids.

    The same command goes on where it was broken off.
    """
    if context.invoked_subcommand is not None:
        return
    from deploy.duration import parse_duration
    from deploy.replay.plan import Options
    from deploy.replay.request import rate as bytes_per_second

    be_quiet()
    settings, given = _settings(config, data)
    request = Request(
        _origin(origin),
        sink,
        _needed(since, "--since"),
        until,
        match,
        to,
        None if rules is None else read_text(rules),
        index_suffix,
        settings.topics.names.raw,
    )
    options = Options(0.0 if rate is None else bytes_per_second(rate), workers, parse_duration(late, "--late"), again)
    _replay(request, options, settings, given, dry_run=dry_run, as_json=json)


def _replay(
    request: Request, options: Any, settings: Settings, given: dict[str, Any], *, dry_run: bool, as_json: bool
) -> None:
    from deploy.replay.start import find

    known = find(request, settings, given, again=options.again)
    if dry_run:
        show_plan(known, options.late_secs, as_json=as_json)
        return
    if known.note:
        note(known.note)
    if known.is_complete:
        note("it is complete already; --again begins it anew")
        show_saved(known, as_json=as_json)
        return
    if not known.is_new:
        note(f"goes on behind {known.saved.chunks:,} chunks")
    outcome = _execute(known, options)
    show_outcome(known, outcome, as_json=as_json)
    if outcome.saved.troubles:
        raise typer.Exit(1)


def _execute(known: Known, options: Any) -> Outcome:
    from deploy.replay.children import Stopped
    from deploy.replay.plan import settle_secs, wait_secs
    from deploy.replay.start import execute
    from runtime.process import stop_on_signals

    os.nice(NICE)  # live traffic goes first, wherever this runs; workers and sinks of its own have it from here
    secs = wait_secs(known.saved, settle_secs(known.settings, known.request))
    if secs > 1:
        note(f"waits {secs:.0f} s until what is unfinished at the end of the period has come")
    try:
        return execute(known, options, stop_on_signals())
    except Stopped:
        note("stopped; the same command goes on from here")
        raise typer.Exit(130) from None


@app.command("work", hidden=True)
def work(
    job: Annotated[Path, typer.Option(help="What to work on.")],
    number: Annotated[int, typer.Option(help="Of this worker.")] = 0,
    config: Config = None,
) -> None:
    """One worker of a replay, as the command starts it."""
    from deploy.cli.options import read_settings
    from deploy.replay.children import Job
    from runtime.kafka import check_reachable
    from runtime.process import ease_collector, follow_settings, set_up_logging
    from runtime.registry import prepare_codecs
    from streams.app import run

    set_up_logging()
    feed = Job.read(job)
    settings = read_settings(config)
    kafka = settings.kafka.model_copy(update={"instance": f"{feed.run}-{number}"})
    settings = settings.model_copy(update={"kafka": kafka})
    follow_settings(settings, "stream")
    prepare_codecs(settings)
    check_reachable(settings.kafka)
    ease_collector()
    run(settings, feed)


@app.command()
def diff(
    index_suffix: Suffix,
    since: Annotated[str | None, typer.Option(metavar="MOMENT", help="Default: that of the replay.")] = None,
    until: Annotated[str | None, typer.Option(metavar="MOMENT", help="Default: that of the replay.")] = None,
    match: Annotated[str | None, typer.Option(help="Only these tags. Default: those of the replay.")] = None,
    examples: Annotated[int, typer.Option(min=0, max=100, help="Shown of each field.")] = 3,
    config: Config = None,
    data: Data = None,
    *,
    json: Json = False,
) -> None:
    """Compare the documents of a trial with those there were; status 1 when they differ."""
    from deploy.replay.diff import compare_trial, trial_period
    from deploy.replay.request import moment

    be_quiet()
    settings, _ = _settings(config, data)
    now = time.time()
    asked = (
        None if since is None else moment(since, "--since", now),
        None if until is None else moment(until, "--until", now),
    )
    found = compare_trial(settings, index_suffix, trial_period(settings, index_suffix, asked, match), examples)
    if json:
        print_json(found.as_json())
    else:
        for line in found.summary():
            typer.echo(line)
        print_table(found.rows())
    if not found.is_same:
        raise typer.Exit(1)


@app.command()
def forget(
    index_suffix: Suffix,
    config: Config = None,
    data: Data = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Remove the indices, topics and groups of a trial."""
    from deploy.replay.forget import find_trial

    be_quiet()
    settings, _ = _settings(config, data)
    trial = find_trial(settings, index_suffix)
    rows = trial.rows()
    if rows and not json:
        print_table(rows)
    if rows and not yes:
        if not sys.stdin.isatty():
            raise SettingsError("nobody is there to be asked", remedy="say --yes")
        typer.confirm("Remove all of that?", abort=True)
    trial.remove()
    if json:
        print_json(rows)
    else:
        typer.echo("removed" if rows else "there is nothing of that name")


def _settings(config: Path | None, data: Path | None) -> tuple[Settings, dict[str, Any]]:
    """The settings, and the same as data, the environment's included."""
    from deploy.replay.isolated import data_of
    from deploy.up.settings_file import settings_in

    settings = find_settings(config, data)
    path = settings_file(config)
    if config is None and (data is not None or "LOGFERRY_CONFIG" not in os.environ):
        path = settings_in(data_folder(data)) or path
    return settings, data_of("" if path is None else read_text(path), os.environ)


def _origin(text: str | None) -> str:
    if text not in ("archive", "kafka"):
        problem = "it is not said where from" if text is None else f"{text!r} is no place to replay from"
        raise SettingsError(problem, where="--from", remedy="write archive or kafka")
    return text


def _needed(text: str | None, option: str) -> str:
    if text is None:
        raise SettingsError("the period has no beginning", where=option, remedy=f"write {option} 2h, or a time")
    return text
