"""All commands in one place."""

from __future__ import annotations

import typer

from deploy.cli import config, stages, topics

app = typer.Typer(
    name="logferry",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Carries every log line of your containers through Kafka to where people and machines need it.",
)
app.command()(stages.produce)
app.command()(stages.stream)
app.command()(stages.sink)
app.add_typer(topics.app, name="topics")
app.add_typer(config.app, name="config")
