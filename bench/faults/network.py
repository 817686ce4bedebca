"""Faults between the stages and Kafka, and full disks."""

from __future__ import annotations

from dataclasses import dataclass

from bench.faults.kafka_proxy import Line
from bench.faults.site import Site
from deploy.local import kafka


@dataclass(frozen=True)
class BadLine:
    """The way from some stages to Kafka, or from all of them, is bad."""

    line: Line
    stages: tuple[str, ...] = ()
    """Whose; empty: everybody's."""
    secs: float = 10.0

    def begin(self, site: Site) -> None:
        """Bad from now on."""
        for proxy in site.lines(self.stages):
            proxy.line = self.line

    def end(self, site: Site) -> None:
        """Good again."""
        site.heal()


@dataclass(frozen=True)
class DiskFull:
    """A small disk of the site is full until it is over. A broker that ends of it is started again then."""

    disk: str
    """A key of the scenario's `small_disks`."""
    secs: float = 10.0

    def begin(self, site: Site) -> None:
        """Fill it, and make sure that it is."""
        site.disks[self.disk].fill()
        assert site.disks[self.disk].is_full, f"{site.disks[self.disk].folder} is not full"

    def end(self, site: Site) -> None:
        """Free it."""
        site.disks[self.disk].free()
        if self.disk == kafka.NAME:
            site.stack.start_server(kafka.NAME)
