"""``logferry route``: routes that change live."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.cli import live
from deploy.cli import rule_options as options
from deploy.cli.instance import Data
from deploy.cli.options import Config, Json

app = live.make_app("route", "where records go")


@app.command("set")
def set_route(
    reason: options.Reason,
    pattern: Annotated[str | None, typer.Argument(help="Tag patterns: 'kube.shop.**'.")] = None,
    topic: Annotated[str | None, typer.Argument(help="Topic: logs.shop, or logs.ns.{namespace}.")] = None,
    minimum: Annotated[str | None, typer.Option(help="Only this severity or above.")] = None,
    maximum: Annotated[str | None, typer.Option(help="Only this severity or below.")] = None,
    attributes: Annotated[
        list[str] | None, typer.Option("--attribute", metavar="NAME=GLOB", help="Only records with this attribute.")
    ] = None,
    form: Annotated[str | None, typer.Option("--format", help="avro (default) or json.")] = None,
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
    copies: Annotated[bool | None, typer.Option("--copy", help="Send a copy, and go on with the next route.")] = None,
    dry_run: options.DryRun = False,
    json: Json = False,
) -> None:
    """Send records to a topic, before the settings' routes are asked. Workers make the topic where it is missing."""
    given: dict[str, Any] = {"match": pattern, "topic": topic, "minimum": minimum, "maximum": maximum}
    given |= {"format": form, "copy": copies}
    by_name: dict[str, list[str]] = {}
    for name, value in options.pairs(attributes or [], "--attribute"):
        by_name.setdefault(name, []).append(value)
    given["attributes"] = by_name or None
    given |= options.place(namespaces, labels, containers, pods, nodes)
    how = options.How(reason, lasts, author, rule_id, file, sets, config, data, dry_run, sample, json)
    live.set_rule("route", given, how)
