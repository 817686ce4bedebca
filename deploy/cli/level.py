"""``logferry level``: minimum severities that change live."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.cli import live
from deploy.cli import rule_options as options
from deploy.cli.instance import Data
from deploy.cli.options import Config, Json

app = live.make_app("severity", "minimum severities")


@app.command("set")
def set_level(
    reason: options.Reason,
    pattern: Annotated[str | None, typer.Argument(help="Tag patterns: 'kube.shop.**'.")] = None,
    severity: Annotated[
        str | None, typer.Argument(help="Lowest that is kept: trace, debug, info, warn, error, fatal.")
    ] = None,
    lasts: options.For = None,
    namespaces: options.Namespaces = None,
    labels: options.Labels = None,
    containers: options.Containers = None,
    pods: options.Pods = None,
    nodes: options.Nodes = None,
    author: options.Author = None,
    rule_id: options.Id = None,
    sets: options.Sets = None,
    file: options.File = None,
    config: Config = None,
    data: Data = None,
    sample: options.Sample = options.SAMPLE,
    *,
    dry_run: options.DryRun = False,
    json: Json = False,
) -> None:
    """Keep what is at least of a severity, and drop the rest, from now on."""
    given: dict[str, Any] = {"match": pattern, "minimum": severity}
    given |= options.place(namespaces, labels, containers, pods, nodes)
    how = options.How(reason, lasts, author, rule_id, file, sets, config, data, dry_run, sample, json)
    live.set_rule("severity", given, how)
