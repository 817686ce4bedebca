"""What the commands for live rules have in common: ``level``, ``route``, ``sampling``, ``quota``, ``redaction``."""

from __future__ import annotations

import getpass
import socket
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli.instance import Data, be_quiet, find_settings
from deploy.cli.options import Config, Json
from deploy.cli.output import print_json, print_table
from deploy.cli.rule_options import Author, How, pairs
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from deploy.rules.topic import ControlTopic
    from deploy.rules.versions import Version
    from schemas.settings import Settings


def set_rule(kind: str, given: dict[str, Any], how: How) -> None:
    """Write a rule, or show what it would do."""
    from deploy.rules.change import Wish, over, rule_value
    from deploy.rules.given import rule_data
    from deploy.rules.topic import ControlTopic
    from deploy.rules.words import NANOS

    be_quiet()
    settings = find_settings(how.config, how.data)
    seconds = None if how.lasts is None else _seconds(how.lasts)
    data = rule_data(how.file, how.sets or (), given)
    lasts = None if seconds is None else int(seconds * NANOS)
    wish = Wish(kind, data, how.id, how.author or who(), how.reason, lasts)
    with ControlTopic(settings) as topic:
        versions, now = topic.read(), time.time_ns()
        value = rule_value(wish, versions, settings, now)
        if how.dry_run:
            from deploy.cli.dry_run import show_dry_run

            show_dry_run(settings, versions, value, how.sample, as_json=how.json)
            return
        known = max((each.offset for each in versions), default=-1)
        forgotten = [key for key in over(versions, now) if key != value["id"]]
        offset = topic.write([(value["id"], value), *((key, None) for key in forgotten)])[0]
        before = [each for each in (*versions, *topic.since(known, offset)) if each.id == value["id"]]
    _tell_set(value, before[-1] if before else None, offset, forgotten, as_json=how.json)


def _seconds(text: str) -> float:
    from deploy.duration import parse_duration

    return parse_duration(text, "--for")


def who() -> str:
    """The author of a rule, where none is given."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in many containers
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _tell_set(
    value: dict[str, Any], before: Version | None, offset: int, forgotten: list[str], *, as_json: bool
) -> None:
    from deploy.rules.versions import State, state_of
    from deploy.rules.words import content, subject, until, value_as_json
    from deploy.search.lines import safe

    old = before.value if before else None
    now = value["created_at"]
    replaced = old if old and state_of(old, now) is State.IN_FORCE else None
    if as_json:
        told = {"offset": offset, "replaces": replaced and value_as_json(replaced), "forgotten": forgotten}
        print_json(value_as_json(value) | told)
        return
    typer.echo(f"{value['id']} version {value['version']}: {subject(value)} {content(value)} {until(value, now)}")
    if replaced:
        typer.echo(
            f"replaces version {replaced['version']} by {safe(replaced['author'])}: "
            f"{content(replaced)} {until(replaced, now)} ({safe(replaced['reason'])})"
        )
    if forgotten:
        typer.echo(f"forgotten, because over: {', '.join(forgotten)}")
    typer.echo(f"workers whose logferry_stream_control_offset is {offset} or more obey it")


def make_app(kind: str, noun: str) -> typer.Typer:
    """``get``, ``unset``, ``list`` and ``history`` of one kind of rule; ``set`` is its own."""
    app = typer.Typer(no_args_is_help=True, help=f"Live rules about {noun}: changed without a restart.")
    for add in (_add_unset, _add_get, _add_list, _add_history):  # the order of --help
        add(app, kind)
    return app


def _add_unset(app: typer.Typer, kind: str) -> None:
    @app.command()
    def unset(
        name: Annotated[str, typer.Argument(help="Id of the rule, or its pattern.")],
        reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
        author: Author = None,
        config: Config = None,
        data: Data = None,
        *,
        json: Json = False,
    ) -> None:
        """Remove a rule: from now on the next one that fits decides, or the settings."""
        from deploy.rules.topic import ControlTopic

        be_quiet()
        with ControlTopic(find_settings(config, data)) as topic:
            _unset(topic, kind, name, (author or who(), reason), as_json=json)


def _add_get(app: typer.Typer, kind: str) -> None:
    @app.command()
    def get(
        tag: Annotated[str, typer.Argument(help="Tag of a source: kube.shop.cart-7d9f.app")],
        labels: Annotated[
            list[str] | None,
            typer.Option("--label", metavar="NAME=VALUE", help="Label of its pod. Default: what logs.pods says."),
        ] = None,
        node: Annotated[str, typer.Option("--node", help="Its node. Default: what logs.pods says.")] = "",
        config: Config = None,
        data: Data = None,
        *,
        json: Json = False,
    ) -> None:
        """Show what holds for a source, and why: live rules, its pod's annotations, settings, in this order."""
        from deploy.cli.explain import explain

        be_quiet()
        told = dict(pairs(labels or [], "--label"))
        settings = find_settings(config, data)
        explain(settings, _read(settings), kind, tag, told, node, as_json=json)


