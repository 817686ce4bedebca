"""The story of one `up`: servers, settings, topics, stages, and all of it backwards.

Stopping goes downstream, so that each stage can hand on what it has. With ``for_secs`` each one is asked only when
nothing waits for it any more (or the time for that is over), so that a run of a minute ends with empty queues; otherwise
all are asked together, since whatever waits is picked up by the next start.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from deploy.demo.pods import NodeTree
from deploy.local.progress import Report
from deploy.topics import apply_topics
from deploy.up.child import Folder, Stage
from deploy.up.figures import Figures, Rate, parse_metrics
from deploy.up.instance import write_picture
from deploy.up.lag import UNANSWERED, KafkaQuestions, groups_of
from deploy.up.picture import Picture, ServerRow, StageRow, totals_of
from deploy.up.sampler import Sampler, Target, Usage
from deploy.up.servers import LocalServers
from deploy.up.settings_file import Servers, Wish, compose, remembered_node, write_settings
from deploy.up.stop import StopSignals
from deploy.up.supervisor import Slot, State, Supervisor
from producers.produce import node_name
from schemas.settings import ElasticsearchSink, parse_settings
from schemas.topics import topics_for

if TYPE_CHECKING:
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

TICK_SECS: Final = 0.1
PICTURE_SECS: Final = 1.0
LOUD_CRASHES: Final = 3
"""After so many ends in a row a stage is spoken of."""

DEMO_STOP_SECS: Final = 1.0
STAGES_STOP_SECS: Final = 3.5
"""With the servers' five seconds this stays within ten."""
DRAIN_SECS: Final = 10.0
DEMO_DRAIN_SECS: Final = 5.0


@dataclass(frozen=True)
class UpOptions:
    """What was asked for."""

    data: Path
    wish: Wish
    demo: bool
    local_servers: bool = True
    object_store: bool = False
    for_secs: float | None = None
    """Stop by itself after so long; None: when asked."""


class Screen(Protocol):
    """Where a run shows itself."""

    report: Report
    """Takes the servers' progress."""

    def show(self, picture: Picture) -> None:
        """The latest picture."""

    def ready(self, picture: Picture) -> None:
        """Everything runs."""

    def failing(self, slot: Slot, log: Path, lines: list[str]) -> None:
        """A stage keeps failing; its last lines."""


def stages_of(settings: Settings, config: Path, demo_root: Path | None) -> list[Stage]:
    """The stages that settings ask for, downstream last; the demo first."""
    common = ("--config", str(config))
    demo = [] if demo_root is None else [Stage("demo", ("demo", "--root", str(demo_root), *common))]
    sinks = [Stage(f"sink {name}", ("sink", name, *common)) for name in settings.sinks]
    return [*demo, Stage("produce", ("produce", *common)), Stage("stream", ("stream", *common)), *sinks]


