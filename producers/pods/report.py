"""What the pod watcher tells the world of itself: metrics, and a line in the log where somebody should know."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from runtime.health import Failing, Health
from runtime.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from producers.core.pods.known_pods import Change
    from producers.pods.cluster import ClusterError
    from producers.pods.watch import Why

_log = logging.getLogger(__name__)

HUMAN_NEEDED: Final = ("unauthorized", "forbidden", "refused")
REPEAT_SECS: Final = 300.0
"""How often the same trouble is told again while it lasts."""


class Report:
    """Called by all threads."""

    def __init__(self, stall_secs: float, request_timeout_secs: float) -> None:
        self.metrics = Metrics("pods")
        self.health = Health(stall_secs)
        self._request_secs = 2 * request_timeout_secs  # for the owners of a pod, of both kinds, in the main thread
        self._leads: bool | None = None
        """None: not known yet."""
        self._in_step = False
        self.watches: Sequence[Failing] = ()
        """How those of the present term are getting on."""
        self.health.ready_if(self._state)
        self._told: dict[str, float] = {}
        """What is wrong -> when that was last said."""
        self._lock = threading.Lock()

    def written(self, change: Change) -> None:
        """A record was handed to Kafka's client."""
        self.metrics.count("logferry_pods_written_records_total", 1, change)

    def unchanged(self) -> None:
        """The API told of a pod, and the topic says the same already."""
        self.metrics.count("logferry_pods_unchanged_total")

    def event(self, kind: str) -> None:
        """The watch told of a pod."""
        self.metrics.count("logferry_pods_events_total", 1, kind)

    def unresolved(self) -> None:
        """Owners could not be asked for."""
        self.metrics.count("logferry_pods_unresolved_owners_total")

    def state(self, existing: int, deleted: int, heard_at: float) -> None:
        """How things are; `heard_at`: when the server was last heard, by the monotonic clock."""
        self.metrics.set("logferry_pods_known", existing)
        self.metrics.set("logferry_pods_deleted", deleted)
        self.metrics.set("logferry_pods_silence_seconds", time.monotonic() - heard_at)

    def leading(self, *, leads: bool) -> None:
        """Whether this watcher writes."""
        self._leads = leads
        self.metrics.set("logferry_pods_leading", leads)

    def beat(self) -> None:
        """The main thread moves."""
        self.health.beat(self._request_secs)
        self.metrics.set("logferry_pods_alive_timestamp_seconds", time.time())

    def listed(self, why: Why, pods: int, *, in_step: bool) -> None:
        """A list was read to its end; `in_step`: all scopes have been by now."""
        self.metrics.count("logferry_pods_lists_total", 1, why)
        self.metrics.set("logferry_pods_in_step", in_step)
        self._in_step = in_step
        if why != "resync":
            _log.info("%d pods listed (%s)", pods, why)
        with self._lock:
            self._told.clear()

    def ended(self) -> None:
        """The term is over."""
        self.metrics.set("logferry_pods_in_step", 0)
        self._in_step = False

    def _state(self, now: float) -> str | None:
        if self._leads is None:
            return "it has not begun yet"
        if not self._leads:
            return None
        if not self._in_step:
            return "not everything that is watched has been listed yet"
        return next((problem for each in self.watches if (problem := each.check(now))), None)

    def trouble(self, error: ClusterError) -> None:
        """A request failed and is tried again."""
        self.metrics.count("logferry_pods_errors_total", 1, error.kind)
        now = time.monotonic()
        with self._lock:
            what = error.problem.split(" (")[0] if error.kind == "unreachable" else error.problem
            if now - self._told.get(what, -REPEAT_SECS) < REPEAT_SECS:
                return
            if len(self._told) > 100:  # texts of refusals may contain anything
                self._told.clear()
            self._told[what] = now
        _log.log(logging.ERROR if error.kind in HUMAN_NEEDED else logging.WARNING, "%s", error)
