"""Server processes: started in a session of their own, recognised for sure, stopped within a bound.

A pid alone may have been given to somebody else since, so a process is known by pid, boot and start time. Each server
is the leader of its own process group (Ctrl-C in the terminal does not reach it), and signals that must not miss go
to the group.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.users import User

POLL_SECS: Final = 0.05
KILL_SECS: Final = 5.0
"""Longest wait for the kernel to take a killed process down."""
LOG_MAX_BYTES: Final = 10_000_000
"""A server's log longer than this is renamed to `.1` before the next start."""

_children: Final[dict[int, subprocess.Popen[bytes]]] = {}
"""Those that this process started, so that their ends are collected."""


@dataclass(frozen=True)
class Launch:
    """How to start one server."""

    command: Sequence[str]
    environment: Mapping[str, str]
    """On top of the few variables of `base_environment`."""
    folder: Path
    """Working directory and home."""
    log: Path
    """Takes standard output and standard error."""
    user: User | None
    """As whom; None for ourselves."""


@dataclass(frozen=True)
class ProcessId:
    """One process, for sure."""

    pid: int
    started: str
    """Boot id and start time in clock ticks since boot: no other process ever has the same."""


def base_environment(folder: Path) -> dict[str, str]:
    """What a server gets to see of our environment: hardly anything, so that it runs the same everywhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "UTC"}


def spawn(launch: Launch) -> ProcessId:
    """Start a server. Raises OSError if that is impossible."""
    _limit_log(launch.log)
    with launch.log.open("ab") as log:
        child = subprocess.Popen(
            launch.command,
            env=base_environment(launch.folder) | dict(launch.environment),
            cwd=launch.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=launch.user.uid if launch.user else None,
            group=launch.user.gid if launch.user else None,
            extra_groups=[] if launch.user else None,
            umask=0o022,
        )
    _children[child.pid] = child
    started = started_of(child.pid)
    if started is None:
        raise OSError(f"{launch.command[0]} ended at once")
    return ProcessId(child.pid, started)


def run(launch: Launch, timeout_secs: float) -> int:
    """Run a tool of a server to its end; its exit status. Raises subprocess.TimeoutExpired."""
    with launch.log.open("ab") as log:
        return subprocess.run(
            launch.command,
            env=base_environment(launch.folder) | dict(launch.environment),
            cwd=launch.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=timeout_secs,
            check=False,
            user=launch.user.uid if launch.user else None,
            group=launch.user.gid if launch.user else None,
            extra_groups=[] if launch.user else None,
            umask=0o022,
        ).returncode


def _limit_log(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def started_of(pid: int) -> str | None:
    """Boot id and start time of the process that has this pid now; None if there is none, or only its remains."""
    fields = _status(pid)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {fields[19]}" if fields else None


def _status(pid: int | str) -> list[str]:
    """`/proc/<pid>/stat` from the state on: state, parent, group, …; empty for what no longer runs."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    # A killed process's first thread is a zombie while others still hold its ports: only the last one's end counts.
    return [] if fields[0] in "ZX" and int(fields[17]) <= 1 else fields


def is_alive(process: ProcessId) -> bool:
    """Whether exactly this process still runs."""
    return started_of(process.pid) == process.started


def exit_status(process: ProcessId) -> int | None:
    """Its exit status (negative: signal), if it was our child and has ended."""
    child = _children.get(process.pid)
    return child.poll() if child and not is_alive(process) else None


def stop_all(processes: Collection[ProcessId], grace_secs: float) -> list[ProcessId]:
    """SIGTERM to all, wait for up to `grace_secs`, SIGKILL to whom that did not end; returns the latter."""
    here = [process for process in processes if is_alive(process)]
    for process in here:
        _signal(process.pid, signal.SIGTERM)
    _wait_while(lambda: any(map(is_alive, here)), grace_secs)
    stubborn = [process for process in here if is_alive(process)]
    _kill_groups(here)  # the helpers of a leader that has gone must go too
    return stubborn


def kill(process: ProcessId) -> None:
    """SIGKILL to the process and its group, now; returns when they have gone."""
    if is_alive(process):
        _kill_groups([process])


def _kill_groups(leaders: Sequence[ProcessId]) -> None:
    """Kill what is left of the leaders' groups, and wait: until a group has gone its ports and locks are taken."""
    for leader in leaders:
        _signal_group(leader.pid, signal.SIGKILL)
    _wait_while(lambda: _any_in_groups({leader.pid for leader in leaders}), KILL_SECS)
    _collect()


def _any_in_groups(groups: set[int]) -> bool:
    found = (_status(place.name) for place in Path("/proc").glob("[0-9]*"))
    return any(int(fields[2]) in groups for fields in found if fields)


def _wait_while(condition: Callable[[], bool], secs: float) -> None:
    deadline = time.monotonic() + secs
    while condition() and time.monotonic() < deadline:
        time.sleep(POLL_SECS)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):  # the group is empty, or nothing of it is left that we may signal
        return


def _collect() -> None:
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            del _children[pid]


def last_lines(log: Path, count: int = 20) -> str:
    """The end of a log, for a message, without the frames of Java stack traces, which bury the reason."""
    try:
        with log.open("rb") as content:
            content.seek(max(0, log.stat().st_size - 64 * 1024))
            lines = content.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join([line for line in lines if not line.startswith("\tat ")][-count:])