class Up:
    """One run, from `run`'s beginning to its end."""

    def __init__(self, options: UpOptions, screen: Screen, stop: StopSignals, environ: Mapping[str, str]) -> None:
        self._options = options
        self._data = options.data
        self._screen = screen
        self._stop = stop
        self._environ = {name: value for name, value in environ.items() if name not in options.wish.variables}
        self._local = (
            LocalServers(options.data, with_object_store=options.object_store) if options.local_servers else None
        )
        self._figures = Figures()
        self._lines, self._bytes = Rate(), Rate()
        self._rates: dict[str, Rate] = {}
        self._phase = "starting"
        self._is_ready = False
        self._loud: dict[str, int] = {}
        """Stage -> crashes when it was last spoken of."""

    def run(self) -> Picture:
        """Start everything, keep it running until asked to stop, stop it; returns the last picture.

        Raises LogferryError when something cannot be started; nothing is left running then.
        """
        try:
            with self._stop.interrupting():
                servers = self._local.start(self._screen.report) if self._local else None
                self._prepare(servers)
            self._work()
        finally:
            if self._local:
                self._local.stop(at_once=self._stop.count > 1)
        return self._last

    def _prepare(self, servers: Servers | None) -> None:
        """Settings, topics, and the list of stages."""
        options = self._options
        node = remembered_node(self._data) or node_name(parse_settings("", "", {}))
        root = self._data / "node" if options.demo else None
        pattern = NodeTree(root).pattern if root else None
        content = compose(options.wish, self._data, node, pattern, servers)
        config, self._settings = write_settings(self._data, content, options.wish.origin)
        self._config = config
        apply_topics(self._settings.kafka, topics_for(self._settings))
        stages = stages_of(self._settings, config, root)
        folder = Folder(self._data)
        self._supervisor = Supervisor(stages, folder, self._environ, self._take_last_figures)
        self._folder = folder
        logs = {stage.name: folder.log(stage) for stage in stages}
        self._sampler = Sampler(self._settings, logs, self._targets, self._figures)
        self._elasticsearch = next(
            (sink.hosts[0] for sink in self._settings.sinks.values() if isinstance(sink, ElasticsearchSink)), ""
        )

    def _work(self) -> None:
        self._started_at = time.time()
        self._phase = "running"
        self._sampler.start()
        try:
            self._tend_until(self._is_over)
            if self._stop.count:
                self._stop_together()
            else:
                self._stop_in_turn()
        finally:
            self._supervisor.kill()
            self._sampler.finish()
            self._sampler.read_logs()
            self._finish()

    def _is_over(self) -> bool:
        limit = self._options.for_secs
        return self._stop.count > 0 or (limit is not None and time.time() - self._started_at >= limit)

    def _tend_until(self, is_over: Callable[[], bool]) -> None:
        """Keep everything running and shown."""
        next_picture = 0.0
        while not is_over():
            now = time.time()
            for slot in self._supervisor.tick(now):
                _log.warning("%s ended with status %s", slot.stage.name, slot.last_exit)
            for name, run in list(self._sampler.answered.items()):
                self._supervisor.answered(name, run)
            self._speak_of_failing()
            if time.monotonic() >= next_picture:
                next_picture = time.monotonic() + PICTURE_SECS
                if self._local:
                    self._local.tend()
                self._show()
            time.sleep(TICK_SECS)

    def _show(self) -> None:
        picture = self._picture()
        write_picture(self._data, asdict(picture))
        self._screen.show(picture)
        if not self._is_ready and all(_runs(row) for row in picture.stages):
            self._is_ready = True
            self._screen.ready(picture)

    def _speak_of_failing(self) -> None:
        for name, slot in self._supervisor.slots.items():
            failing = slot.state is State.FAILED or slot.crashes >= LOUD_CRASHES
            if not failing:
                self._loud.pop(name, None)
            elif name not in self._loud:
                self._loud[name] = slot.crashes
                self._sampler.read_logs()
                self._screen.failing(slot, self._folder.log(slot.stage), self._sampler.journal(name).last_lines())

    # Stopping -----------------------------------------------------------------------------------------------------

    def _stop_together(self) -> None:
        """Ask the demo, then all others; whoever is still there after some seconds is killed."""
        self._phase = "stopping"
        self._show()
        supervisor = self._supervisor
        supervisor.ask(["demo"])
        supervisor.wait(["demo"], DEMO_STOP_SECS, self._is_impatient)
        supervisor.ask(supervisor.slots)
        supervisor.wait(supervisor.slots, STAGES_STOP_SECS, self._is_impatient)

    def _is_impatient(self) -> bool:
        return self._stop.count > 1

    def _stop_in_turn(self) -> None:
        """Let the pipeline run empty from its start to its end, within a bounded time."""
        self._phase = "draining"
        supervisor = self._supervisor
        supervisor.ask(["demo"])
        supervisor.wait(["demo"], DEMO_DRAIN_SECS, self._is_hurried)
        until = time.monotonic() + DRAIN_SECS
        sinks = [name for name in supervisor.slots if name.startswith("sink ")]
        for names in (["produce"], ["stream"], sinks):
            asked_at = time.monotonic()
            self._tend_until(lambda names=names, at=asked_at: self._has_drained(names, at) or self._is_late(until))  # type: ignore[misc]
            supervisor.ask(names)
            supervisor.wait(names, STAGES_STOP_SECS, self._is_hurried)

    def _is_late(self, until: float) -> bool:
        return self._is_hurried() or time.monotonic() > until

    def _is_hurried(self) -> bool:
        return self._stop.count > 0

    def _has_drained(self, names: list[str], since: float) -> bool:
        """Whether nothing waits for these stages, by answers that were asked for after ``since``."""
        sampler = self._sampler
        if names == ["produce"]:
            # The backlog is counted at each scan of the folders.
            fresh = sampler.rounds_at > since + self._settings.producer.scan_interval_secs
            return fresh and self._producer_lag() == 0
        return sampler.lags_at > since and all(sampler.lags.get(name, 1) == 0 for name in names)

    def _finish(self) -> None:
        """The last picture, with lags as they are now that everybody has left."""
        self._phase = "stopped"
        if self._sampler.lags and not self._is_impatient():
            questions = KafkaQuestions(self._settings.kafka, timeout_secs=2.0)
            try:
                self._sampler.lags = questions.lags(groups_of(self._settings))
            except UNANSWERED as error:
                _log.info("Kafka does not tell the lags: %s", error)
        self._last = self._picture()
        write_picture(self._data, asdict(self._last))

    # What is known ------------------------------------------------------------------------------------------------

    def _targets(self) -> list[Target]:
        return [
            Target(name, slot.run, process.pid, slot.port if slot.stage.has_metrics else 0)
            for name, slot in self._supervisor.slots.items()
            if (process := slot.process) is not None
        ]

    def _take_last_figures(self, slot: Slot) -> None:
        if not slot.stage.has_metrics:
            return
        path = self._folder.snapshot(slot.stage)
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        self._figures.end(slot.stage.name, slot.run, parse_metrics(text))

    def _producer_lag(self) -> int:
        names = ("logferry_producer_backlog_bytes", "logferry_producer_pending_bytes")
        return sum(self._figures.total(name) for name in names)

    def _picture(self) -> Picture:
        now = time.time()
        totals = totals_of(self._figures)
        return Picture(
            at=now,
            started_at=self._started_at,
            pid=os.getpid(),
            phase=self._phase,
            data=str(self._data),
            config=str(self._config),
            node=self._settings.producer.node or "",
            demo=self._options.demo,
            kafka=self._settings.kafka.bootstrap_servers,
            elasticsearch=self._elasticsearch,
            servers=self._server_rows(),
            stages=tuple(self._row(slot, now) for slot in self._supervisor.slots.values()),
            totals=totals,
            lines_per_sec=self._lines.add(now, totals.lines_read),
            bytes_per_sec=self._bytes.add(now, totals.bytes_read),
            warning=self._sampler.last_warning,
        )

    def _server_rows(self) -> tuple[ServerRow, ...]:
        return self._local.rows() if self._local else ()

    def _row(self, slot: Slot, now: float) -> StageRow:
        name = slot.stage.name
        usage = self._sampler.usage.get(slot.pid or 0, Usage(0.0, 0))
        metric, unit = self._work(name)
        row = StageRow(
            name=name,
            state=slot.state.value,
            pid=slot.pid,
            started_at=slot.started_at,
            restarts=slot.restarts,
            last_exit=slot.last_exit,
            lag=self._sampler.lags.get(name),
            cpu_percent=usage.cpu_percent,
            memory_bytes=usage.memory_bytes,
            log=str(self._folder.log(slot.stage)),
        )
        return row
