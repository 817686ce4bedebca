"""Options that the ``set`` of every kind of live rule has, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from schemas.errors import SettingsError

_PLACE, _RULE, _TRY = "Which sources", "The rule itself", "Trying it first"  # panels of --help

For = Annotated[
    str | None, typer.Option("--for", metavar="DURATION", help="How long it holds: 15m, 2h. Default: for good.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; shown to whoever wonders.")]
Author = Annotated[str | None, typer.Option("--author", help="Who. Default: $USER@host.")]
Id = Annotated[
    str | None,
    typer.Option("--id", help="Name of the rule. Default: made of its sources, so the same ones mean the same rule."),
]
Namespaces = Annotated[
    list[str] | None, typer.Option("--namespace", help="Only these namespaces (globs).", rich_help_panel=_PLACE)
]
Pods = Annotated[list[str] | None, typer.Option("--pod", help="Only these pods (globs).", rich_help_panel=_PLACE)]
Containers = Annotated[
    list[str] | None, typer.Option("--container", help="Only these containers (globs).", rich_help_panel=_PLACE)
]
Nodes = Annotated[list[str] | None, typer.Option("--node", help="Only these nodes (globs).", rich_help_panel=_PLACE)]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME=GLOB", help="Only pods with this label.", rich_help_panel=_PLACE),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any key that the settings know.", rich_help_panel=_RULE),
]
File = Annotated[
    Path | None,
    typer.Option("--file", help="The rule in YAML, as it would stand in logferry.yaml.", rich_help_panel=_RULE),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Only show what it would change, by recent logs.", rich_help_panel=_TRY),
]
Sample = Annotated[
    int, typer.Option("--sample", min=1, help="Newest chunks of logs.raw to try it on.", rich_help_panel=_TRY)
]
SAMPLE: Final = 1000


@dataclass(frozen=True)
class How:
    """All options of a ``set`` that do not say what the rule is."""

    reason: str
    lasts: str | None
    author: str | None
    id: str | None
    file: Path | None
    sets: list[str] | None
    config: Path | None
    data: Path | None
    dry_run: bool
    sample: int
    json: bool


def place(
    namespaces: list[str] | None,
    labels: list[str] | None,
    containers: list[str] | None,
    pods: list[str] | None,
    nodes: list[str] | None,
) -> dict[str, Any]:
    """The ``where`` of a rule."""
    by_name: dict[str, list[str]] = {}
    for name, value in pairs(labels or [], "--label"):
        by_name.setdefault(name, []).append(value)
    given = {"namespaces": namespaces, "labels": by_name, "containers": containers, "pods": pods, "nodes": nodes}
    return {"where": found} if (found := {key: each for key, each in given.items() if each}) else {}


def pairs(texts: list[str], option: str) -> list[tuple[str, str]]:
    """``NAME=VALUE`` as name and value. Raises SettingsError."""
    split = [(text, *text.partition("=")) for text in texts]
    if wrong := next((text for text, name, equals, _ in split if not (name and equals)), None):
        raise SettingsError(f"{wrong!r} has no name and value", where=option, remedy=f"write it like {option} app=cart")
    return [(name, value) for _, name, _, value in split]
