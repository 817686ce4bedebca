"""Pods and files that come and go: pods that live for 200 ms, and thousands of small files at once."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from bench.faults.node.containers import Container
from bench.faults.node.events import Events
from bench.faults.node.loop import Loop
from bench.faults.node.stage_door import has_read
from deploy.demo.lines import Profile
from schemas.errors import TemporaryError

if TYPE_CHECKING:
    from bench.faults.site import Site

SHORT: Final = Events(Profile())
LATE_SECS: Final = 3.0
"""So much later than its lines one pod in three becomes known; another third never does."""
START_SECS: Final = 3.0
"""From the first thing that a producer has read until it keeps up, beside stages that are still starting."""


class ShortLived:
    """Pods that are made, say something, and are deleted with all their files after a while; ``step`` is one round."""

    def __init__(self, site: Site, name: str, *, per_sec: float, life_secs: float, lines: int, most: int) -> None:
        """``lines``: of each pod, said in two halves: at its start, and just before its end. ``most``: pods in all."""
        self._site = site
        self._name = name
        self._per_sec = per_sec
        self._life_secs = life_secs
        self._half = lines // 2
        self._most = most
        self._living: deque[tuple[float, Container]] = deque()
        self._unknown: list[tuple[float, Container]] = []
        self._made = 0
        self._since: float | None = None
        """When the producer reads what others write: of pods that came and went before it nobody could tell."""
        self._ended: dict[str, int] = {}
        self._loop = Loop(self._step, 0.01)
        self._publisher = Loop(self._publish, 0.5)

    def _step(self, passed: float) -> None:
        if self._since is None:
            if not has_read(self._site):
                return
            self._since = passed + START_SECS
        while self._living and self._living[0][0] <= passed:
            self._end(self._living.popleft()[1])
        due = min(self._most, int((passed - self._since) * self._per_sec))
        for _ in range(min(50, due - self._made)):
            pod = Container(self._site.node, f"{self._name}-{self._made:05d}", events=SHORT)
            pod.write(self._half)
            self._living.append((passed + self._life_secs, pod))
            if self._made % 3:
                self._unknown.append((time.monotonic() + (0.0 if self._made % 3 == 1 else LATE_SECS), pod))
            self._made += 1

    def _end(self, pod: Container) -> None:
        pod.write(self._half)
        pod.close()
        self._ended[pod.source] = pod.sequence
        pod.delete()

    def _publish(self, _: float) -> None:
        now = time.monotonic()
        due = [pod for at, pod in self._unknown if at <= now]
        with contextlib.suppress(TemporaryError):  # they stay unknown for a while longer
            if due:
                self._site.pipeline.publish_pods([pod.record() for pod in due])
            self._unknown = [(at, pod) for at, pod in self._unknown if pod not in due]

    def start(self) -> None:
        """As the protocol says."""
        self._loop.start()
        self._publisher.start()

    def stop(self) -> None:
        """As the protocol says."""
        self._loop.stop()
        time.sleep(self._life_secs)
        while self._living:
            self._end(self._living.popleft()[1])
        self._publisher.stop()

    def written(self) -> Mapping[str, int]:
        """As the protocol says."""
        living = {pod.source: pod.sequence for _, pod in list(self._living)}
        return {**living, **dict(self._ended)}

    def unavoidable(self) -> Mapping[str, set[int]]:
        """None: a running producer meets a folder within 0.1 s, and what it has open is read to its end."""
        return {}


def fleeting(site: Site) -> ShortLived:
    """Twenty pods a second that live for 200 ms."""
    return ShortLived(site, "fleeting", per_sec=20.0, life_secs=0.2, lines=6, most=5000)


def crowd(site: Site) -> ShortLived:
    """A thousand pods that appear within ten seconds, and vanish five seconds after they came: nine nodes full."""
    return ShortLived(site, "crowd", per_sec=100.0, life_secs=5.0, lines=4, most=1000)
