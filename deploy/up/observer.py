"""Puts together what the supervisor, the sampler and the servers know into one picture."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from deploy.up.figures import Figures, Rate, parse_metrics
from deploy.up.picture import Picture, ServerRow, StageRow, totals_of
from deploy.up.sampler import Sampler, Target, Usage
from schemas.settings import ElasticsearchSink, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.up.child import Folder
    from deploy.up.supervisor import Slot, Supervisor

WORK: Final = {
    "producer": ("logferry_producer_read_lines_total", "lines"),
    "stream": ("logferry_stream_lines_total", "lines"),
    "object_storage": ("logferry_sink_archived_records_total", "archived"),
    "elasticsearch": ("logferry_sink_documents_total", "documents"),
    **dict.fromkeys(
        ("cloudwatch", "file", "google_cloud", "http", "kafka", "otlp", "stdout"),
        ("logferry_sink_documents_total", "records"),
    ),
}
"""Kind of stage, of a sink its type -> what it works off."""


@dataclass
class Observer:
    """Everything that is known about one run."""

    settings: Settings
    config: Path
    folder: Folder
    demo: bool
    started_at: float
    servers: Callable[[], tuple[ServerRow, ...]]
    supervisor: Supervisor = field(init=False)
    sampler: Sampler = field(init=False)

    def __post_init__(self) -> None:
        self.figures = Figures()
        self._rates: dict[str, Rate] = {}
        hosts = [sink.hosts[0] for sink in self.settings.sinks.values() if isinstance(sink, ElasticsearchSink)]
        self._elasticsearch = hosts[0] if hosts else ""

    def watch(self, supervisor: Supervisor) -> Sampler:
        """The thread that looks at the supervisor's stages, not started yet."""
        self.supervisor = supervisor
        logs = {stage.name: self.folder.log(stage) for stage in supervisor.stages}
        self.sampler = Sampler(self.settings, logs, self._targets, self.figures)
        return self.sampler

    def _targets(self) -> list[Target]:
        return [
            Target(name, slot.run, process.pid, slot.port if slot.stage.has_metrics else 0)
            for name, slot in self.supervisor.slots.items()
            if (process := slot.process) is not None
        ]

    def take_last_figures(self, slot: Slot) -> None:
        """A process has ended: what it left behind counts."""
        path = self.folder.snapshot(slot.stage)
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        self.figures.end(slot.stage.name, slot.run, parse_metrics(text))

    def producer_lag(self) -> int:
        """Bytes that are not in Kafka yet."""
        names = ("logferry_producer_backlog_bytes", "logferry_producer_pending_bytes")
        return sum(self.figures.total(name) for name in names)

    def picture(self, phase: str, now: float) -> Picture:
        """The picture at ``now`` (seconds since 1970)."""
        totals = totals_of(self.figures)
        return Picture(
            at=now,
            started_at=self.started_at,
            pid=os.getpid(),
            phase=phase,
            data=str(self.folder.data),
            config=str(self.config),
            node=self.settings.producer.node or "",
            demo=self.demo,
            kafka=self.settings.kafka.bootstrap_servers,
            elasticsearch=self._elasticsearch,
            servers=self.servers(),
            stages=tuple(self._row(slot, now) for slot in self.supervisor.slots.values()),
            totals=totals,
            lines_per_sec=self._rate("lines", now, totals.lines_read),
            bytes_per_sec=self._rate("bytes", now, totals.bytes_read),
            warning=self.sampler.last_warning,
        )

    def _row(self, slot: Slot, now: float) -> StageRow:
        name = slot.stage.name
        usage = self.sampler.usage.get(slot.pid or 0, Usage(0.0, 0))
        metric, unit = WORK.get(self._kind(name), ("", ""))
        done = self.figures.total(metric, name) if metric else 0
        is_producer = name == "produce"
        return StageRow(
            name=name,
            state=slot.state.value,
            pid=slot.pid,
            started_at=slot.started_at,
            restarts=slot.restarts,
            last_exit=slot.last_exit,
            lag=self.producer_lag() if is_producer else self.sampler.lags.get(name),
            lag_unit="" if name == "demo" else "bytes" if is_producer else "records",
            done=done,
            done_unit=unit,
            per_sec=self._rate(name, now, done),
            cpu_percent=usage.cpu_percent,
            memory_bytes=usage.memory_bytes,
            log=str(self.folder.log(slot.stage)),
        )

    def _kind(self, name: str) -> str:
        if name.startswith("sink "):
            return self.settings.sinks[name.removeprefix("sink ")].type
        return {"produce": "producer"}.get(name, name)

    def _rate(self, name: str, now: float, total: int) -> float:
        return self._rates.setdefault(name, Rate()).add(now, total)
