"""Containers that may be silent for a while, for faults that do something to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bench.faults.node.containers import Container, ContainersWriter, containers_of
from bench.faults.node.stage_door import enrol

if TYPE_CHECKING:
    from bench.faults.site import Site

SELDOM_SECS: Final = 1e9


class Pausable(ContainersWriter):
    """Nobody rotates them."""

    def __init__(self, site: Site, containers: Sequence[Container], *, rate: float) -> None:
        super().__init__(site, containers, rate=rate, rotate_secs=SELDOM_SECS)
        self._paused = False
        enrol(site, self)

    def _step(self, passed: float) -> None:
        if self._paused:
            self._lines = int(self._rate * passed)
        else:
            super()._step(passed)

    def pause(self) -> None:
        """Let them be silent; the step under way has ended when this returns."""
        self._paused = True
        self._loop.settle()

    def resume(self) -> None:
        """Let them go on."""
        self._paused = False


def pausable(site: Site) -> Pausable:
    """Six of them."""
    return Pausable(site, containers_of(site, "silent", 6), rate=400.0)
