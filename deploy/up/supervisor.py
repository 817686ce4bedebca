"""Keeps stages running: starts them, notices their ends, starts them again with a growing delay, stops them in order.

A stage that ends with status 2 has found its settings wrong; starting it again would change nothing, so it stays down
and is shown. Time is an argument; the one clock that is read is for waiting while stages stop.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from deploy.demo.backoff import BackoffLimits, crashes_in_row, restart_delay
from deploy.local.ports import is_free, settle
from deploy.up.child import Folder, Stage, signal_group, spawn

BACKOFF: Final = BackoffLimits(initial_secs=1.0, max_secs=30.0, reset_secs=60.0)
POLL_SECS: Final = 0.05
SETTINGS_STATUS: Final = 2


class State(StrEnum):
    """What a stage is doing."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    """Ended unasked; starts again when its delay is over."""
    FAILED = "failed"
    """Its settings are wrong; it is not started again."""
    STOPPED = "stopped"


@dataclass
class Slot:
    """One stage through all its processes."""

    stage: Stage
    process: subprocess.Popen[bytes] | None = None
    state: State = State.STARTING
    run: int = 0
    """How many processes of this stage have ended."""
    port: int = 0
    started_at: float = 0.0
    due_at: float = 0.0
    crashes: int = 0
    """Ends in a row."""
    restarts: int = 0
    last_exit: int | None = None
    """Exit status of the last process that ended unasked; negative: the signal that killed it."""

    @property
    def pid(self) -> int | None:
        """Of the process, if there is one."""
        return self.process.pid if self.process else None


@dataclass
class Supervisor:
    """The stages of one `up`. Not for use from several threads."""

    stages: Sequence[Stage]
    folder: Folder
    environ: Mapping[str, str]
    on_end: Callable[[Slot], None] = field(default=lambda _slot: None)
    """Called when a process has ended and before the next one starts."""
    backoff: BackoffLimits = BACKOFF

    def __post_init__(self) -> None:
        self.slots = {stage.name: Slot(stage) for stage in self.stages}

    def tick(self, now: float) -> list[Slot]:
        """Notice ends and start what is due at ``now`` (seconds since 1970); returns the slots whose process ended."""
        ended = [slot for slot in self.slots.values() if slot.process and slot.process.poll() is not None]
        for slot in ended:
            self._bury(slot, now)
        for slot in self.slots.values():
            if slot.process is None and slot.state in (State.STARTING, State.WAITING) and now >= slot.due_at:
                self._start(slot, now)
        return ended

    def _start(self, slot: Slot, now: float) -> None:
        ports = {name: each.port for name, each in self.slots.items() if each.port}
        slot.port = settle(f"{self.folder.data} metrics", [slot.stage.name], ports)[0][slot.stage.name]
        slot.process = spawn(slot.stage, self.folder, self.environ, slot.port)
        slot.state = State.STARTING if slot.stage.has_metrics else State.RUNNING
        slot.started_at = now

    def _bury(self, slot: Slot, now: float) -> None:
        assert slot.process
        slot.last_exit = slot.process.returncode
        slot.process = None
        slot.crashes = crashes_in_row(self.backoff, slot.crashes, now - slot.started_at)
        slot.due_at = now + restart_delay(self.backoff, slot.crashes)
        # Somebody may have taken the port in between; the stage calls that a mistake in the settings.
        wrong_settings = slot.last_exit == SETTINGS_STATUS and is_free(slot.port)
        slot.state = State.FAILED if wrong_settings else State.WAITING
        slot.restarts += not wrong_settings
        self._ended(slot)

    def _ended(self, slot: Slot) -> None:
        self.on_end(slot)
        slot.run += 1

    def answered(self, name: str, run: int) -> None:
        """A stage has answered for its metrics: it runs."""
        slot = self.slots[name]
        if slot.run == run and slot.state is State.STARTING and slot.process:
            slot.state = State.RUNNING

    def ask(self, names: Iterable[str]) -> None:
        """Ask stages to finish what is in flight and end (SIGTERM); none of them is started again."""
        for slot in self._named(names):
            if slot.process and slot.state is not State.STOPPED:
                # Only the stage itself: the demo ends its own programs, in order.
                slot.process.send_signal(signal.SIGTERM)
            if slot.state is not State.FAILED:
                slot.state = State.STOPPED

    def wait(self, names: Iterable[str], secs: float, give_up: Callable[[], bool] = lambda: False) -> list[str]:
        """Wait until stages that were asked have ended, at most ``secs``; returns those that are still there."""
        until = time.monotonic() + secs
        waiting = [slot for slot in self._named(names) if slot.process]
        while waiting and time.monotonic() < until and not give_up():
            for slot in [each for each in waiting if each.process and each.process.poll() is not None]:
                slot.process = None
                self._ended(slot)
                waiting.remove(slot)
            time.sleep(POLL_SECS)
        return [slot.stage.name for slot in waiting]

    def kill(self, names: Iterable[str] | None = None) -> None:
        """End stages at once (SIGKILL)."""
        for slot in self._named(self.slots if names is None else names):
            if slot.process:
                signal_group(slot.process, signal.SIGKILL)
                slot.process.wait()
                slot.process = None
                self._ended(slot)
            if slot.state is not State.FAILED:
                slot.state = State.STOPPED

    def _named(self, names: Iterable[str]) -> list[Slot]:
        return [self.slots[name] for name in names if name in self.slots]
