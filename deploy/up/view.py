"""The picture on a terminal (rich renderables), in one line for a pipe, and as a summary. Pure: it prints nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from deploy.duration import show_bytes, show_duration

if TYPE_CHECKING:
    from rich.console import RenderableType

    from deploy.up.picture import Picture, StageRow
    from deploy.up.status import Status

STATE_STYLES: Final[Mapping[str, str]] = {
    "running": "green",
    "starting": "yellow",
    "waiting": "bold red",
    "failed": "bold white on red",
    "stopped": "dim",
}
PHASE_STYLES: Final[Mapping[str, str]] = {"running": "bold green", "draining": "bold yellow", "stopping": "bold yellow"}


def screen(picture: Picture, hint: str = "") -> RenderableType:
    """Everything, in some twenty lines."""
    parts: list[RenderableType] = [_heading(picture, hint), Text(), flow(picture), Text(), stages(picture)]
    if picture.servers and picture.phase != "stopped":  # they are stopped last
        parts += [Text(), servers(picture)]
    if picture.warning:
        warning = Text.assemble(("last warning  ", "yellow"), picture.warning)
        warning.truncate(300)
        parts += [Text(), warning]
    return Group(*parts)


def _heading(picture: Picture, hint: str) -> Text:
    return Text.assemble(
        ("logferry ", "bold"),
        (picture.phase, PHASE_STYLES.get(picture.phase, "bold")),
        f"  {show_duration(picture.seconds)}  node {picture.node}{' (demo)' if picture.demo else ''}",
        (f"  {hint}" if hint else "", "dim"),
    )


def flow(picture: Picture) -> RenderableType:
    """What went through, from file to destination."""
    totals = picture.totals
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column()
    speed = f"{_number(picture.lines_per_sec)} lines/s, {show_bytes(picture.bytes_per_sec)}/s"
    table.add_row("read", f"{speed};  {totals.lines_read:,} lines, {show_bytes(totals.bytes_read)}")
    table.add_row("routed", counts(totals.routed))
    table.add_row("joined", f"{totals.joined:,} lines to earlier ones")
    table.add_row("dropped", counts(totals.dropped))
    table.add_row("dead-lettered", Text(counts(totals.dead_lettered), "red" if totals.dead_lettered else ""))
    table.add_row("documents", counts(totals.documents))
    table.add_row(
        "objects", f"{totals.objects:,}, {show_bytes(totals.object_bytes)};  records {counts(totals.archived)}"
    )
    if totals.lost_bytes:
        table.add_row("lost", Text(f"{totals.lost_bytes:,} bytes vanished unread", "bold red"))
    if totals.retries:
        table.add_row("retries", Text(counts(totals.retries), "yellow"))
    table.add_row("errors", Text(counts(totals.errors), "bold red" if totals.errors else ""))
    return table


def stages(picture: Picture) -> RenderableType:
    """A line for each stage."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("stage", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for heading in ("pid", "uptime", "restarts", "lag", "done", "per s", "cpu", "memory"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in picture.stages:
        table.add_row(*_stage(row, picture.at))
    return table


def _stage(row: StageRow, at: float) -> list[str | Text]:
    running = row.pid is not None
    state = Text(row.state, STATE_STYLES.get(row.state, ""))
    if row.last_exit is not None and row.state in ("waiting", "failed"):
        state.append(f" ({exit_words(row.last_exit)})")
    return [
        Text(row.name, "bold"),
        state,
        str(row.pid) if running else "",
        show_duration(at - row.started_at) if running else "",
        Text(str(row.restarts), "red" if row.restarts else "dim"),
        lag_words(row),
        f"{row.done:,} {row.done_unit}" if row.done_unit else "",
        _number(row.per_sec) if row.done_unit else "",
        f"{row.cpu_percent:.0f} %" if running else "",
        show_bytes(row.memory_bytes) if running and row.memory_bytes else "",
    ]


