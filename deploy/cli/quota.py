"""``logferry quota``: how much a namespace may send, changed live."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.cli import live
from deploy.cli import rule_options as options
from deploy.cli.instance import Data
from deploy.cli.options import Config, Json

app = live.make_app("quota", "how much namespaces may send")


@app.command("set")
def set_quota(
    reason: options.Reason,
    namespace: Annotated[str | None, typer.Argument(help="Namespace, or a glob: 'shop-*'.")] = None,
    bytes_per_minute: Annotated[
        str | None, typer.Argument(help="Bytes of lines in a minute, of each namespace: 104857600, 100MiB.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Topic for what is over. Default: logs.delayed.")] = None,
    lasts: options.For = None,
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
    """Limit what namespaces may send; what is over goes to a topic of its own, complete."""
    from deploy.rules.given import parse_size

    size = None if bytes_per_minute is None else parse_size(bytes_per_minute, "BYTES_PER_MINUTE")
    given: dict[str, Any] = {
        "namespaces": None if namespace is None else namespace.split(),
        "bytes_per_minute": size,
        "topic": topic,
    }
    how = options.How(reason, lasts, author, rule_id, file, sets, config, data, dry_run, sample, json)
    live.set_rule("quota", given, how)
