"""A container runtime and kubelet in one: runs programs as processes and keeps their logs as a node does.

`ContainerRuntime.sync` is one pass of kubelet: notice what exited, start what is due, rotate, collect garbage. `run`
repeats it until told to stop; `reader` moves the output meanwhile. Guarantees: whatever a program (or a process it left
behind) had written when it died is in its log file when its death is recorded; and the pod's metadata has been
published before the first line of a new life of any of its containers is written.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from deploy.demo.backoff import BackoffLimits, crashes_in_row, restart_delay
from deploy.demo.containers import Placed, command_line, environment, make_volumes
from deploy.demo.logfile import ContainerLog
from deploy.demo.order import startable
from deploy.demo.pods import NodeTree, PodRegister, PodSpec
from deploy.demo.reader import Drain, PipeReader
from deploy.demo.rotation import RotationLimits, rotate_if_due
from deploy.demo.slots import Running, Slot, by_pod, phases
from deploy.demo.stopping import dismiss_sidecars, stop_all
from runtime.parent import end_with
from schemas.errors import TemporaryError

if TYPE_CHECKING:
    from deploy.demo.cri import Stream

PublishPod: TypeAlias = Callable[[dict[str, Any]], None]
"""Makes a pod's metadata known; returns when that is safe. May raise TemporaryError: the start is then tried again."""

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SYNC_SECS: Final = 0.1
CANNOT_START: Final = 128
"""Exit status of a container whose program could not be started, as containerd gives it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RuntimeLimits:
    """How kubelet treats containers; defaults are kubelet's own but for the grace period."""

    rotation: RotationLimits = field(default_factory=RotationLimits)
    backoff: BackoffLimits = field(default_factory=BackoffLimits)
    grace_secs: float = 5.0
    """Time between SIGTERM and SIGKILL (kubelet: 30, too long for Ctrl-C)."""
    keep_dead: int = 1
    """Dead lives of a container whose files and links stay."""
    collect_interval_secs: float = 60.0
    """Time between two garbage collections of dead containers."""