def servers(picture: Picture) -> RenderableType:
    """A line for each local server."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("server", "state", "pid", "restarts", "address"):
        table.add_column(heading, no_wrap=True)
    for row in picture.servers:
        state = Text("running", "green") if row.alive else Text("down", "bold red")
        restarts = Text(str(row.restarts), "red" if row.restarts else "dim")
        table.add_row(Text(row.name, "bold"), state, str(row.pid or ""), restarts, row.address)
    return table


def lag_words(row: StageRow) -> str:
    """Lag with its unit; a question mark while it is not known."""
    if row.name == "demo":
        return ""
    if row.lag is None:
        return "?"
    return show_bytes(row.lag) if row.lag_unit == "bytes" else f"{row.lag:,} {row.lag_unit}"


def exit_words(status: int) -> str:
    """An exit status as a person would say it."""
    return f"killed by signal {-status}" if status < 0 else f"exit {status}"


def counts(amounts: Mapping[str, int]) -> str:
    """``logs.app 1,200, logs.errors 3``; ``0`` where there is nothing."""
    return ", ".join(f"{name} {amount:,}" for name, amount in amounts.items() if amount) or "0"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.1f}"


def plain_line(picture: Picture) -> str:
    """The picture in one line."""
    totals = picture.totals
    parts = [
        f"{show_duration(picture.seconds)}: read {totals.lines_read:,} lines ({_number(picture.lines_per_sec)}/s)",
        f"routed {sum(totals.routed.values()):,}",
        f"dropped {sum(totals.dropped.values()):,}",
        f"dead-lettered {sum(totals.dead_lettered.values()):,}",
        f"documents {sum(totals.documents.values()):,}",
        f"objects {totals.objects:,}",
        "lag " + ", ".join(f"{row.name} {lag_words(row)}" for row in picture.stages if row.name != "demo"),
        f"errors {sum(totals.errors.values()):,}",
        f"restarts {sum(picture.restarts.values()):,}",
    ]
    down = [f"{row.name} {row.state}" for row in picture.stages if row.state in ("waiting", "failed")]
    return "; ".join(parts + down)


def status_screen(status: Status) -> RenderableType:
    """The answer of `logferry status`."""
    parts: list[RenderableType] = [_whether_it_runs(status)]
    if status.runs and status.picture:
        parts += [Text(), screen(status.picture)]
    if status.topics is not None:
        parts += [Text(), _topics(status)]
    if not status.runs and status.lags:
        waiting = ", ".join(f"{name} {amount:,}" for name, amount in status.lags.items())
        parts += [Text(), Text.assemble(("records that wait  ", "bold"), waiting)]
    for name, amount in status.documents.items():
        parts.append(
            Text.assemble((f"documents of {name}  ", "bold"), "no index yet" if amount is None else f"{amount:,}")
        )
    for problem in status.problems:
        parts.append(Text(problem, "bold red"))
    for name, lines in status.last_lines.items():
        parts += [Text(), Text(f"{name} is down; its last lines:", "bold red"), *(Text(f"  {line}") for line in lines)]
    return Group(*parts)


def _whether_it_runs(status: Status) -> Text:
    if not status.data:
        return Text.assemble("Kafka ", status.kafka)
    if status.runs:
        pid = f", process {status.picture.pid}" if status.picture else ""
        return Text.assemble(("`logferry up` runs", "bold green"), f" in {status.data}{pid}")
    text = Text.assemble(("nothing runs", "bold"), f" in {status.data}")
    if status.picture is None:
        return text.append("; `logferry up` starts a pipeline")
    last = status.picture
    ended = "ended" if last.phase == "stopped" else "broke off"
    return text.append(f"; the last run {ended} at {_utc(last.at)} after {show_duration(last.seconds)}")


def _topics(status: Status) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("topic", no_wrap=True)
    table.add_column("records", justify="right", no_wrap=True)
    for name, amount in (status.topics or {}).items():
        table.add_row(Text(name, "bold"), f"{amount:,}")
    return table


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
