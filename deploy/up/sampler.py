"""Looks at the stages once a second, in a thread of its own, so that an answer that does not come delays no restart.

Reads each stage's metrics, the end of its log, its memory and CPU time, and (less often) the lag of its consumer group.
Results are attributes that are replaced as a whole; the main thread reads the latest.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from deploy.up.figures import Figures, parse_metrics
from deploy.up.journal import Journal
from deploy.up.lag import UNANSWERED, KafkaQuestions, groups_of

if TYPE_CHECKING:
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

ROUND_SECS: Final = 1.0
LAG_SECS: Final = 2.0
ANSWER_SECS: Final = 1.0
KAFKA_SECS: Final = 3.0
FINISH_SECS: Final = 1.0
READ_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Target:
    """One stage process to look at."""

    name: str
    run: int
    pid: int
    port: int
    """Of its metrics; 0: it has none."""


@dataclass(frozen=True)
class Usage:
    """What a process takes."""

    cpu_percent: float
    """Of one core, since the last look."""
    memory_bytes: int


class Sampler(threading.Thread):
    """Start it as a thread; `finish` ends it."""

    def __init__(
        self, settings: Settings, logs: Mapping[str, Path], targets: Callable[[], list[Target]], figures: Figures
    ) -> None:
        super().__init__(name="sampler", daemon=True)
        self._targets = targets
        self._figures = figures
        self._questions = KafkaQuestions(settings.kafka, KAFKA_SECS)
        self._groups = groups_of(settings)
        self._tails = {name: LogTail(path) for name, path in logs.items()}
        self._processes: dict[int, psutil.Process] = {}
        self._finished = threading.Event()
        self.answered: dict[str, int] = {}
        """Stage -> number of the process that answered."""
        self.usage: dict[int, Usage] = {}
        """By pid."""
        self.lags: dict[str, int] = {}
        """Stage -> records; empty while Kafka does not answer."""
        self.rounds_at = 0.0
        """When the last round had been begun (monotonic)."""
        self.lags_at = 0.0
        """When the last answer about lags had been asked for (monotonic)."""
        self.last_warning = ""

    def run(self) -> None:
        """Look until told to finish."""
        while not self._finished.is_set():
            began = time.monotonic()
            self.look()
            if began - self.lags_at >= LAG_SECS:
                self.ask_lags()
            self._finished.wait(max(0.05, ROUND_SECS - (time.monotonic() - began)))
        self._questions.close()

    def finish(self) -> None:
        """End the thread; returns when it has ended, or after a few seconds."""
        self._finished.set()
        self.join(FINISH_SECS)

    def look(self) -> None:
        """One round over all stages."""
        began = time.monotonic()
        targets = self._targets()
        for target in targets:
            if target.port and (samples := parse_metrics(_fetch(target.port))):
                self._figures.take(target.name, target.run, samples)
                self.answered[target.name] = target.run
        self.usage = {each.pid: usage for each in targets if (usage := self._usage(each.pid))}
        self.read_logs()
        self.rounds_at = began

    def read_logs(self) -> None:
        """Take in what was appended to the logs."""
        for name, tail in self._tails.items():
            before = tail.journal.warnings
            tail.read()
            if tail.journal.warnings > before:
                self.last_warning = f"{name}: {tail.journal.warning}"

    def journal(self, name: str) -> Journal:
        """What a stage has written lately."""
        return self._tails[name].journal

    def ask_lags(self) -> None:
        """How far the groups are behind."""
        began = time.monotonic()
        try:
            self.lags = self._questions.lags(self._groups)
        except UNANSWERED as error:
            _log.info("Kafka does not tell the lags: %s", error)
            self.lags = {}
        self.lags_at = began

    def _usage(self, pid: int) -> Usage | None:
        try:
            process = self._processes.get(pid) or self._processes.setdefault(pid, psutil.Process(pid))
            return Usage(process.cpu_percent(), process.memory_info().rss)
        except psutil.Error:
            self._processes.pop(pid, None)
            return None


class LogTail:
    """Reads what is appended to one log from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0
        self.journal = Journal()

    def read(self) -> None:
        """Feed what is new to the journal; a log that was replaced is read from its start."""
        with contextlib.suppress(OSError), self._path.open("rb") as log:
            size = log.seek(0, 2)
            if size < self._position:
                self._position = 0
            log.seek(max(self._position, size - READ_BYTES))
            self.journal.feed(log.read())
            self._position = log.tell()


def _fetch(port: int) -> str:
    """A stage's metrics; empty while it does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECS)  # never through a proxy
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException, ValueError):
        return ""
    finally:
        connection.close()
