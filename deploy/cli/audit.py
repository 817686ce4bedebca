"""``logferry audit``: what became of every line, and whether it balances."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from deploy.cli.instance import Data, be_quiet, find_settings
from deploy.cli.options import Config, Json

By = Literal["namespace", "container", "node", "hour"]


def audit(
    since: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="2h (ago), 2026-11-21T10:00 (UTC). Default: all that there is.")
    ] = None,
    namespaces: Annotated[
        list[str] | None, typer.Option("--namespace", metavar="GLOB", help="Only these; may stand several times.")
    ] = None,
    by: Annotated[By, typer.Option(help="What a row is.")] = "namespace",
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Count in Elasticsearch and in the archives, and compare.")
    ] = False,
    costs: Annotated[
        bool, typer.Option("--costs", help="Bytes and lines by namespace and hour, as CSV; --json: as JSON.")
    ] = False,
    json: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show what became of every line: routed, dropped, joined, indexed, archived, pending, lost; and if it balances.

    Exit status 0: it does. 1: it does not. 2: the command or the settings are wrong.
    """
    from deploy.audit.run import Wish
    from deploy.audit.run import audit as run
    from deploy.cli.audit_shown import print_costs, print_found, to_json
    from deploy.cli.output import print_json
    from deploy.cli.progress import shown
    from deploy.moment import parse_moment

    be_quiet()
    moment = None if since is None else datetime.fromtimestamp(parse_moment(since, "--since", time.time()), UTC)
    wish = Wish(moment, tuple(namespaces or ()), verify, hours=costs or by == "hour")
    found = run(find_settings(config, data), wish, shown)
    if json:
        print_json(to_json(found))
    elif costs:
        print_costs(found, sys.stdout)
    else:
        print_found(found, by, verify=verify)
    raise typer.Exit(0 if found.balances else 1)
