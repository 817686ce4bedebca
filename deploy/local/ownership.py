"""Owning a data folder: one process at a time, with a guard that cleans up if that process is killed.

Who finds the lock held looks at who holds it: a living owner is left alone and named; after a dead one, whose guard
is still stopping servers, it waits a moment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psutil

import deploy
from deploy.local.processes import ProcessId, is_alive, started_of
from deploy.local.progress import Progress, Report, Step
from deploy.local.state import Running, read_running, try_lock, write_running
from schemas.errors import FatalError

FORMER_STOPS_SECS: Final = 20.0
"""Longest wait for the guard of a killed owner to stop the servers."""
POLL_SECS: Final = 0.1


class Ownership:
    """The right to a data folder's servers, from `take` to `release`."""

    def __init__(self, data: Path, report: Report) -> None:
        """Take the lock. Raises FatalError naming the owner if somebody else has it."""
        self._running_file = data / "running.json"
        self._lock = self._take(data, report)
        self.survivors = {n: p for n, p in read_running(self._running_file).servers.items() if is_alive(p)}
        """Servers that still run here without an owner."""
        self._me = ProcessId(os.getpid(), started_of(os.getpid()) or "")
        self.note(self.survivors)
        self._guard = self._start_guard(data)

    def _take(self, data: Path, report: Report) -> int:
        deadline = time.monotonic() + FORMER_STOPS_SECS
        waits = False
        while (lock := try_lock(data / "stack.lock")) is None:
            owner = read_running(self._running_file).owner
            if (owner and is_alive(owner)) or time.monotonic() > deadline:
                raise _refusal(data, owner)
            if not waits:
                report(Progress(Step.NOTE, "stack", note=f"waiting for the former servers in {data} to stop"))
                waits = True
            time.sleep(POLL_SECS)
        return lock

    def _start_guard(self, data: Path) -> subprocess.Popen[bytes]:
        arguments = (str(self._lock), str(self._me.pid), self._me.started, str(self._running_file))
        with (data / "logs" / "guard.log").open("ab") as log:
            return subprocess.Popen(
                (sys.executable, "-m", "deploy.local.guard", *arguments),
                cwd=Path(deploy.__file__).parent.parent,  # wherever we were started: `-m` looks there first
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=(self._lock,),
                start_new_session=True,
            )

    def note(self, servers: Mapping[str, ProcessId]) -> None:
        """Write down which processes are the servers: what the guard will stop, and a later start adopt."""
        write_running(self._running_file, Running(self._me, dict(servers)))

    def release(self, *, leaving: Mapping[str, ProcessId]) -> None:
        """Give the folder up; `leaving` are servers that go on without an owner."""
        self._guard.kill()
        self._guard.wait()
        if leaving:
            write_running(self._running_file, Running(None, dict(leaving)))
        else:
            self._running_file.unlink(missing_ok=True)
        os.close(self._lock)


def _refusal(data: Path, owner: ProcessId | None) -> FatalError:
    who = f"process {owner.pid} ({_command(owner.pid)})" if owner else "another process"
    other = "name another folder with --data"
    return FatalError(
        f"a stack is already running in this data folder, started by {who}",
        where=str(data),
        remedy=f"stop that one (Ctrl-C, or `kill {owner.pid}`), or {other}" if owner else other,
    )


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())[:80]
    except psutil.Error:
        return "?"
