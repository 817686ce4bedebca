"""``logferry up``: everything on this machine."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.demo import Manifests, Variables, read_pods, read_variables
from deploy.cli.instance import Data, data_folder
from deploy.cli.options import Config, read_text, settings_file
from deploy.cli.output import print_json
from schemas.errors import SettingsError

NODE_LOGS = Path("/var/log/containers")


def up(
    config: Config = None,
    data: Data = None,
    *,
    demo: Annotated[
        bool | None,
        typer.Option(
            "--demo/--no-demo",
            help="Run small programs in containers' place and read their logs. Default: where this node has no "
            "container logs and the settings name no inputs.",
        ),
    ] = None,
    manifest: Manifests = None,
    env: Variables = None,
    run_for: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="Stop by itself: 90s, 5m.")] = None,
    json: Annotated[bool, typer.Option("--json", help="End with a summary in JSON, alone on standard output.")] = False,
    s3: Annotated[bool, typer.Option("--s3", help="Archive into a local S3 endpoint instead of folders.")] = False,
    stack: Annotated[
        bool, typer.Option("--stack/--no-stack", help="Start local servers, or use those that the settings name.")
    ] = True,
) -> None:
    """Run the whole pipeline here: servers, producer, stream, sinks. Ctrl-C stops all of it."""
    from deploy.cli.screen import make_screen
    from deploy.duration import parse_duration
    from deploy.up.instance import only_one
    from deploy.up.picture import summary
    from deploy.up.run import Up, UpOptions
    from deploy.up.settings_file import DEFAULT_NAME, default_text, read_wish
    from deploy.up.stop import StopSignals

    if s3 and not stack:
        raise SettingsError("--s3 starts a local server, --no-stack forbids it", remedy="leave one of them out")
    asked = _demo_arguments(manifest or [], env or [])
    for_secs = None if run_for is None else parse_duration(run_for, "--for")
    folder = data_folder(data)
    file = settings_file(config)
    text, name = (default_text(folder), DEFAULT_NAME) if file is None else (read_text(file), str(file.resolve()))
    wish = read_wish(text, name, os.environ)
    with_demo = bool(asked) or not (wish.names_inputs or _has_logs(NODE_LOGS)) if demo is None else demo
    if asked and not with_demo:
        raise SettingsError("--manifest and --env are the demo's, --no-demo forbids it", remedy="leave one of them out")
    options = UpOptions(folder, wish, with_demo, stack, s3, for_secs, asked)
    with only_one(folder), StopSignals() as stop:
        _log_to(folder / "logs" / "up.log")
        with make_screen(to_stderr=json) as screen:
            picture = Up(options, screen, stop, os.environ).run()
    if json:
        print_json(summary(picture))
    else:
        from deploy.cli.screen import print_summary

        print_summary(picture)
    if any(row.state == "failed" for row in picture.stages):
        raise typer.Exit(1)


def _demo_arguments(manifests: list[Path], env: list[str]) -> tuple[str, ...]:
    """What the demo is to be told, once it is known to be understood."""
    read_variables(env)
    if manifests:
        read_pods(manifests)
    files = (("--manifest", str(each.absolute())) for each in manifests)
    return tuple(word for pair in (*files, *(("--env", each) for each in env)) for word in pair)


def _has_logs(folder: Path) -> bool:
    try:
        return any(folder.glob("*.log"))
    except OSError:
        return False


def _log_to(file: Path) -> None:
    """What the supervisor itself has to say goes to a file; the terminal is the view's."""
    from runtime.process import set_up_logging

    file.parent.mkdir(parents=True, exist_ok=True)
    set_up_logging()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(file.open("a", encoding="utf-8"))
