"""``logferry redaction``: what is made unreadable before it leaves the stream stage, changed live."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.cli import live
from deploy.cli import rule_options as options
from deploy.cli.instance import Data
from deploy.cli.options import Config, Json

app = live.make_app("redaction", "what is made unreadable")


@app.command("set")
def set_redaction(
    reason: options.Reason,
    pattern: Annotated[str | None, typer.Argument(help="Tag patterns: 'kube.shop.**'.")] = None,
    detect: Annotated[
        list[str] | None, typer.Option(help="What to look for: email, card, iban, ip, token, base64. May be repeated.")
    ] = None,
    mode: Annotated[str | None, typer.Option(help="mask (default), hash or remove.")] = None,
    replacement: Annotated[str | None, typer.Option(help="Stands in the place of what was found.")] = None,
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
    """Make parts of lines unreadable. Patterns of your own stand in a --file, as under `redaction` in the settings."""
    given: dict[str, Any] = {"match": pattern, "detect": detect, "mode": mode, "replacement": replacement}
    given |= options.place(namespaces, labels, containers, pods, nodes)
    how = options.How(reason, lasts, author, rule_id, file, sets, config, data, dry_run, sample, json)
    live.set_rule("redaction", given, how)
