"""The containers that a runtime has taken on: what runs, since when, and what each has done so far."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.demo.order import Phase, Phases

if TYPE_CHECKING:
    import subprocess
    import threading
    from collections.abc import Iterable

    from deploy.demo.logfile import ContainerLog
    from deploy.demo.pods import ContainerSpec, Life, PodSpec


@dataclass
class Running:
    """A process, its log, and whether its pipes have been read to their end."""

    process: subprocess.Popen[bytes]
    log: ContainerLog
    started_at: float
    drained: threading.Semaphore
    asked_at: float | None = None
    """When it was asked to end, by the clock of `sync`."""

    def has_exited(self) -> bool:
        """Tell whether it has exited; leaves it a zombie, so that its number stays taken."""
        if self.process.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def ask(self, now: float) -> None:
        """SIGTERM, once."""
        if self.asked_at is None:
            self.process.terminate()
            self.asked_at = now


@dataclass
class Slot:
    """One container of one pod, through all its restarts."""

    pod: PodSpec
    spec: ContainerSpec
    due_at: float
    life: Life | None = None
    running: Running | None = None
    crashes: int = 0
    last_exit: int | None = None

    @property
    def phase(self) -> Phase:
        """What it has done so far."""
        if self.running is not None:
            return Phase.RUNNING
        if self.last_exit is None:
            return Phase.WAITING
        return Phase.FAILED if self.last_exit else Phase.DONE


def phases(slots: Iterable[Slot]) -> Phases:
    """What the containers of one pod have done."""
    return {slot.spec.name: slot.phase for slot in slots}


def by_pod(slots: Iterable[Slot]) -> dict[str, list[Slot]]:
    """The slots of each pod, by its key."""
    found: dict[str, list[Slot]] = {}
    for slot in slots:
        found.setdefault(slot.pod.key, []).append(slot)
    return found
