"""``logferry stack``: the local servers alone, left running until they are stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.instance import Data, be_quiet, data_folder
from deploy.cli.options import Json
from deploy.cli.output import print_json

app = typer.Typer(no_args_is_help=True, help="The local servers alone: Kafka, Elasticsearch, on request S3.")


@app.command()
def start(
    data: Data = None,
    *,
    s3: Annotated[bool, typer.Option("--s3", help="An S3 endpoint as well.")] = False,
    json: Json = False,
) -> None:
    """Start the servers and leave them running; `logferry up` on the same data folder takes them over."""
    from deploy.cli.screen import make_screen
    from deploy.local.stack import Stack

    be_quiet()
    folder = data_folder(data)
    stack = Stack(folder, object_store=s3)
    with make_screen(to_stderr=json) as screen:
        stack.start(screen.report, detached=True)
    _show(folder, json=json)


@app.command()
def stop(data: Data = None) -> None:
    """Stop servers that were left running; records and documents stay."""
    from deploy.local.endpoints import find_endpoints
    from deploy.local.stack import Stack

    be_quiet()
    folder = data_folder(data)
    if find_endpoints(folder) is None:
        typer.echo(f"no servers run in {folder}")
        return
    stack = Stack(folder, servers=())
    stack.start()  # adopts what runs and is wanted; with no wishes, stops it
    stack.stop()
    typer.echo(f"the servers of {folder} have stopped")


@app.command()
def status(data: Data = None, *, json: Json = False) -> None:
    """Say which servers run, and where."""
    be_quiet()
    _show(data_folder(data), json=json)


def _show(folder: Path, *, json: bool) -> None:
    from dataclasses import asdict

    from deploy.local.endpoints import find_endpoints

    found = find_endpoints(folder)
    if json:
        endpoints = asdict(found) if found else None
        if endpoints and endpoints["object_store"]:
            del endpoints["object_store"]["secret_access_key"]
        print_json({"data": str(folder), "endpoints": endpoints})
    elif found is None:
        typer.echo(f"no servers run in {folder}")
    else:
        typer.echo(f"data           {folder}")
        typer.echo(f"Kafka          {found.bootstrap_servers}")
        typer.echo(f"Elasticsearch  {found.elasticsearch_url}")
        if found.object_store:
            typer.echo(f"S3             {found.object_store.url}/{found.object_store.bucket}")
