"""``logferry retention``: what the sinks keep no longer, shown, and deleted when somebody says so."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deploy.cli.instance import Data, be_quiet, find_settings
from deploy.cli.options import Config, Json
from deploy.cli.output import print_json, print_table
from schemas.errors import FatalError, LogferryError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.retention import Expired, Found, Store

PATIENCE_SECS: Final = 2.0


def retention(
    sinks: Annotated[
        list[str] | None, typer.Argument(help="Names of sinks. Default: all that have a retention.", show_default=False)
    ] = None,
    config: Config = None,
    data: Data = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is over.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    json: Json = False,
) -> None:
    """Delete what is older than a sink's retention; show it first, with its size, and ask.

    A sink does the same by itself, a little every hour, and a cluster with lifecycle policies by those.
    """
    from deploy.retention import open_stores, sinks_with_retention

    be_quiet()
    settings = find_settings(config, data)
    names = sinks_with_retention(settings, sinks or [])
    stores = open_stores(settings, names)
    try:
        found = {name: store.find(now()) for name, store in stores.items()}
        expired = [each for every in found.values() for each in every.expired]
        if not json:
            _show(found)
        gone: list[Expired] = []
        failed: list[tuple[Expired, LogferryError]] = []
        if expired and not dry_run and _may(expired, yes=yes, asks=not json):
            gone, failed = _delete(stores, expired)
    finally:
        for store in stores.values():
            store.close()
    if json:
        print_json(_as_json(found, gone, failed, dry_run=dry_run))
    elif gone:
        typer.echo(f"deleted {_amount(gone)}")
    if failed:
        raise _failure(failed)


def _may(expired: Sequence[Expired], *, yes: bool, asks: bool) -> bool:
    """Whether a person wants it. Raises SettingsError when nobody can be asked."""
    if yes:
        return True
    if not asks or not can_be_asked():
        raise SettingsError(
            f"nothing is deleted: {_amount(expired)} would be gone for good, and nobody can be asked here",
            remedy="say --yes, or only look with --dry-run",
        )
    return typer.confirm(f"Delete {_amount(expired)} for good?")


def now() -> float:
    """Seconds since 1970."""
    return time.time()


def can_be_asked() -> bool:
    """Whether a person sits there."""
    return sys.stdin.isatty()


def _delete(
    stores: Mapping[str, Store], expired: Sequence[Expired]
) -> tuple[list[Expired], list[tuple[Expired, LogferryError]]]:
    """Delete one after the other; what fails does not keep the others."""
    gone: list[Expired] = []
    failed: list[tuple[Expired, LogferryError]] = []
    with _progress(len(expired)) as advance:
        for each in expired:
            try:
                stores[each.sink].delete(each)
                gone.append(each)
            except LogferryError as error:
                failed.append((each, error))
            advance()
    return gone, failed


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, once it takes longer than two seconds."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    began = time.monotonic()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("deleting", total=total, visible=False)
        yield lambda: progress.update(task, advance=1, visible=time.monotonic() - began > PATIENCE_SECS)


def _show(found: Mapping[str, Found]) -> None:
    if not found:
        typer.echo("no sink has a retention: everything is kept")
    rows = [_row(each) for every in found.values() for each in every.expired]
    if rows:
        print_table(rows)
        typer.echo("")
    for name, every in found.items():
        if every.expired:
            typer.echo(f"{name}: {_amount(every.expired)} over, {every.kept:,} kept")
        elif not every.note:
            typer.echo(f"{name}: nothing is over, {every.kept:,} kept")
        if every.note:
            typer.echo(f"{name}: {every.note}")


def _row(each: Expired) -> dict[str, Any]:
    from deploy.duration import show_bytes

    return {
        "sink": each.sink,
        "name": each.name,
        "last day": each.last_day.isoformat(),
        "records": "?" if each.records is None else f"{each.records:,}",
        "size": "?" if each.bytes is None else show_bytes(each.bytes),
    }


def _amount(expired: Sequence[Expired]) -> str:
    from deploy.duration import show_bytes

    known = [each for each in expired if each.bytes is not None]
    size = show_bytes(sum(each.bytes or 0 for each in known))
    records = sum(each.records or 0 for each in known)
    at_least = "at least " if len(known) < len(expired) else ""
    return f"{len(expired):,} ({at_least}{records:,} records, {size})"


def _as_json(
    found: Mapping[str, Found],
    gone: Sequence[Expired],
    failed: Sequence[tuple[Expired, LogferryError]],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    deleted = {(each.sink, each.name) for each in gone}
    problems = {(each.sink, each.name): error.problem for each, error in failed}
    return {
        "dry_run": dry_run,
        "sinks": {
            name: {"expired": len(each.expired), "kept": each.kept, "note": each.note} for name, each in found.items()
        },
        "expired": [
            {
                "sink": each.sink,
                "name": each.name,
                "last_day": each.last_day.isoformat(),
                "records": each.records,
                "bytes": each.bytes,
                "deleted": (each.sink, each.name) in deleted,
                "problem": problems.get((each.sink, each.name)),
            }
            for every in found.values()
            for each in every.expired
        ],
    }


def _failure(failed: Sequence[tuple[Expired, LogferryError]]) -> FatalError:
    first, error = failed[0]
    others = f", and {len(failed) - 1} others failed" if len(failed) > 1 else ""
    return FatalError(
        f"{first.name} could not be deleted: {error.problem}{others}", where=error.where, remedy=error.remedy
    )
