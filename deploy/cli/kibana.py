"""``logferry kibana``: a data view, saved searches and a dashboard for what the Elasticsearch sink indexes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import Config, Json, read_settings
from deploy.cli.output import print_json, print_table
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from deploy.kibana.client import Login

VARIABLE = "KIBANA_PASSWORD"

app = typer.Typer(no_args_is_help=True, help="Kibana's data view, saved searches and dashboard for these logs.")

Index = Annotated[str | None, typer.Option(help="Index pattern, instead of the sink's: 'logstash-*'.")]
Sink = Annotated[str | None, typer.Option(help="Which Elasticsearch sink's indices, where there are several.")]


@app.command("export")
def export_objects(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: standard output.")
    ] = None,
    config: Config = None,
    index: Index = None,
    sink: Sink = None,
) -> None:
    """Write the saved objects, one JSON object a line, as Kibana's Saved Objects page imports them."""
    from deploy.kibana.dashboard import objects
    from deploy.kibana.saved_objects import as_ndjson

    found = objects(_pattern(config, sink, index))
    text = as_ndjson(found)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"the file cannot be written: {error.strerror}", where=str(output)) from error
    sys.stderr.write(f"{len(found)} saved objects in {output}\n")


@app.command("import")
def import_objects(
    url: Annotated[str, typer.Option(help="Kibana's address, with server.basePath: http://localhost:5601")],
    space: Annotated[str, typer.Option(help="Identifier of the space.")] = "default",
    api_key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="Environment variable with an encoded API key.")
    ] = None,
    username: Annotated[str | None, typer.Option(help="User, instead of an API key.")] = None,
    password_env: Annotated[
        str, typer.Option(metavar="NAME", help="Environment variable with the user's password.")
    ] = VARIABLE,
    ca_file: Annotated[
        Path | None, typer.Option(help="Certificate authorities (PEM) that Kibana's certificate comes from.")
    ] = None,
    config: Config = None,
    index: Index = None,
    sink: Sink = None,
    *,
    json: Json = False,
) -> None:
    """Put the saved objects into Kibana, in place of those of an earlier import."""
    from dataclasses import asdict

    from deploy.kibana.client import Kibana
    from deploy.kibana.dashboard import objects

    wanted = objects(_pattern(config, sink, index))
    login = _login(api_key_env, username, password_env)
    kibana = Kibana(url, login, space=space, ca_file=None if ca_file is None else str(ca_file))
    kibana.check_version()
    results = kibana.load(wanted)
    if json:
        print_json([asdict(each) for each in results])
    else:
        print_table([{"type": each.type, "title": each.title, "outcome": each.outcome} for each in results])
    if not all(each.taken for each in results):
        raise typer.Exit(1)


def _login(api_key_env: str | None, username: str | None, password_env: str) -> Login:
    from deploy.kibana.client import Login

    if api_key_env and username:
        raise SettingsError("--api-key-env and --username are two ways to log in", remedy="keep one of them")
    if api_key_env:
        return Login(api_key=_secret(api_key_env))
    return Login(username=username, password=_secret(password_env)) if username else Login()


def _secret(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SettingsError(f"the environment variable {name} is not set", remedy="set it to the secret itself")
    return value


def _pattern(config: Path | None, name: str | None, index: str | None) -> str:
    """The index pattern that is named, or that of a sink of the settings."""
    from schemas.settings import ElasticsearchSink
    from sinks.elasticsearch.template import index_pattern

    if index is not None:
        return index
    sinks = {key: each for key, each in read_settings(config).sinks.items() if isinstance(each, ElasticsearchSink)}
    if name is not None and name not in sinks:
        known = ", ".join(sinks) or "none"
        raise SettingsError(
            f"there is no Elasticsearch sink {name!r}", where="sinks in the settings", remedy=f"choose one of: {known}"
        )
    found = sinks.get(name) if name is not None else next(iter(sinks.values()), None)
    return index_pattern((found or ElasticsearchSink(type="elasticsearch", topics=("logs.app",))).target)
