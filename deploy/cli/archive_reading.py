"""``logferry archive cat`` and ``query``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from deploy.cli.archive_options import Namespaces, Since, Sink, Topics, Until, part
from deploy.cli.instance import Data, be_quiet, find_settings
from deploy.cli.options import Config
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from deploy.archive.cat import Shown
    from deploy.archive.records import Selection

_WHICH: Final = "Which records"
FLUSH_SECS: Final = 0.5

Severity = Annotated[str | None, typer.Option(help="At least this severity: warn, error, …", rich_help_panel=_WHICH)]


def cat(
    sink: Sink = None,
    since: Since = None,
    until: Until = None,
    namespaces: Namespaces = None,
    topics: Topics = None,
    pods: Annotated[
        list[str] | None, typer.Option("--pod", help="Only these pods (globs).", rich_help_panel=_WHICH)
    ] = None,
    containers: Annotated[
        list[str] | None, typer.Option("--container", help="Only these containers (globs).", rich_help_panel=_WHICH)
    ] = None,
    match: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Only tags like kube.shop.**, as in rules.", rich_help_panel=_WHICH),
    ] = None,
    severity: Severity = None,
    grep: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="Only with this in the line or message.", rich_help_panel=_WHICH),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=0, help="Stop after so many lines.", rich_help_panel=_WHICH)
    ] = None,
    form: Annotated[
        Literal["lines", "json"], typer.Option("--format", help="Lines for people, or JSON, one object a line.")
    ] = "lines",
    config: Config = None,
    data: Data = None,
) -> None:
    """Print records in order of time, each once; of a raw archive the bytes' lines as they are."""
    from deploy.archive.cat import records
    from deploy.archive.catalog import is_raw, open_archive

    be_quiet()
    settings = find_settings(config, data)
    wanted = part(since, until, namespaces, topics)
    chosen = _selection(wanted.since, wanted.until, pods, containers, match, severity, grep)
    archive = open_archive(settings, sink)
    if chosen.severity and is_raw(settings)(archive.name, archive.sink):
        raise SettingsError(
            "raw chunks have no severity yet", where="--severity", remedy="look for text with --grep, or leave it out"
        )
    damaged = _Damaged()
    with _quiet_pipe():
        _print(records(archive, wanted, chosen, damaged.note), chosen, form, limit)
    damaged.end()


class _Damaged:
    """Objects that could not be read: each is named, the others go on, and the exit status tells."""

    def __init__(self) -> None:
        self._count = 0

    def note(self, problem: object) -> None:
        """One more."""
        self._count += 1
        sys.stderr.write(f"warning: {problem}\n")

    def end(self) -> None:
        """Leave with status 1 if there was one."""
        if self._count:
            raise typer.Exit(1)


def _selection(
    since: float | None,
    until: float | None,
    pods: list[str] | None,
    containers: list[str] | None,
    match: str | None,
    severity: str | None,
    grep: str | None,
) -> Selection:
    from deploy.archive.records import Selection
    from schemas.patterns import compile_patterns

    return Selection(
        since,
        until,
        tuple(pods or ()),
        tuple(containers or ()),
        None if match is None else compile_patterns(match),
        0 if severity is None else _severity(severity),
        None if grep is None else _expression(grep),
    )


def _severity(text: str) -> int:
    from schemas.severity import severity_number

    number = severity_number(text)
    if not number:
        raise SettingsError(
            f"{text!r} is no severity", where="--severity", remedy="trace, debug, info, warn, error or fatal"
        )
    return number


def _expression(text: str) -> Any:
    import re

    try:
        return re.compile(text)
    except re.error as error:
        raise SettingsError(
            f"{text!r} is no regular expression: {error}", where="--grep", remedy="write \\ before . * + ? ( ) [ ] { }"
        ) from None


def _print(found: Iterator[Shown], chosen: Selection, form: str, limit: int | None) -> None:
    write = _json_writer(chosen) if form == "json" else _line_writer(chosen)
    left = sys.maxsize if limit is None else limit
    flushed = time.monotonic()
    while left > 0 and (each := next(found, None)) is not None:
        left -= write(each, left)
        if time.monotonic() - flushed > FLUSH_SECS:
            sys.stdout.flush()
            flushed = time.monotonic()
    sys.stdout.flush()


Write = Callable[["Shown", int], int]
"""Prints at most so many lines of one; returns how many."""


def _json_writer(chosen: Selection) -> Write:
    from itertools import islice

    from deploy.archive.printing import RawPrinter, json_line

    raw = RawPrinter(chosen.grep)

    def write(each: Shown, left: int) -> int:
        if each.payload is None:
            sys.stdout.buffer.write(each.document + b"\n")
            return 1
        count = 0
        for line in islice(raw.lines(each), left):
            sys.stdout.buffer.write(json_line(line))
            count += 1
        return count

    return write


def _line_writer(chosen: Selection) -> Write:
    import orjson
    from rich.console import Console

    from deploy.archive.printing import RawPrinter, first_lines, people_line, safe_for_terminals

    raw, console = RawPrinter(chosen.grep), Console(highlight=False, markup=False, emoji=False)

    def write(each: Shown, left: int) -> int:
        if each.payload is None:
            line = people_line(orjson.loads(each.document))
            if console.is_terminal:
                console.print(line, soft_wrap=True)
            else:
                sys.stdout.buffer.write(line.plain.encode("utf-8", "backslashreplace") + b"\n")
            return 1
        count = 0
        for piece in raw.pieces(each):
            shown, lines = first_lines(piece, left - count)
            count += lines
            if console.is_terminal:
                sys.stdout.write(safe_for_terminals(shown))
            else:
                sys.stdout.buffer.write(shown)
        return count

    return write


@contextmanager
def _quiet_pipe() -> Iterator[None]:
    """Whoever reads may leave: nobody is told."""
    import os

    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        raise typer.Exit(0) from None


def query(
    statement: Annotated[
        str, typer.Argument(metavar="SQL", help="Like 'select severity, count(*) from logs group by all'.")
    ],
    sink: Sink = None,
    since: Since = None,
    until: Until = None,
    namespaces: Namespaces = None,
    topics: Topics = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Comma-separated, with a line of names.")] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Ask the archive by SQL: duckdb over the view `logs`, whose columns `describe logs` shows."""
    from deploy.archive.ask import ask
    from deploy.archive.catalog import is_raw, open_archive
    from deploy.cli.rows import RowWriter

    be_quiet()
    settings = find_settings(config, data)
    wanted = part(since, until, namespaces, topics)
    raw = is_raw(settings)
    archive = open_archive(settings, sink, lambda name, each: each.format == "parquet" and not raw(name, each))
    if archive.sink.format != "parquet" or raw(archive.name, archive.sink):
        raise SettingsError(
            f"{archive.name} is an archive in Avro, which SQL cannot read",
            where=f"sinks.{archive.name}",
            remedy="use `logferry archive cat`, or ask a sink with format: parquet",
        )
    damaged = _Damaged()
    with _quiet_pipe():
        rows = RowWriter("json" if json else "csv" if csv else "table")
        for names, some in ask(archive, wanted, statement, damaged.note):
            rows.write(names, some)
        rows.end()
    damaged.end()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(cat)
    app.command()(query)