def _add_list(app: typer.Typer, kind: str) -> None:
    @app.command("list")
    def list_rules(
        *,
        everything: Annotated[bool, typer.Option("--all", help="Also those that are over or unusable.")] = False,
        config: Config = None,
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Show the rules in force, the newest first: of those that fit a source, the first decides."""
        be_quiet()
        settings = find_settings(config, data)
        _list(settings, _read(settings), kind, everything=everything, as_json=json)


def _add_history(app: typer.Typer, kind: str) -> None:
    @app.command()
    def history(
        name: Annotated[str | None, typer.Argument(help="Only the rule with this id.")] = None,
        config: Config = None,
        data: Data = None,
        *,
        json: Json = False,
    ) -> None:
        """Show every version that is still in logs.control: who, when, why, and what became of it."""
        be_quiet()
        _history(_read(find_settings(config, data)), kind, name, as_json=json)


def _read(settings: Settings) -> list[Version]:
    from deploy.rules.topic import ControlTopic

    with ControlTopic(settings) as topic:
        return topic.read()


def _unset(topic: ControlTopic, kind: str, name: str, by: tuple[str, str], *, as_json: bool) -> None:
    from deploy.rules.change import meant, over, withdrawal
    from deploy.rules.words import content, subject, value_as_json

    versions, now = topic.read(), time.time_ns()
    found = meant(versions, kind, name)
    if len(found) != 1:
        ids = ", ".join(each.id for each in found)
        raise SettingsError(
            f"{len(found)} {kind} rules are for {name}: {ids}" if found else f"there is no {kind} rule {name}",
            remedy="name one by its id" if found else "`list --all` shows those that there are",
        )
    gone = found[0]
    assert gone.value is not None
    forgotten = [key for key in over(versions, now) if key != gone.id]
    last = withdrawal(gone, *by, now)
    offset = topic.write([(gone.id, last), (gone.id, None), *((key, None) for key in forgotten)])[1]
    if as_json:
        print_json({"offset": offset, "removed": value_as_json(gone.value), "forgotten": forgotten})
    else:
        typer.echo(f"removed {gone.id}: {subject(gone.value)} {content(gone.value)}, by {gone.value['author']}")
        typer.echo(f"workers whose logferry_stream_control_offset is {offset} or more have forgotten it")


def _list(settings: Settings, versions: list[Version], kind: str, *, everything: bool, as_json: bool) -> None:
    from deploy.rules.versions import State
    from deploy.rules.view import current
    from deploy.rules.words import as_json as version_as_json
    from deploy.rules.words import row

    shown = current(versions, kind, settings, time.time_ns())
    if not everything:
        shown = [each for each in shown if each[1] in (State.IN_FORCE, State.UNUSABLE)]
    if as_json:
        print_json([version_as_json(*each) for each in shown])
    elif shown:
        print_table([row(*each) for each in shown])
    else:
        typer.echo(f"no live {kind} rule; the settings decide")


def _history(versions: list[Version], kind: str, name: str | None, *, as_json: bool) -> None:
    from deploy.rules.view import history
    from deploy.rules.words import as_json as version_as_json
    from deploy.rules.words import row

    shown = history(versions, kind, name, time.time_ns())
    if as_json:
        print_json([version_as_json(*each) for each in shown])
    elif shown:
        print_table([row(*each) for each in shown])
    else:
        typer.echo(f"nothing is known of {name}" if name else f"no {kind} rule has been set")
