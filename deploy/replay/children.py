"""The processes that work on a replay: stream workers of its own, and sinks of a trial.

They end with the command, whatever ends it (`deploy.up.child`), and are started again when they end by themselves.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import yaml

from deploy.replay.isolated import plain_environment
from deploy.up.child import Folder, Stage
from deploy.up.figures import parse_metrics
from deploy.up.supervisor import State, Supervisor
from schemas.errors import FatalError

if TYPE_CHECKING:
    from streams.feed import Feed

STOP_SECS: Final = 20.0
CRASHES_MAX: Final = 5
LOG_LINES: Final = 12
PERSON_ONLY: Final = 0o600


@dataclass(frozen=True)
class Job:
    """What the workers are told in a file."""

    topic: str
    group: str
    run: str
    follows_rules: bool
    suffix: str
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Keep it."""
        path.write_text(json.dumps(self.__dict__), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> Feed:
        """What a worker is to read, as a file says."""
        from streams.feed import Feed

        return Feed(**json.loads(path.read_text(encoding="utf-8")))


class Stopped(Exception):  # noqa: N818  # no error: somebody asked for it
    """Asked to stop; the same command goes on."""


class Children:
    """The processes of one replay; use it in a ``with`` block."""

    def __init__(self, run: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=f"logferry-replay-{run}-"))
        self._supervisors: dict[str, Supervisor] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.stop()
        for supervisor in self._supervisors.values():
            supervisor.kill()
        if kind in (None, Stopped) or not any(self._folder.glob("*/logs/*.log")):
            shutil.rmtree(self._folder, ignore_errors=True)

    def start_workers(self, job: Job, settings: Mapping[str, Any], count: int) -> None:
        """Stream workers with these settings."""
        config = self._file("workers.yaml", settings)
        path = self._folder / "job.json"
        job.write(path)
        words = ("replay", "work", "--config", str(config), "--job", str(path))
        stages = [Stage(f"worker {number}", (*words, "--number", str(number))) for number in range(count)]
        self._start("workers", stages)

    def start_sinks(self, names: Sequence[str], settings: Mapping[str, Any]) -> None:
        """Sinks with these settings."""
        config = self._file("sinks.yaml", settings)
        self._start(
            "sinks", [Stage(f"sink {name}", ("sink", name, "--no-ledger", "--config", str(config))) for name in names]
        )

    def look_after(self) -> None:
        """Start again what ended by itself. Raises FatalError when that does not help."""
        for kind, supervisor in self._supervisors.items():
            for slot in supervisor.tick(time.time()):
                if slot.state is State.FAILED or slot.crashes >= CRASHES_MAX:
                    log = supervisor.folder.log(slot.stage)
                    raise FatalError(
                        f"{slot.stage.name} of the replay ended with status {slot.last_exit}\n{_tail(log)}",
                        where=str(log),
                        remedy=f"see what its log says; the {kind} begin again with the same command, which goes on",
                    )

    def stop(self) -> None:
        """Ask all of them to finish what is in flight and to end."""
        for supervisor in self._supervisors.values():
            supervisor.ask(list(supervisor.slots))
        for supervisor in self._supervisors.values():
            supervisor.wait(list(supervisor.slots), STOP_SECS)

    def figures(self, name: str) -> dict[str, float]:
        """A counter of all stages that have ended, by its first label."""
        found: dict[str, float] = {}
        for supervisor in self._supervisors.values():
            for slot in supervisor.slots.values():
                snapshot = supervisor.folder.snapshot(slot.stage)
                samples = parse_metrics(snapshot.read_text()) if snapshot.exists() else {}
                for (metric, labels), value in samples.items():
                    if metric == name:
                        label = next(iter(labels), "")
                        found[label] = found.get(label, 0) + value
        return found

    def _start(self, kind: str, stages: list[Stage]) -> None:
        environ = plain_environment(os.environ)
        self._supervisors[kind] = Supervisor(stages, Folder(self._folder / kind), environ)
        self.look_after()

    def _file(self, name: str, settings: Mapping[str, Any]) -> Path:
        path = self._folder / name
        path.touch(PERSON_ONLY)
        path.write_text(yaml.safe_dump(dict(settings), sort_keys=False), encoding="utf-8")
        return path


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join(lines[-LOG_LINES:])
