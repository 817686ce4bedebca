"""A producer that is away for longer than kubelet keeps files: what is lost then is known exactly, to both sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.faults.node.loop import Loop
from bench.faults.node.stage_door import enrol, expect_read, found
from bench.rotation import KUBELETS, Rotated, arrived, judged

if TYPE_CHECKING:
    from bench.faults.site import Site

CONTAINERS: Final = 6
RATE: Final = 300.0
LINES: Final = 25
"""Between two rotations."""


class Kept:
    """One container of `bench.rotation`, which remembers every byte that it wrote."""

    def __init__(self, site: Site, name: str) -> None:
        self.rotated = Rotated(site.node, name)
        self.sequence = 0
        self.gone: set[int] = set()

    def write(self, lines: int) -> None:
        """So many lines more."""
        self.rotated.write(lines)
        self.sequence += lines

    def rotate(self, times: int) -> None:
        """Rotate and write by turns, and note the lines of those files that kubelet has removed in the end."""
        written: list[range] = []
        for _ in range(times):
            first = self.sequence
            self.write(LINES)
            written.append(range(first, self.sequence))
            self.rotated.rotate()
        self.write(LINES)
        removed = times + 1 - KUBELETS.max_files
        self.gone |= {number for lines in written[: max(0, removed)] for number in lines}


class Remembering:
    """Containers that are rotated only by `RotatedAway`."""

    def __init__(self, site: Site) -> None:
        self.containers = [Kept(site, f"kept-{number}") for number in range(CONTAINERS)]
        self._site = site
        self._lines = 0
        self._paused = False
        self._loop = Loop(self._step)
        enrol(site, self)

    def _step(self, passed: float) -> None:
        due = int(RATE * passed) - self._lines
        if due >= CONTAINERS:
            self._lines += due
            for each in () if self._paused else self.containers:
                each.write(due // CONTAINERS)

    def pause(self) -> None:
        """Let them be silent; the step under way has ended when this returns."""
        self._paused = True
        self._loop.settle()

    def resume(self) -> None:
        """Let them go on."""
        self._paused = False

    def start(self) -> None:
        """As the protocol says."""
        self._loop.start()

    def stop(self) -> None:
        """As the protocol says."""
        self._loop.stop()
        for each in self.containers:
            each.rotated.close()

    def written(self) -> Mapping[str, int]:
        """As the protocol says."""
        return {each.rotated.pod: each.sequence for each in self.containers}

    def unavoidable(self) -> Mapping[str, set[int]]:
        """The lines of files that kubelet removed while no producer ran."""
        return {each.rotated.pod: each.gone for each in self.containers if each.gone}

    def objections(self) -> Iterable[str]:
        """Where the ledger and the files disagree on what is lost, line for line; asked when all has settled."""
        return judged([each.rotated for each in self.containers], arrived(self._site.pipeline)).examples


@dataclass(frozen=True)
class RotatedAway:
    """No producer for so many rotations of every container; kubelet keeps the live file and four others."""

    rotations: int = 7
    secs: float = 2.0

    def begin(self, site: Site) -> None:
        """The ledger must name exactly the lines of the files that are gone."""
        writer = found(site, Remembering)
        writer.pause()
        expect_read(site, *(each.rotated.live for each in writer.containers))
        site.kill("produce")
        for each in writer.containers:
            each.rotate(self.rotations)

    def end(self, site: Site) -> None:
        """The producer is started again."""
        site.start("produce")
        found(site, Remembering).resume()
