"""``logferry dead-letters``: what could not be read or delivered, and sending it through the pipeline again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.dead_letters_shown import ask, end, note, print_each, print_groups, shown, taken, with_progress
from deploy.cli.instance import Data, be_quiet, find_settings
from deploy.cli.options import Config, Json
from deploy.cli.output import print_json
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from deploy.dead_letters.core.letter import Letter
    from deploy.dead_letters.core.wanted import Wanted
    from deploy.dead_letters.letters import LetterTopic

app = typer.Typer(no_args_is_help=True, help="Input that could not be read or delivered: look at it, send it again.")

Since = Annotated[str | None, typer.Option(help="Only what failed since then: 15m, 2h, 2026-11-21T13:00:00Z.")]
Until = Annotated[str | None, typer.Option(help="Only what failed before then, written the same way.")]
Stage = Annotated[str | None, typer.Option(help="stream, sink/search, 'sink/*'.")]
Reason = Annotated[str | None, typer.Option(help="unreadable_framing, rejected_by_destination; stars are allowed.")]
Topic = Annotated[str | None, typer.Option(help="Topic that it was read from.")]
Source = Annotated[str | None, typer.Option(help="Id of a source: the Kafka key.")]
Namespace = Annotated[
    str | None, typer.Option(help="Namespace, of records that a sink could not deliver; streams do not tell it.")
]
Limit = Annotated[int | None, typer.Option("--limit", "-n", min=1, help="So many letters at most.")]


@app.command("list")
def list_letters(
    since: Since = None,
    until: Until = None,
    stage: Stage = None,
    reason: Reason = None,
    topic: Topic = None,
    source: Source = None,
    namespace: Namespace = None,
    limit: Limit = None,
    config: Config = None,
    data: Data = None,
    *,
    each: Annotated[bool, typer.Option("--each", help="A line for each letter, with its place.")] = False,
    json: Json = False,
) -> None:
    """Show what there is: grouped by reason and message, or each letter."""
    wanted = _wanted(since, until, stage, reason, topic, source, namespace)
    with _open(config, data) as letters:
        if each:
            print_each(letters, wanted, limit or 100, as_json=json)
        else:
            print_groups(letters, wanted, limit, as_json=json)


@app.command()
def show(
    place: Annotated[str | None, typer.Argument(metavar="PARTITION:OFFSET", help="Which, as `list` tells.")] = None,
    since: Since = None,
    until: Until = None,
    stage: Stage = None,
    reason: Reason = None,
    topic: Topic = None,
    source: Source = None,
    namespace: Namespace = None,
    limit: Limit = 10,
    config: Config = None,
    data: Data = None,
    *,
    raw: Annotated[bool, typer.Option("--raw", help="The original bytes alone, as they are.")] = False,
    json: Json = False,
) -> None:
    """Show letters with all that is known of them and their original bytes."""
    from deploy.dead_letters.core.origin import Origins
    from deploy.dead_letters.view import letter_json, letter_lines

    wanted = _wanted(since, until, stage, reason, topic, source, namespace)
    origins = Origins()
    with _open(config, data) as letters:
        meant = [letters.letter(*_place(place))] if place else _meant(letters, wanted, limit)
        for letter in meant:
            if raw:
                sys.stdout.buffer.write(letter.original)
            elif json:
                print_json(letter_json(letter, origins.of(letter), sent_again=_is_marked(letters, letter)))
            else:
                typer.echo("\n".join(letter_lines(letter, origins.of(letter))))


@app.command()
def export(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="FILE.avro, FILE.jsonl, or a folder with a file for each original.")
    ],
    since: Since = None,
    until: Until = None,
    stage: Stage = None,
    reason: Reason = None,
    topic: Topic = None,
    source: Source = None,
    namespace: Namespace = None,
    limit: Limit = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Write letters to a file or a folder; the original bytes are kept byte for byte."""
    from deploy.dead_letters.export import export as write

    wanted = _wanted(since, until, stage, reason, topic, source, namespace)
    with _open(config, data) as letters:
        count = write(shown(_meant(letters, wanted, limit), None, "letters"), output)
    typer.echo(f"{count:,} letters written to {output}")


@app.command()
def redrive(
    since: Since = None,
    until: Until = None,
    stage: Stage = None,
    reason: Reason = None,
    topic: Topic = None,
    source: Source = None,
    namespace: Namespace = None,
    limit: Limit = None,
    rate: Annotated[float | None, typer.Option(min=0.1, help="Letters a second. Default: as fast as it goes.")] = None,
    config: Config = None,
    data: Data = None,
    *,
    again: Annotated[bool, typer.Option("--again", help="Also those that were sent again before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Work it all out, but send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Send letters through the whole pipeline again, after what was wrong has been put right. Record ids stay."""
    from deploy.dead_letters.core.origin import Origins
    from deploy.dead_letters.redrive import Redrive

    wanted = _wanted(since, until, stage, reason, topic, source, namespace)
    settings = find_settings(config, data)
    with _open(config, data) as letters:
        done = {} if again else letters.marked(wanted)
        origins = Origins()

        def waiting() -> Iterator[Letter]:
            left = (each for each in taken(letters, wanted, origins) if each.offset not in done.get(each.partition, ()))
            yield from islice(left, limit)

        count = sum(1 for _ in waiting())
        if not count:
            end(None, dry_run=dry_run, as_json=json)
            return
        ask(count, sure=yes or dry_run)
        run = Redrive(settings, dry_run=dry_run, rate=rate)
        try:
            report = with_progress(run, waiting(), count)
        except KeyboardInterrupt:
            note(f"stopped; {run.report.letters:,} of {count:,} letters were looked at; the same command goes on")
            raise
        finally:
            run.close()
    end(report, dry_run=dry_run, as_json=json)


# -- what is meant -----------------------------------------------------------------------------------------------------


def _wanted(
    since: str | None,
    until: str | None,
    stage: str | None,
    reason: str | None,
    topic: str | None,
    source: str | None,
    namespace: str | None,
) -> Wanted:
    from deploy.dead_letters.core.wanted import Wanted
    from deploy.moment import nanos, parse_range

    first, last = (None if each is None else nanos(each) for each in parse_range(since, until, time.time()))
    return Wanted(first, last, stage, reason, topic, source, namespace)


def _open(config: Path | None, data: Path | None) -> LetterTopic:
    from deploy.dead_letters.letters import LetterTopic

    be_quiet()
    return LetterTopic(find_settings(config, data))


def _place(text: str) -> tuple[int, int]:
    partition, _, offset = text.partition(":")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise SettingsError(
            f"{text!r} is not the place of a letter", remedy="write it as PARTITION:OFFSET, like `list --each` does"
        )
    return int(partition), int(offset)


def _meant(letters: LetterTopic, wanted: Wanted, limit: int | None) -> Iterator[Letter]:
    from deploy.dead_letters.core.origin import Origins

    return islice(taken(letters, wanted, Origins()), limit)


def _is_marked(letters: LetterTopic, letter: Letter) -> bool:
    from deploy.dead_letters.core.wanted import Wanted

    return letter.offset in letters.marked(Wanted(since=letter.fields["failed_at"])).get(letter.partition, ())
