"""What a scenario is, and what it is made of: faults that happen, writers that write meanwhile.

::

    Scenario("kill-search", "the search sink is killed", (Kill("search", secs=3),))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from bench.faults.steady import steady

if TYPE_CHECKING:
    from bench.faults.site import Site


class Fault(Protocol):
    """Something bad that lasts for a while. Several runs share it, so what it must remember belongs to the site."""

    @property
    def secs(self) -> float:
        """How long it lasts; what ends by itself is looked after meanwhile, as a supervisor would."""

    def begin(self, site: Site) -> None:
        """Let it happen."""

    def end(self, site: Site) -> None:
        """Heal it; also called when `begin` failed, or the run is broken off."""


class Writer(Protocol):
    """Writes lines of `deploy.demo.lines` (source, sequence numbers from 0, checksum) in a thread of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Finish lines begun, then end; nothing is written afterwards."""

    def written(self) -> Mapping[str, int]:
        """Lines written so far, by source. May be asked at any time, from another thread."""

    def unavoidable(self) -> Mapping[str, set[int]]:
        """Lines that nobody could have read, by source; asked after `stop`. The ledger must say that they are lost."""


WriterMaker = Callable[["Site"], Writer]


@dataclass(frozen=True)
class Scenario:
    """What happens, under which load."""

    name: str
    """As typed at the command line: kill-streams."""
    what: str
    """One sentence."""
    faults: tuple[Fault, ...]
    """One after the other, each begun, held for its seconds and ended, under load."""
    writers: tuple[WriterMaker, ...] = (steady,)
    """Who writes; sources of several writers differ."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Beyond the pipeline's own (logferry.yaml)."""
    brokers: int = 1
    """1, or 3 with three copies of each partition."""
    is_short: bool = False
    """Also in tests/faults."""
    store: Literal["folder", "s3"] = "folder"
    """Where the archive is: a folder of the site, or the stack's S3 endpoint behind a proxy."""
    small_disks: Mapping[str, int] = field(default_factory=dict)
    """Folders of the site that are file systems of their own (producer, archive; kafka: the broker's), with their
    size in bytes. Only root can mount them: without, the scenario is left out with a word."""
