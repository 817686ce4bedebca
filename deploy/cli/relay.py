"""``logferry relay``: logs without a node agent, as a sidecar or around the program itself."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from deploy.cli.options import Config, read_settings
from schemas.errors import SettingsError

_SIDECAR, _PROGRAM, _KAFKA = "Sidecar", "Program", "Kafka"  # panels of --help


class To(StrEnum):
    """Where lines go."""

    stdout = "stdout"
    kafka = "kafka"


class WhenFull(StrEnum):
    """What happens to a wrapped program's lines when Kafka does not keep up."""

    drop = "drop"
    block = "block"


class RelayCommand(TyperCommand):
    """With --exec, all that stands behind ``--`` is the program and its arguments, not files."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the program away before options are looked for."""
        if "--" in args and "--exec" in args[: args.index("--")]:
            at = args.index("--")
            args, ctx.meta["program"] = args[:at], args[at + 1 :]
        return super().parse_args(ctx, args)


def relay(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE…", help="Files to follow; they need not exist yet.")
    ] = None,
    *,
    to: Annotated[To, typer.Option(help="Where lines go. Files to standard output, or straight to Kafka.")] = To.stdout,
    from_end: Annotated[bool, typer.Option("--from-end", help="Begin behind what files hold already.")] = False,
    prefix: Annotated[bool, typer.Option("--prefix", help="Put the file's name before each line.")] = False,
    execute: Annotated[
        bool,
        typer.Option(
            "--exec",
            help="Run the PROGRAM that stands behind -- with its ARGS, and end as it ends.",
            rich_help_panel=_PROGRAM,
        ),
    ] = False,
    exit_with_pid: Annotated[
        str | None,
        typer.Option(help="End with this process: its number, or a file that will hold it.", rich_help_panel=_SIDECAR),
    ] = None,
    exit_with_file: Annotated[
        Path | None, typer.Option(help="End when this file appears.", rich_help_panel=_SIDECAR)
    ] = None,
    drain_secs: Annotated[
        float, typer.Option(min=0.1, help="Longest that the last lines are waited for at the end.")
    ] = 5.0,
    poll_interval_secs: Annotated[
        float, typer.Option(min=0.01, max=60, help="How often files at rest are looked at.")
    ] = 0.1,
    unterminated_line_secs: Annotated[
        float, typer.Option(min=0, help="A line without end that does not grow for so long is passed on as it is.")
    ] = 2.0,
    config: Config = None,
    namespace: Annotated[str | None, typer.Option(help="Default: $POD_NAMESPACE.", rich_help_panel=_KAFKA)] = None,
    pod: Annotated[str | None, typer.Option(help="Default: $POD_NAME.", rich_help_panel=_KAFKA)] = None,
    pod_uid: Annotated[str | None, typer.Option(help="Default: $POD_UID.", rich_help_panel=_KAFKA)] = None,
    container: Annotated[
        str | None, typer.Option(help="The application's container. Default: $CONTAINER_NAME.", rich_help_panel=_KAFKA)
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(help="Default: kube.<namespace>.<pod>.<container>, else host.<file>.", rich_help_panel=_KAFKA),
    ] = None,
    state_folder: Annotated[
        Path | None,
        typer.Option(help="Checkpoints of files. Default: .logferry-relay beside them.", rich_help_panel=_KAFKA),
    ] = None,
    when_full: Annotated[
        WhenFull,
        typer.Option(
            help="The program's output when Kafka does not keep up: drop (and count) it, or block the program. It is "
            "passed through first in either case.",
            rich_help_panel=_KAFKA,
        ),
    ] = WhenFull.drop,
    memory_max_bytes: Annotated[
        int,
        typer.Option(min=65536, help="The program's output that may wait for Kafka.", rich_help_panel=_KAFKA),
    ] = 8 * 1024 * 1024,
) -> None:
    """Follow files to standard output or Kafka, beside a program or around it (--exec -- PROGRAM ARGS…)."""
    program = ctx.meta.get("program", [])
    paths = tuple(dict.fromkeys(file.absolute() for file in files or ()))
    _refuse_contradictions(paths, program, execute=execute, ends=bool(exit_with_pid or exit_with_file))
    from producers.relay.run import Order, relay_files, run_wrapped
    from runtime.process import set_up_logging

    set_up_logging("WARNING")  # standard error may be the application's
    order = Order(
        files=tuple(map(str, paths)),
        settings=read_settings(config) if to is To.kafka else None,
        container={"namespace": namespace, "pod": pod, "pod_uid": pod_uid, "name": container},
        tag=tag,
        state_folder=None if state_folder is None else str(state_folder.absolute()),
        from_end=from_end,
        prefix=prefix,
        block_when_full=when_full is WhenFull.block,
        memory_max_bytes=memory_max_bytes,
        drain_secs=drain_secs,
        poll_interval_secs=poll_interval_secs,
        unterminated_line_secs=unterminated_line_secs,
    )
    if execute:
        run_wrapped(order, program)
    relay_files(order, exit_with_pid, exit_with_file)


def _refuse_contradictions(files: Sequence[Path], program: list[str], *, execute: bool, ends: bool) -> None:
    """Raise SettingsError for what cannot be meant."""
    usage = "logferry relay [FILE…] --exec -- PROGRAM ARGS…"
    if execute and not program:
        raise SettingsError("there is no program", where="--exec", remedy=f"write: {usage}")
    if not execute and not files:
        raise SettingsError("there is nothing to relay", remedy=f"name a FILE, or wrap a program: {usage}")
    if execute and ends:
        raise SettingsError(
            "with --exec the relay ends with its program", remedy="leave out --exit-with-pid and --exit-with-file"
        )
    for file in files:
        if file.exists() and not file.is_file():
            raise SettingsError("this is not a regular file", where=str(file), remedy="name log files")
