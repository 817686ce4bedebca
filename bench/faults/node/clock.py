"""The wall clock of single stages jumps, forward or back, while lines flow.

No process can have a wall clock of its own by the kernel's means (time namespaces have only the others), and setting
the machine's would be everybody's. So stages are started with a small library before the C library's (`clock.c`): it
adds an offset to the wall clock that a file holds, and that changes while they run. The machine's C compiler makes it.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from schemas.errors import SettingsError

if TYPE_CHECKING:
    from bench.faults.site import Site

SOURCE: Final = Path(__file__).with_name("clock.c")
NANOSECONDS: Final = 1_000_000_000
HOUR: Final = 3600.0
BEGIN_SECS: Final = 120.0
"""So long a stage may take to start on a busy machine."""


@dataclass(frozen=True)
class ClockJump:
    """The clock of some stages is set by so many seconds, and set right again at the end: that is a jump too."""

    stages: tuple[str, ...]
    by_secs: float
    secs: float = 20.0

    def begin(self, site: Site) -> None:
        """Stages that have no clock of their own yet are started anew, with one that goes right."""
        for stage in self.stages:
            clock = Clock(site.pipeline.folder / f"{stage}.clock")
            if not clock.is_of(site.pipeline.processes[stage].pid):
                clock.set(0.0)
                _restart(site, stage, clock)
            clock.set(self.by_secs)

    def end(self, site: Site) -> None:
        """NTP has the last word."""
        for stage in self.stages:
            Clock(site.pipeline.folder / f"{stage}.clock").set(0.0)


class Clock:
    """How far a process's clock is off; the file outlives the process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def set(self, by_secs: float) -> None:
        """From now on it is so many seconds ahead (negative: behind). Written in place, since it is mapped."""
        if not self.path.exists():
            self.path.write_bytes(bytes(8))
        with self.path.open("r+b") as file:
            file.write(int(by_secs * NANOSECONDS).to_bytes(8, "little", signed=True))

    def is_of(self, pid: int) -> bool:
        """Whether a process was started with it."""
        return f"LOGFERRY_CLOCK={self.path}".encode() in Path(f"/proc/{pid}/environ").read_bytes()

    def environment(self) -> dict[str, str]:
        """What a process needs to be started with. Raises SettingsError."""
        return {"LD_PRELOAD": str(_library(self.path.parent)), "LOGFERRY_CLOCK": str(self.path)}


def _restart(site: Site, stage: str, clock: Clock) -> None:
    site.pipeline.environments.setdefault(stage, {}).update(clock.environment())
    site.terminate(stage)
    site.start(stage)
    site.pipeline.wait_until(lambda: site.pipeline.has_begun(stage), bool, f"{stage} to start", BEGIN_SECS)


def _library(folder: Path) -> Path:
    """The library, made in ``folder`` if it is not there."""
    made = folder / "clock.so"
    if not made.exists():
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise SettingsError(
                "no C compiler was found", where=str(SOURCE), remedy="install one (Debian: apt-get install gcc)"
            )
        options = ["-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(made), str(SOURCE), "-ldl", "-lpthread"]
        subprocess.run([compiler, *options], check=True, capture_output=True, timeout=60)
    return made
