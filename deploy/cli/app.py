"""All commands in one place."""

from __future__ import annotations

import typer

from deploy.cli import (
    archive,
    audit,
    bench,
    config,
    dead_letters,
    demo,
    health,
    kibana,
    level,
    pods,
    quota,
    redaction,
    relay,
    replay,
    retention,
    route,
    sampling,
    schemas,
    search,
    stack,
    stages,
    status,
    test,
    topics,
    up,
)

AS_THEY_ARE = {"allow_extra_args": True, "ignore_unknown_options": True}


def _health(context: typer.Context) -> None:
    health.main(context.args)


app = typer.Typer(
    name="logferry",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Carries every log line of your containers through Kafka to where people and machines need it.",
)
app.command()(up.up)
app.command()(search.search)
app.command()(status.status)
app.command()(stages.produce)
app.command()(stages.stream)
app.command()(stages.sink)
app.command()(pods.pods)
app.command(cls=relay.RelayCommand)(relay.relay)
app.command("health", help=health.SUMMARY, context_settings=AS_THEY_ARE, add_help_option=False)(_health)
app.command()(retention.retention)
app.command()(audit.audit)
app.command()(demo.demo)
app.command("test")(test.run_tests)
app.add_typer(bench.app, name="bench")
app.add_typer(level.app, name="level")
app.add_typer(route.app, name="route")
app.add_typer(sampling.app, name="sampling")
app.add_typer(quota.app, name="quota")
app.add_typer(redaction.app, name="redaction")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(archive.app, name="archive")
app.add_typer(replay.app, name="replay")
app.add_typer(kibana.app, name="kibana")
app.add_typer(topics.app, name="topics")
app.add_typer(config.app, name="config")
app.add_typer(schemas.app, name="schemas")
app.add_typer(stack.app, name="stack")
