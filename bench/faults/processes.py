"""Faults of our own processes: killed, paused, coming and going."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from bench.faults.site import Site

ZOMBIE_SECS: Final = 13.0
"""Longer than a session (runtime.kafka.SESSION_SECS): who wakes up has lost its partitions and does not know it."""


@dataclass(frozen=True)
class Kill:
    """SIGKILL; started again when it is over. Without names: all stages at once."""

    stages: tuple[str, ...]
    secs: float = 3.0

    def begin(self, site: Site) -> None:
        """Kill."""
        site.kill(*self.stages)

    def end(self, site: Site) -> None:
        """Start again."""
        site.start(*self.stages)


@dataclass(frozen=True)
class KillAgain:
    """SIGKILL of one stage after the other, each started again at once, until it is over."""

    stages: tuple[str, ...]
    lasts_secs: float = 20.0
    every_secs: float = 2.5
    """Long enough to get to work again, most of the time: what is killed while it starts proves little."""
    secs: float = 0.0
    """It is over when it has begun: all of it happens then."""

    def begin(self, site: Site) -> None:
        """All of it."""
        until, number = time.monotonic() + self.lasts_secs, 0
        while time.monotonic() < until:
            stage = self.stages[number % len(self.stages)]
            number += 1
            site.kill(stage)
            site.start(stage)
            site.hold(self.every_secs)

    def end(self, site: Site) -> None:
        """All run."""
        site.start(*self.stages)


@dataclass(frozen=True)
class Pause:
    """SIGSTOP, and SIGCONT when it is over."""

    stages: tuple[str, ...]
    secs: float = ZOMBIE_SECS

    def begin(self, site: Site) -> None:
        """Stop."""
        site.pause(*self.stages)

    def end(self, site: Site) -> None:
        """Go on."""
        site.resume(*self.stages)


@dataclass(frozen=True)
class PauseBesideAnother:
    """SIGSTOP of a member while another one joins the group and takes its partitions; then it wakes up."""

    stage: str
    other: str
    secs: float = ZOMBIE_SECS

    def begin(self, site: Site) -> None:
        """The other one joins."""
        site.pause(self.stage)
        site.start(self.other)

    def end(self, site: Site) -> None:
        """Both at work for a while, then the other one leaves."""
        site.resume(self.stage)
        site.hold(3.0)
        site.terminate(self.other)


@dataclass(frozen=True)
class Storm:
    """Members without a name of their own join and leave the groups of streams and sinks, one step every two seconds.

    Without a name each coming and going is a rebalance at once. Every other one is killed, so that its partitions wait
    for the end of its session.
    """

    stages: tuple[str, ...] = ("stream-3", "search-2", "archive-2")
    lasts_secs: float = 24.0
    every_secs: float = 2.0
    secs: float = 0.0
    """As of `KillAgain`."""

    def begin(self, site: Site) -> None:
        """All of it."""
        for stage in self.stages:
            site.pipeline.environments[stage] = {"LOGFERRY_KAFKA__INSTANCE": ""}
        until, number = time.monotonic() + self.lasts_secs, 0
        while time.monotonic() < until:
            self._step(site, number)
            number += 1
            site.hold(self.every_secs)

    def _step(self, site: Site, number: int) -> None:
        stage = self.stages[number % len(self.stages)]
        if stage not in site.pipeline.processes:
            site.start(stage)
        elif number % 2:
            site.kill(stage)
        else:
            site.leave(stage)

    def end(self, site: Site) -> None:
        """Who came has gone."""
        site.terminate(*self.stages)
