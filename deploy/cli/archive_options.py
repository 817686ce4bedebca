"""Options that the commands of ``logferry archive`` share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.archive.catalog import Wanted

_RANGE = "Which part"

Sink = Annotated[
    str | None,
    typer.Argument(help="Name of a sink of type object_storage. Default: the only one that suits.", show_default=False),
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="MOMENT", help="From then on: 2h (ago), 2026-11-21, 2026-11-21T13:30Z.", rich_help_panel=_RANGE
    ),
]
Until = Annotated[str | None, typer.Option(metavar="MOMENT", help="Before then.", rich_help_panel=_RANGE)]
Namespaces = Annotated[
    list[str] | None, typer.Option("--namespace", help="Only these namespaces (globs).", rich_help_panel=_RANGE)
]
Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", help="Only these topics; stars stand for any text.", rich_help_panel=_RANGE),
]


def part(since: str | None, until: str | None, namespaces: list[str] | None, topics: list[str] | None) -> Wanted:
    """The part of an archive that was asked for. Raises SettingsError."""
    from deploy.archive.catalog import Wanted
    from deploy.moment import parse_range

    first, end = parse_range(since, until, time.time())
    return Wanted(first, end, tuple(namespaces or ()), tuple(topics or ()))