class ContainerRuntime:
    """Runs pods under `root` on `node`.

    Use `start` and then either `run` (blocks) or `sync` and `stop`. Not for use from several threads.
    May raise OSError when `root` cannot be written.
    """

    def __init__(
        self,
        root: Path,
        node: str,
        publish_pod: PublishPod,
        limits: RuntimeLimits | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """``environ``: variables of all containers, over those that they declare."""
        self.node = node
        self.limits = limits or RuntimeLimits()
        self.register = PodRegister(root)
        self._publish_pod = publish_pod
        self._more_env = dict(environ or {})
        self._reader = PipeReader()
        self._lifeline = os.pipe()
        self._slots: list[Slot] = []
        self._rotation_due = self._collection_due = 0.0

    @property
    def tree(self) -> NodeTree:
        """Where the files are."""
        return self.register.tree

    @property
    def processes(self) -> dict[str, int]:
        """Process id of every running container by `namespace/pod/container`."""
        return {f"{s.pod.key}/{s.spec.name}": s.running.process.pid for s in self._slots if s.running}

    def start(self, pod: PodSpec, now: float | None = None) -> None:
        """Take on a pod; its containers start with the next `sync`."""
        at = time.time() if now is None else now
        self._slots += [Slot(pod, spec, at) for spec in pod.containers]

    def run(self, stop: threading.Event) -> None:
        """Sync until `stop` is set, then end every program."""
        try:
            while not stop.is_set():
                self.sync(time.time())
                stop.wait(SYNC_SECS)
        finally:
            self.stop()

    def sync(self, now: float) -> None:
        """One pass of kubelet at `now` (seconds since 1970)."""
        for slot in self._slots:
            if slot.running and slot.running.has_exited():
                self._bury(slot, slot.running, now)
        dismiss_sidecars(self._slots, self.limits.grace_secs, now)
        self._start_due(now)
        if now >= self._rotation_due:
            self._rotation_due = now + self.limits.rotation.check_interval_secs
            self._rotate(now)
        if now >= self._collection_due:
            self._collection_due = now + self.limits.collect_interval_secs
            for slot in self._slots:
                self.register.collect(slot.pod, slot.spec.name, self.limits.keep_dead)

    def stop(self) -> None:
        """End every program (SIGTERM, after its grace period SIGKILL), write what they still said, and forget them."""
        stop_all(self._slots, self.limits.grace_secs, self._bury)
        self._slots.clear()
        self._reader.close()
        for end in self._lifeline:
            os.close(end)

    def _start_due(self, now: float) -> None:
        for slots in by_pod(self._slots).values():
            names = startable(slots[0].pod, phases(slots))
            due = [slot for slot in slots if slot.spec.name in names and now >= slot.due_at]
            if due and not self._start_together(due, now):
                return  # the others would wait just as long, and `run` has to look at its stop meanwhile

    def _start_together(self, slots: list[Slot], now: float) -> bool:
        """Start containers of one pod, once their new ids have been published; tell whether they could be."""
        for slot in slots:
            slot.life = slot.life or self.register.begin(slot.pod, slot.spec.name)
        try:
            self._publish_pod(self.register.record(slots[0].pod, self.node, time.time_ns()))
        except TemporaryError as error:
            _log.warning("pod %s starts later: %s", slots[0].pod.key, error.problem)
            for slot in slots:
                slot.due_at = now + error.delay
            return False
        for slot in slots:
            self._launch(slot, now)
        return True

    def _launch(self, slot: Slot, now: float) -> None:
        assert slot.life
        uid = self.register.uid(slot.pod)
        log = ContainerLog(self.tree.log(slot.pod, uid, slot.spec.name, slot.life.restart))
        try:
            process = self._spawn(slot, Placed(slot.pod, uid, self.node, self.tree))
        except OSError as error:
            _log.warning("container %s of pod %s cannot start: %s", slot.spec.name, slot.pod.key, error)
            log.close(time.time_ns())
            slot.last_exit = CANNOT_START
            self._schedule(slot, now, ran_secs=0.0)
            return
        slot.running = Running(process, log, now, threading.Semaphore(0))
        self._follow(slot.running)
        self.register.connect(slot.pod, slot.spec.name, slot.life)

    def _spawn(self, slot: Slot, placed: Placed) -> subprocess.Popen[bytes]:
        make_volumes(placed)
        declared = environment(placed, slot.spec)
        ours = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOSTNAME": slot.pod.name,
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",  # as in the image
            "POD_LIFELINE": str(self._lifeline[0]),
        }
        return subprocess.Popen(
            command_line(placed, slot.spec, declared),
            env=ours | declared | self._more_env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=(self._lifeline[0],),  # ends with this process, so that a kill -9 leaves no programs behind
            preexec_fn=end_with(os.getpid()),  # and so for programs that know nothing of that
            start_new_session=True,  # Ctrl-C reaches kubelet, not the containers
        )

    def _follow(self, running: Running) -> None:
        streams: tuple[Stream, ...] = ("stdout", "stderr")
        for stream in streams:
            pipe = getattr(running.process, stream)
            take = _writer(running.log, stream)
            self._reader.add(Drain(pipe, take, running.drained.release))

    def _bury(self, slot: Slot, running: Running, now: float) -> None:
        """Record an exit, after killing what is left in the group and reading the pipes to their end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)  # not reaped yet, so the number is still ours
        slot.last_exit = running.process.wait()
        for _ in range(2):
            if not running.drained.acquire(timeout=self.limits.grace_secs):
                _log.warning(
                    "a process that left the group of %s/%s still holds its output", slot.pod.key, slot.spec.name
                )
                break
        running.log.close(time.time_ns())
        slot.running = None
        self._schedule(slot, now, ran_secs=now - running.started_at)

    def _schedule(self, slot: Slot, now: float, *, ran_secs: float) -> None:
        slot.crashes = crashes_in_row(self.limits.backoff, slot.crashes, ran_secs)
        slot.due_at = now + restart_delay(self.limits.backoff, slot.crashes)
        slot.life = None

    def _rotate(self, now: float) -> None:
        for slot in self._slots:
            if slot.running:
                log = slot.running.log
                try:
                    rotate_if_due(log.path, self.limits.rotation, now, lambda log=log: log.reopen(time.time_ns()))  # type: ignore[misc]
                except OSError as error:
                    _log.warning("%s could not be rotated: %s", log.path, error)


def _writer(log: ContainerLog, stream: Stream) -> Callable[[bytes], None]:
    return lambda chunk: log.write(stream, chunk, time.time_ns())
