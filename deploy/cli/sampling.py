"""``logferry sampling``: of many lines alike only some, changed live."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.cli import live
from deploy.cli import rule_options as options
from deploy.cli.instance import Data
from deploy.cli.options import Config, Json

app = live.make_app("sampling", "of which lines only some are kept")


@app.command("set")
def set_sampling(
    reason: options.Reason,
    pattern: Annotated[str | None, typer.Argument(help="Tag patterns: 'kube.shop.**'.")] = None,
    keep_one_in: Annotated[int | None, typer.Option(help="Keep one line in so many.")] = None,
    per_second: Annotated[int | None, typer.Option(help="Keep so many lines of each source in each second.")] = None,
    below: Annotated[str | None, typer.Option(help="Only lines below this severity. Default: warn.")] = None,
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
    """Keep only some of the lines of sources; what is left out is counted and told with the next line kept."""
    given: dict[str, Any] = {"match": pattern, "keep_one_in": keep_one_in, "per_second": per_second, "below": below}
    given |= options.place(namespaces, labels, containers, pods, nodes)
    how = options.How(reason, lasts, author, rule_id, file, sets, config, data, dry_run, sample, json)
    live.set_rule("sampling", given, how)
