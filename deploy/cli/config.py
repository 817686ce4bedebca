"""``logferry config``: checking the settings, showing what holds, and their JSON Schema for editors."""

from __future__ import annotations

import dataclasses
import os
from typing import Annotated

import typer

from deploy.cli.options import Config, Json, read_settings, read_text, settings_file
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
def show(
    config: Config = None,
    *,
    defaults: Annotated[bool, typer.Option("--defaults", help="Show also what nobody has set.")] = False,
    stage: Annotated[
        str, typer.Option(help="Only what concerns a stage: produce, pods, stream or sink:NAME.", show_default=False)
    ] = "",
    json: Json = False,
) -> None:
    """Print the settings that hold, file and environment together, without any secret."""
    from deploy.settings_shown import Origins, as_json, as_yaml, of_stage, shown

    settings, path = read_settings(config), settings_file(config)
    origins = Origins.of("" if path is None else read_text(path), os.environ)
    data = shown(settings, origins, defaults=defaults)
    if stage:
        data = of_stage(data, stage)
    if json:
        print_json(as_json(data, origins.variables))
    else:
        typer.echo(as_yaml(data, origins.variables), nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of logferry.yaml; name it in the file's first line for your editor."""
    from schemas.settings import json_schema

    print_json(json_schema())
