"""``logferry topics``: what topics there are, making them, and who may do what with them."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import Config, Json, read_settings
from deploy.cli.output import print_json, print_table
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from deploy.rights import Right
    from schemas.topics import Topic

app = typer.Typer(no_args_is_help=True, help="The Kafka topics of the pipeline.")


class TopicFormat(StrEnum):
    """How topics are printed."""

    table = "table"
    json = "json"
    strimzi = "strimzi"
    values = "values"


class RightFormat(StrEnum):
    """How rights are printed."""

    kafka_acls = "kafka-acls"
    strimzi = "strimzi"
    json = "json"


class Authentication(StrEnum):
    """How Strimzi's users show who they are."""

    tls = "tls"
    scram = "scram-sha-512"


Cluster = Annotated[str, typer.Option(help="strimzi: name of the Kafka resource.")]


@app.command("list")
def list_topics(
    config: Config = None,
    *,
    form: Annotated[
        TopicFormat,
        typer.Option("--format", help="strimzi: KafkaTopic resources; values: for the chart logferry-servers."),
    ] = TopicFormat.table,
    cluster: Cluster = "logferry",
    json: Json = False,
) -> None:
    """Show every topic: its purpose, key, value, partitions and retention."""
    from schemas.topics import topics_for

    topics = topics_for(read_settings(config))
    match TopicFormat.json if json else form:
        case TopicFormat.strimzi:
            from deploy.strimzi import topic_resource

            _print_yaml(topic_resource(each, cluster) for each in topics)
        case TopicFormat.values:
            from deploy.strimzi import topic_value

            _print_yaml([{"kafka": {"topics": [topic_value(each) for each in topics]}}])
        case TopicFormat.json:
            print_json([_row(each) for each in topics])
        case TopicFormat.table:
            print_table([_row(each) for each in topics])


def _row(topic: Topic) -> dict[str, Any]:
    kind = topic.kind
    return {
        "topic": topic.name,
        "partitions": topic.partitions,
        "key": kind.key,
        "value": kind.value,
        "retention": "compacted" if kind.retention_hours is None else f"{kind.retention_hours} h",
        "purpose": kind.purpose,
    }


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


@app.command()
def wait(
    stage: Annotated[str, typer.Argument(help="producer, pods, stream, or sink-NAME.")],
    config: Config = None,
    *,
    go_on_after: Annotated[
        str | None, typer.Option(metavar="DURATION", help="End well after so long, whether or not they are there.")
    ] = None,
) -> None:
    """Wait until the topics of a stage are there, so that it does not begin before."""
    from deploy.duration import parse_duration
    from deploy.topics_wait import topics_of, wait_for_topics
    from runtime.process import follow_settings, set_up_logging, stop_on_signals

    set_up_logging()
    settings = read_settings(config)
    follow_settings(settings, "topics")
    at_most = None if go_on_after is None else parse_duration(go_on_after, "--go-on-after")
    stop = stop_on_signals()
    missing = wait_for_topics(settings.kafka, topics_of(settings, stage), stop, at_most)
    if missing:
        typer.echo(f"not there: {', '.join(missing)}", err=True)
        raise typer.Exit(1 if stop.is_set() else 0)


@app.command()
def rights(
    config: Config = None,
    *,
    form: Annotated[
        RightFormat, typer.Option("--format", help="kafka-acls: commands; strimzi: KafkaUser resources.")
    ] = RightFormat.kafka_acls,
    stage: Annotated[
        list[str] | None, typer.Option("--stage", help="Only of this stage: producer, stream, sink-search, …")
    ] = None,
    user: Annotated[
        str, typer.Option(help="Name of a stage's user; {stage} stands for the stage. Mutual TLS: CN=logferry-{stage}.")
    ] = "logferry-{stage}",
    live_prefix: Annotated[
        str, typer.Option(help="How the topics begin that live routes may name (logferry route set).")
    ] = "",
    index_suffix: Annotated[str, typer.Option(help="Of trials that the user of replay may run, such as -try1.")] = "",
    command_config: Annotated[Path, typer.Option(help="kafka-acls: the administrator's properties file.")] = Path(
        "admin.properties"
    ),
    cluster: Cluster = "logferry",
    authentication: Annotated[
        Authentication, typer.Option(help="strimzi: how the users show who they are.")
    ] = Authentication.tls,
    json: Json = False,
) -> None:
    """Print what each stage may do at Kafka with these settings, and nothing beyond it. Changes nothing."""
    from dataclasses import asdict

    from deploy.rights import Wish, rights_for

    settings = read_settings(config)
    found = _of_stages(rights_for(settings, Wish(live_prefix, _suffix(index_suffix))), stage)
    match RightFormat.json if json else form:
        case RightFormat.json:
            print_json([{"user": user.replace("{stage}", each.stage), **asdict(each)} for each in found])
        case RightFormat.strimzi:
            from deploy.strimzi import user_resources

            _print_yaml(user_resources(found, user, cluster, authentication.value))
        case RightFormat.kafka_acls:
            from deploy.kafka_acls import kafka_acls

            where = ("--bootstrap-server", settings.kafka.bootstrap_servers, "--command-config", str(command_config))
            typer.echo(kafka_acls(found, user, where), nl=False)


def _of_stages(rights: list[Right], stages: list[str] | None) -> list[Right]:
    """Those of the stages that were named. Raises SettingsError."""
    known = list(dict.fromkeys(each.stage for each in rights))
    for name in stages or ():
        if name not in known:
            raise SettingsError(
                f"no stage is called {name!r}", where="--stage", remedy=f"choose from {', '.join(known)}"
            )
    return [each for each in rights if not stages or each.stage in stages]


def _suffix(text: str) -> str:
    """Raises SettingsError for what no trial is called."""
    from deploy.replay.request import SUFFIX

    if text and not SUFFIX.fullmatch(text):
        raise SettingsError(f"{text!r} is no suffix of a trial", where="--index-suffix", remedy="write it like -try1")
    return text


def _print_yaml(documents: Iterable[dict[str, Any]]) -> None:
    import yaml

    yaml.safe_dump_all(documents, sys.stdout, sort_keys=False, explicit_start=True, width=120)
