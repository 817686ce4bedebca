"""``logferry config``: checking the settings, and their JSON Schema for editors."""

from __future__ import annotations

import dataclasses

import typer

from deploy.cli.options import Config, Json, read_settings, settings_file
from deploy.cli.output import print_json

app = typer.Typer(no_args_is_help=True, help="The settings file.")


@app.command()
def check(config: Config = None, *, json: Json = False) -> None:
    """Say whether the settings are right, and if not, what is wrong in which line."""
    from schemas.settings import InvalidSettingsError

    try:
        settings = read_settings(config)
    except InvalidSettingsError as error:
        if not json:
            raise
        print_json({"ok": False, "findings": [dataclasses.asdict(each) for each in error.findings]})
        raise typer.Exit(error.exit_status) from None
    name = settings_file(config) or "the defaults"
    if json:
        print_json({"ok": True, "findings": []})
    else:
        typer.echo(
            f"{name}: good; {len(settings.inputs)} inputs, {len(settings.routes)} routes, {len(settings.sinks)} sinks"
        )


@app.command()
def schema() -> None:
    """Print the JSON Schema of logferry.yaml; name it in the file's first line for your editor."""
    from schemas.settings import json_schema

    print_json(json_schema())
