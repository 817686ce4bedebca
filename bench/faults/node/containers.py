"""Containers of a node: their log files, links and pods, and the writers that let many of them write at a rate."""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.faults.node.events import Events
from bench.faults.node.loop import Loop
from bench.faults.steady import publish
from deploy.demo.lines import Profile
from deploy.demo.logfile import ContainerLog
from deploy.demo.pods import ContainerSpec, NodeTree, PodSpec
from deploy.demo.rotation import RotationLimits, rotate

if TYPE_CHECKING:
    from bench.faults.site import Site

CONTAINER: Final = ContainerSpec("app", argv=(), image="bench.example/app:1")
PLAIN: Final = Events(Profile(long_share=0.002))
TRACED: Final = Events(Profile(long_share=0.02, klog_share=0.0), traces=True)
"""Nothing but traces on stderr: one behind a line of klog belongs to that line, as `logging.exception` writes it."""
KEPT_ALL: Final = RotationLimits(gzip_level=1, unique_names=True, max_files=100_000)
"""Nothing is rotated away before it is read."""


class Container:
    """One container: what kubelet and its runtime keep of it on the node."""

    def __init__(self, root: Path, source: str, *, namespace: str = "load", events: Events = PLAIN) -> None:
        self.source = source
        self.sequence = 0
        """Lines written so far."""
        self.restarts = 0
        self.pod = PodSpec(namespace, source, (CONTAINER,), labels={"app": source})
        self.uid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{root}/{source}"))
        self._tree = NodeTree(root)
        self._events = events
        self._begin()

    def _begin(self) -> None:
        self.log = ContainerLog(self._tree.log(self.pod, self.uid, CONTAINER.name, self.restarts))
        link = self._link(self.restarts)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(self.log.path)

    def _link(self, restart: int) -> Path:
        return self._tree.link(self.pod, CONTAINER.name, f"{uuid.UUID(self.uid).hex}{restart:032x}")

    def record(self) -> dict[str, Any]:
        """The pod as in schemas/avro/pod.v1.avsc."""
        return {
            "uid": self.uid, "namespace": self.pod.namespace, "name": self.pod.name, "node": "node-1",
            "labels": dict(self.pod.labels), "observed_at": time.time_ns(),
        }  # fmt: skip

    def write(self, lines: int) -> None:
        """So many lines more. Raises OSError."""
        self.log.write_pieces(self._events.pieces(self.source, self.sequence, lines), time.time_ns())
        self.sequence += lines

    def rotate(self, limits: RotationLimits = KEPT_ALL) -> Path:
        """As kubelet does, whatever the file's size; the rotated file, which is compressed later."""
        return rotate(self.log.path, limits, time.time(), lambda: self.log.reopen(time.time_ns()))

    def restart(self) -> None:
        """The container ends and begins anew; what it wrote before stays."""
        self.log.close(time.time_ns())
        self.restarts += 1
        self._begin()

    def close(self) -> None:
        """It ends."""
        self.log.close(time.time_ns())

    def delete(self) -> None:
        """As kubelet does behind the end of a deleted pod: links first, then the folder with all logs."""
        for restart in range(self.restarts + 1):
            self._link(restart).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.log.path.parent.parent)


class ContainersWriter:
    """Lets containers write at an even rate, and rotates each now and then."""

    def __init__(
        self,
        site: Site,
        containers: Sequence[Container],
        *,
        rate: float,
        rotate_secs: float = 5.0,
        limits: RotationLimits = KEPT_ALL,
    ) -> None:
        """``rate``: lines a second, all containers together. Their pods become known."""
        self.containers = containers
        self._rate = rate
        self._rotate_secs = rotate_secs
        self._limits = limits
        self._lines = self._rotations = 0
        self._loop = Loop(self._step)
        publish(site, [each.record() for each in containers])

    def _step(self, passed: float) -> None:
        share = len(self.containers)
        due = int(self._rate * passed) - self._lines
        if due >= share:
            for each in self.containers:
                self._write(each, due // share)
            self._lines += due // share * share
        while passed / self._rotate_secs * share >= self._rotations + 1:
            with suppress(OSError):  # its folder is away: kubelet tries again later, too
                self.containers[self._rotations % share].rotate(self._limits)
            self._rotations += 1

    def _write(self, container: Container, lines: int) -> None:
        container.write(lines)

    def start(self) -> None:
        """As the protocol says."""
        self._loop.start()

    def stop(self) -> None:
        """As the protocol says."""
        self._loop.stop()
        for each in self.containers:
            each.close()

    def written(self) -> Mapping[str, int]:
        """As the protocol says."""
        return {each.source: each.sequence for each in self.containers}

    def unavoidable(self) -> Mapping[str, set[int]]:
        """None: files stay until long after they can have been read."""
        return {}


def containers_of(
    site: Site, name: str, count: int, events: Events = PLAIN, namespace: str = "load"
) -> list[Container]:
    """Containers name-00, name-01 and so on."""
    return [Container(site.node, f"{name}-{n:02d}", namespace=namespace, events=events) for n in range(count)]


def traced(site: Site) -> ContainersWriter:
    """Six containers: one line in twenty is a stack trace, one in fifty is written in pieces."""
    return ContainersWriter(site, containers_of(site, "traced", 6, TRACED), rate=800.0)


def storm(site: Site) -> ContainersWriter:
    """Ten containers whose files are rotated once a second each, all but the newest compressed; 60 files are kept."""
    limits = RotationLimits(gzip_level=1, unique_names=True, max_files=60)
    return ContainersWriter(site, containers_of(site, "storm", 10), rate=600.0, rotate_secs=1.0, limits=limits)
