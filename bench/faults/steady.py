"""The usual writer: eight containers whose files are rotated every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from deploy.demo.lines import Profile
from deploy.demo.load import Load, LoadPlan
from deploy.demo.rotation import RotationLimits
from schemas.errors import TemporaryError

if TYPE_CHECKING:
    from bench.faults.site import Site

FILES: Final = 8
ROTATIONS: Final = RotationLimits(check_interval_secs=5.0, max_bytes=1, max_files=1000, unique_names=True)
"""No line is rotated away while a producer is down: what is missing then is missing for no good reason."""
ENDLESS: Final = 100_000_000
PATIENCE_SECS: Final = 60.0


class SteadyWriter:
    """Writes at an even rate until it is stopped."""

    def __init__(self, site: Site) -> None:
        plan = LoadPlan(
            files=FILES,
            lines=ENDLESS,
            rate=site.rate,
            straddle=True,
            profile=Profile(long_share=0.002),
            rotation=ROTATIONS,
        )
        self._load = Load(site.node, plan, "node-1")
        publish(site, self._load.pods())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._load.write, kwargs={"stop": self._stopping}, daemon=True)

    def start(self) -> None:
        """As the protocol says."""
        self._thread.start()

    def stop(self) -> None:
        """As the protocol says."""
        self._stopping.set()
        self._thread.join()

    def written(self) -> Mapping[str, int]:
        """As the protocol says."""
        return self._load.written()

    def unavoidable(self) -> Mapping[str, set[int]]:
        """None."""
        return {}


def publish(site: Site, pods: list[dict[str, Any]]) -> None:
    """Make pods known, however busy the machine is. Raises TemporaryError after a minute."""
    until = time.monotonic() + PATIENCE_SECS
    while True:
        try:
            site.pipeline.publish_pods(pods)
        except TemporaryError:
            if time.monotonic() > until:
                raise
        else:
            return


def steady(site: Site) -> SteadyWriter:
    """The usual load of a site."""
    return SteadyWriter(site)
