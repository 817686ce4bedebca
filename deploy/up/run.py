"""The story of one `up`: servers, settings, topics, stages, and all of it backwards.

Stopping goes downstream, so that each stage can hand on what it has. With ``for_secs`` each one is asked only when
nothing waits for it any more (or the time for that is over), so that a run of a minute ends with empty queues;
otherwise all are asked together, since whatever waits is picked up by the next start.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from deploy.demo.pods import NodeTree
from deploy.topics import apply_topics
from deploy.up.child import Folder, Stage
from deploy.up.instance import write_picture
from deploy.up.lag import UNANSWERED, KafkaQuestions, groups_of
from deploy.up.observer import Observer
from deploy.up.picture import Picture
from deploy.up.servers import LocalServers
from deploy.up.settings_file import Servers, Wish, compose, remembered_node, write_settings
from deploy.up.supervisor import Slot, State, Supervisor
from producers.node import node_name
from schemas.topics import topics_for

if TYPE_CHECKING:
    from deploy.local.progress import Progress
    from deploy.up.stop import StopSignals
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

TICK_SECS: Final = 0.1
PICTURE_SECS: Final = 1.0
LOUD_CRASHES: Final = 3
"""After so many ends in a row a stage is spoken of."""

SETTLED: Final = (State.RUNNING, State.FAILED)

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
    demo_arguments: tuple[str, ...] = ()
    """What `logferry demo` is told beside its folder."""


class Screen(Protocol):
    """Where a run shows itself."""

    def report(self, progress: Progress) -> None:
        """How the servers' start goes on."""

    def show(self, picture: Picture) -> None:
        """The latest picture."""

    def ready(self, picture: Picture) -> None:
        """Everything runs, or never will."""

    def failing(self, slot: Slot, log: Path, lines: list[str]) -> None:
        """A stage keeps failing; its last lines."""


def stages_of(
    settings: Settings, config: Path, demo_root: Path | None, demo_arguments: tuple[str, ...] = ()
) -> list[Stage]:
    """The stages that settings ask for, from up to downstream."""
    common = ("--config", str(config))
    demo = [] if demo_root is None else [Stage("demo", ("demo", "--root", str(demo_root), *demo_arguments, *common))]
    sinks = [Stage(f"sink {name}", ("sink", name, *common)) for name in settings.sinks]
    return [*demo, Stage("produce", ("produce", *common)), Stage("stream", ("stream", *common)), *sinks]


