"""``logferry topics``: what topics there are, and making them."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.options import Config, Json, read_settings
from deploy.cli.output import print_json, print_table

app = typer.Typer(no_args_is_help=True, help="The Kafka topics of the pipeline.")


@app.command("list")
def list_topics(config: Config = None, *, json: Json = False) -> None:
    """Show every topic: its purpose, key, value, partitions and retention."""
    from schemas.topics import topics_for

    topics = topics_for(read_settings(config))
    rows = [
        {
            "topic": each.name,
            "partitions": each.partitions,
            "key": each.kind.key,
            "value": each.kind.value,
            "retention": "compacted" if each.kind.retention_hours is None else f"{each.kind.retention_hours} h",
            "purpose": each.kind.purpose,
        }
        for each in topics
    ]
    if json:
        print_json(rows)
    else:
        print_table(rows)


@app.command()
def apply(
    config: Config = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    json: Json = False,
) -> None:
    """Create missing topics, add partitions, correct configuration. Deletes nothing."""
    from dataclasses import asdict

    from deploy.topics import apply_topics
    from schemas.topics import topics_for

    settings = read_settings(config)
    rows = [asdict(change) for change in apply_topics(settings.kafka, topics_for(settings), dry_run=dry_run)]
    if json:
        print_json(rows)
    elif rows:
        print_table(rows)
    else:
        typer.echo("all topics are as they should be")
