"""What ``logferry dead-letters`` prints: groups, letters, progress, and what became of a redrive."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

import typer

from deploy.cli.output import print_json, print_table
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from deploy.dead_letters.core.letter import Letter
    from deploy.dead_letters.core.origin import Origins
    from deploy.dead_letters.core.wanted import Wanted
    from deploy.dead_letters.letters import LetterTopic
    from deploy.dead_letters.redrive import Redrive, Report

T = TypeVar("T")

PATIENCE_SECS: Final = 2.0


def taken(letters: LetterTopic, wanted: Wanted, origins: Origins) -> Iterator[Letter]:
    """The letters that are meant; marks are passed over."""
    from deploy.dead_letters.core.letter import Letter

    return (each for each in letters.found(wanted) if isinstance(each, Letter) and wanted.takes(each, origins.of))


def print_groups(letters: LetterTopic, wanted: Wanted, limit: int | None, *, as_json: bool) -> None:
    """Groups of letters, those with the most that wait first."""
    from deploy.dead_letters.core.groups import Grouping
    from deploy.dead_letters.core.letter import Mark
    from deploy.dead_letters.core.origin import Origins
    from deploy.dead_letters.view import group_json, group_row

    grouping, origins = Grouping(), Origins()
    for found in shown(letters.found(wanted), letters.size(wanted), "letters"):
        if isinstance(found, Mark) or wanted.takes(found, origins.of):
            grouping.take(found)
    groups = grouping.groups()[:limit]
    if as_json:
        print_json([group_json(each) for each in groups])
    elif groups:
        print_table([group_row(each) for each in groups])
        waiting = sum(each.letters - each.sent_again for each in groups)
        note(f"{waiting:,} letters wait; `logferry dead-letters show {groups[0].place}` shows the first of a group")
    else:
        typer.echo("there are no dead letters")


def print_each(letters: LetterTopic, wanted: Wanted, limit: int, *, as_json: bool) -> None:
    """A line for each letter."""
    from deploy.dead_letters.core.origin import Origins
    from deploy.dead_letters.view import letter_json, letter_row

    marked, origins = letters.marked(wanted), Origins()
    row = letter_json if as_json else letter_row
    rows = [
        row(each, origins.of(each), sent_again=each.offset in marked.get(each.partition, ()))
        for each in islice(taken(letters, wanted, origins), limit)
    ]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(rows)
    else:
        typer.echo("there are no dead letters")


def ask(count: int, *, sure: bool) -> None:
    """Ask a person; raises SettingsError where there is none."""
    if sure:
        return
    if not sys.stdin.isatty():
        raise SettingsError(
            f"{count:,} letters would be sent again", remedy="say --yes; --dry-run shows what comes of it"
        )
    typer.confirm(f"send {count:,} letters through the pipeline again?", abort=True)


def with_progress(run: Redrive, letters: Iterator[Letter], count: int) -> Report:
    """Run a redrive behind a bar, on a terminal."""
    if not sys.stderr.isatty():
        return run.run(letters, lambda _done: None)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("letters", total=count)
        return run.run(letters, lambda done: progress.update(task, completed=done))


def end(report: Report | None, *, dry_run: bool, as_json: bool) -> None:
    """What became of a redrive; None: there was nothing to do."""
    if as_json:
        names = ("outcomes", "records", "problems")
        print_json({"dry_run": dry_run} | {name: dict(getattr(report, name, {})) for name in names})
        return
    if report is None:
        typer.echo("no letter waits; --again sends those that were sent before")
        return
    if dry_run:
        typer.echo("nothing is sent; this would come of it\n")
    print_table([{"letters": f"{amount:,}", "outcome": each} for each, amount in report.outcomes.most_common()])
    if report.records:
        typer.echo("")
        print_table([{"records": f"{amount:,}", "topic": each} for each, amount in report.records.most_common()])
    for problem, amount in report.problems.most_common(20):
        typer.echo(f"\n{amount:,}: {problem}")


def shown(letters: Iterable[T], total: int | None, what: str) -> Iterator[T]:
    """A bar on a terminal, once it takes longer than two seconds."""
    if not sys.stderr.isatty():
        yield from letters
        return
    from rich.console import Console
    from rich.progress import Progress

    began = time.monotonic()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, visible=False)
        for done, each in enumerate(letters, 1):
            yield each
            if done % 100 == 0:
                progress.update(task, completed=done, visible=time.monotonic() - began > PATIENCE_SECS)


def note(text: str) -> None:
    """A line beside the answer."""
    sys.stderr.write(f"{text}\n")