class Up:
    """One run, from its beginning to its end."""

    def __init__(self, options: UpOptions, screen: Screen, stop: StopSignals, environ: Mapping[str, str]) -> None:
        self._options = options
        self._screen = screen
        self._stop = stop
        self._environ = {name: value for name, value in environ.items() if name not in options.wish.variables}
        self._phase = "starting"
        self._is_ready = False
        self._loud: set[str] = set()
        """Stages that keep failing and have been spoken of."""

    def run(self) -> Picture:
        """Start everything, keep it running until asked to stop, stop it; returns the last picture.

        Raises LogferryError when something cannot be started, KeyboardInterrupt when asked to stop before everything
        was; nothing is left running then.
        """
        options = self._options
        local = LocalServers(options.data, with_object_store=options.object_store) if options.local_servers else None
        try:
            with self._stop.interrupting():
                servers = local.start(self._screen.report) if local else None
                self._prepare(servers, local)
            return self._work(local)
        finally:
            if local:
                local.stop(at_once=self._is_impatient())

    def _prepare(self, servers: Servers | None, local: LocalServers | None) -> None:
        """Settings, topics, and who is to run."""
        options, data = self._options, self._options.data
        node = remembered_node(data) or node_name(None)
        root = data / "node" if options.demo else None
        content = compose(options.wish, data, node, NodeTree(root).pattern if root else None, servers)
        config, settings = write_settings(data, content, options.wish.origin)
        apply_topics(settings.kafka, topics_for(settings))
        self._settings, self._folder = settings, Folder(data)
        rows = local.rows if local else tuple
        self._observer = Observer(settings, config, self._folder, options.demo, time.time(), rows)
        stages = stages_of(settings, config, root, options.demo_arguments)
        self._supervisor = Supervisor(stages, self._folder, self._environ, self._observer.take_last_figures)
        self._sampler = self._observer.watch(self._supervisor)

    def _work(self, local: LocalServers | None) -> Picture:
        self._tend_servers = local.tend if local else _nothing
        self._phase = "running"
        self._began = time.monotonic()
        self._sampler.start()
        try:
            self._tend_until(self._is_over)
            self._stop_together() if self._stop.count else self._stop_in_turn()
        finally:
            self._supervisor.kill()
            self._sampler.finish()
        return self._finish()

    def _is_over(self) -> bool:
        limit = self._options.for_secs
        return self._stop.count > 0 or (limit is not None and time.monotonic() - self._began >= limit)

    def _tend_until(self, is_over: Callable[[], bool]) -> None:
        """Keep everything running and shown."""
        next_picture = 0.0
        while not is_over():
            for slot in self._supervisor.tick(time.time()):
                _log.warning("%s ended with status %s", slot.stage.name, slot.last_exit)
            for name, run in list(self._sampler.answered.items()):
                self._supervisor.answered(name, run)
            self._speak_of_failing()
            if time.monotonic() >= next_picture:
                next_picture = time.monotonic() + PICTURE_SECS
                self._tend_servers()
                self._show()
            time.sleep(TICK_SECS)

    def _show(self) -> None:
        picture = self._observer.picture(self._phase, time.time())
        self._keep(picture)
        self._screen.show(picture)
        if not self._is_ready and all(row.state in SETTLED for row in picture.stages):
            self._is_ready = True
            self._screen.ready(picture)

    def _keep(self, picture: Picture) -> None:
        try:
            write_picture(self._options.data, asdict(picture))
        except OSError as error:  # a full disk ends the view from outside, not the pipeline
            _log.warning("the picture for `logferry status` cannot be written: %s", error)

    def _speak_of_failing(self) -> None:
        for name, slot in self._supervisor.slots.items():
            if slot.state is not State.FAILED and slot.crashes < LOUD_CRASHES:
                self._loud.discard(name)
            elif name not in self._loud:
                self._loud.add(name)
                self._sampler.read_logs()
                lines = self._sampler.journal(name).last_lines()
                self._screen.failing(slot, self._folder.log(slot.stage), lines)

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

    def _stop_in_turn(self) -> None:
        """Let the pipeline run empty from its start to its end, within a bounded time."""
        self._phase = "draining"
        supervisor = self._supervisor
        supervisor.ask(["demo"])
        supervisor.wait(["demo"], DEMO_DRAIN_SECS, self._is_hurried)
        until = time.monotonic() + DRAIN_SECS
        sinks = [name for name in supervisor.slots if name.startswith("sink ")]
        for names in (["produce"], ["stream"], sinks):
            self._drain(names, until)
            supervisor.ask(names)
            supervisor.wait(names, STAGES_STOP_SECS, self._is_hurried)
        supervisor.wait(supervisor.slots, STAGES_STOP_SECS, self._is_impatient)  # for whom a Ctrl-C cut the time short

    def _drain(self, names: list[str], until: float) -> None:
        began = time.monotonic()
        self._tend_until(
            lambda: self._has_drained(names, began) or self._is_hurried() or time.monotonic() > until,
        )

    def _has_drained(self, names: list[str], since: float) -> bool:
        """Whether nothing waits for these stages, by answers that were asked for after ``since``."""
        sampler = self._sampler
        if names == ["produce"]:
            # The backlog is counted at each scan of the folders.
            fresh = sampler.rounds_at > since + self._settings.producer.scan_interval_secs
            return fresh and self._observer.producer_lag() == 0
        return sampler.lags_at > since and all(sampler.lags.get(name, 1) == 0 for name in names)

    def _is_hurried(self) -> bool:
        return self._stop.count > 0

    def _is_impatient(self) -> bool:
        return self._stop.count > 1

    def _finish(self) -> Picture:
        """The last picture, with lags as they are now that everybody has left."""
        sampler = self._sampler
        sampler.read_logs()
        if sampler.lags and not self._is_impatient():
            questions = KafkaQuestions(self._settings.kafka, timeout_secs=2.0)
            try:
                sampler.lags = questions.lags(groups_of(self._settings))
            except UNANSWERED as error:
                _log.info("Kafka does not tell the lags: %s", error)
            questions.close()
        picture = self._observer.picture("stopped", time.time()).averaged()
        self._keep(picture)
        return picture


def _nothing() -> None:
    """There are no servers of ours to look after."""
