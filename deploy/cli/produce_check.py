"""``logferry produce --check``: what would be read, and why something would not."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

import typer

from deploy.cli.output import print_json, print_table

if TYPE_CHECKING:
    from producers.check import Check, Readable
    from schemas.settings import Settings


def show_check(settings: Settings, *, as_json: bool) -> None:
    """Print it; exit status 1 when a person should do something about what is not read."""
    from producers.check import check

    logging.getLogger().addHandler(logging.NullHandler())  # what would be logged is in the answer
    found = check(settings)
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        _print(found)
    if any(each.needs_attention for each in found.unreadable):
        raise typer.Exit(1)


def _print(found: Check) -> None:
    typer.echo(f"node {found.node}: {len(found.readable)} logs would be read")
    print_table([_row(each) for each in found.readable])
    if found.listeners:
        typer.echo("\nlistening or following:")
        print_table([dataclasses.asdict(each) for each in found.listeners])
    if found.unreadable:
        typer.echo("\nnot read:")
        rows = [dataclasses.asdict(each) for each in found.unreadable]
        print_table([row | {"needs_attention": "look at it" if row["needs_attention"] else ""} for row in rows])


def _row(each: Readable) -> dict[str, Any]:
    return {
        "input": each.input,
        "path": each.path,
        "tag": each.tag,
        "files": each.files,
        "read bytes": each.read_bytes,
        "unread bytes": each.backlog_bytes,
        "begin": each.begin,
    }
