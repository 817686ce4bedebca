"""One stage process: started in a session of its own, ended with whoever started it.

Its own session, so that Ctrl-C in the terminal reaches the supervisor alone, which then stops the stages in order. A
supervisor that is killed takes its stages with it (`runtime.parent`): they lose nothing, since positions advance
only behind acknowledgements, and the next start finds the checkpoint's lock free.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.metrics import SNAPSHOT_VARIABLE
from runtime.parent import end_with

LOG_MAX_BYTES: Final = 10_000_000
"""A stage's log longer than this is renamed to ``.1`` before the stage's next start."""


@dataclass(frozen=True)
class Stage:
    """What is to run."""

    name: str
    """As people see it: produce, stream, sink search, demo."""
    arguments: tuple[str, ...]
    """Of the command line."""

    @property
    def file_name(self) -> str:
        """Its name in file names."""
        return self.name.replace(" ", "-")

    @property
    def has_metrics(self) -> bool:
        """Whether it answers for figures."""
        return self.name != "demo"


@dataclass(frozen=True)
class Folder:
    """Where the supervisor keeps what belongs to stages."""

    data: Path

    def log(self, stage: Stage) -> Path:
        """What the stage writes to its standard output and error."""
        return self.data / "logs" / f"{stage.file_name}.log"

    def snapshot(self, stage: Stage) -> Path:
        """The figures that the stage leaves behind when it ends by itself."""
        return self.data / "figures" / f"{stage.file_name}.prom"


def spawn(stage: Stage, folder: Folder, environ: Mapping[str, str], port: int) -> subprocess.Popen[bytes]:
    """Start a stage; ``port`` is where it answers for metrics. Call it from the main thread. Raises OSError."""
    log, snapshot = folder.log(stage), folder.snapshot(stage)
    for each in (log, snapshot):
        each.parent.mkdir(parents=True, exist_ok=True)
    snapshot.unlink(missing_ok=True)
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))
    ours = {
        SNAPSHOT_VARIABLE: str(snapshot),
        "LOGFERRY_METRICS__PORT": str(port),
        "LOGFERRY_METRICS__HOST": "127.0.0.1",
        "LOGFERRY_LOGGING__FORMAT": "text",  # what `deploy.up.journal` reads, and people
        "LOGFERRY_PRODUCER__DRAIN_SECS": "0",  # this machine stays, and Ctrl-C is not to wait
        "PYTHONSAFEPATH": "1",  # nothing in the working folder takes the place of a package
        "PYTHONUNBUFFERED": "1",
    }
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", *stage.arguments],
            env={**environ, **ours},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with(os.getpid()),  # one system call, prepared before the fork
        )


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal a stage and whatever it has started in its session, unless it has been reaped."""
    if process.poll() is None:
        os.killpg(process.pid, number)
