"""One watcher writes, the others stand by: a thread that takes and renews a coordination.k8s.io/v1 Lease.

Of the kubernetes package's own election the loop cannot be stopped, a lost lease does not stop the work, and one
process cannot lead twice; so only its requests are used, and the rules are in ``producers.core.pods.lease_step``.

`term` answers by this process's clock alone: the lease is ours until `renew_deadline_secs` after the beginning of the
last renewal that succeeded. Others wait `duration_secs`, so the holder has stopped before another begins, also when the
network fails. A process that is paused in between may write a few records late; that is harmless (see ``known_pods``).
"""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from producers.core.pods import lease_step
from producers.core.pods.lease_step import Sighting
from producers.pods.cluster import Cluster, ClusterError
from runtime.health import Failing

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.settings import PodsSettings

_log = logging.getLogger(__name__)

STALLED_SECS: Final = 120.0
"""A holder whose main thread has not moved for so long does not renew: another one shall take over."""


class LeaseHolder(threading.Thread):
    """Asks for the lease until stopped."""

    def __init__(self, settings: PodsSettings, failed: Callable[[ClusterError], None]) -> None:
        super().__init__(name="pods-lease", daemon=True)
        self._settings = settings
        self._limits = settings.lease
        self._failed = failed
        self._cluster = Cluster(settings)
        self.identity = f"{os.environ.get('HOSTNAME') or socket.gethostname()}_{uuid.uuid4()}"
        """Who we are in the lease: the pod's name, and something that its next start does not share."""
        self._namespace = settings.lease.namespace or self._cluster.namespace
        self._seen: Sighting | None = None
        self._lease: dict[str, Any] | None = None
        """Our lease as we wrote it last."""
        self._until = 0.0
        self._term = 0
        self._moved_at = time.monotonic()
        """When a round of this thread began last."""
        self._failing = Failing(f"asking for the lease {settings.lease.name}")
        self._is_known = False
        self._beat = time.monotonic()
        self._stopping = threading.Event()
        self._holder = ""
        self.defect: Exception | None = None
        """What ended this thread, if it ended by itself."""

    def term(self) -> int:
        """Number of the term in which we may write at this moment; 0: we may not."""
        return self._term if time.monotonic() < self._until else 0

    def check(self, now: float) -> str | None:
        """For `runtime.health.Health.ready_if`: that nobody knows whose the lease is."""
        return self._failing.check(now) if self._is_known else "nobody has told whose the lease is"

    def stands_still(self, stall_secs: float, now: float) -> str | None:
        """Whether this thread hangs: then the lease is nobody's, and this process would stand by for ever."""
        longest = 2 * self._settings.request_timeout_secs + 2 * self._limits.retry_interval_secs
        silent = now - self._moved_at
        return f"the lease's thread has not moved for {silent:.0f} s" if silent > stall_secs + longest else None

    def beat(self) -> None:
        """Tell that the main thread moves."""
        self._beat = time.monotonic()

    def run(self) -> None:
        """Work until stopped."""
        try:
            while not self._stopping.is_set():
                self._moved_at = time.monotonic()
                self._try()
                spread = 1 + random.random() / 5  # noqa: S311 - spreads requests, protects nothing
                self._stopping.wait(self._limits.retry_interval_secs * spread)
        except Exception as error:  # the main thread ends the process with it
            self.defect = error
        finally:
            self._until = 0.0

    def stop(self) -> None:
        """Stop, and let others have the lease at once."""
        self._stopping.set()
        self.join(timeout=self._limits.duration_secs)
        if self._lease is not None and not self.is_alive():
            try:
                self._cluster.replace_lease(self._lease, lease_step.released(self._lease, datetime.now(UTC)))
                _log.info("lease %s/%s released", self._namespace, self._limits.name)
            except ClusterError as error:
                _log.warning("the lease could not be released; it runs out by itself: %s", error.problem)
        self._cluster.close()

    def _try(self) -> None:
        began = time.monotonic()
        if self._lease is not None and began - self._beat > STALLED_SECS:
            return
        try:
            self._ask(began)
            self._failing.succeeded()
            self._is_known = True
        except ClusterError as error:
            if error.kind == "conflict":  # somebody was faster
                self._lose()
            else:
                self._failing.failed(error.problem)
                self._failed(error)
        if self._lease is not None and not self.term():
            self._lose()
            _log.warning("lease %s/%s lost: it could not be renewed in time", self._namespace, self._limits.name)

    def _ask(self, began: float) -> None:
        name = self._limits.name
        lease = self._cluster.lease(self._namespace, name)
        self._seen = lease_step.sighting(lease, self._seen, began)
        step = lease_step.step(lease, self._seen, self.identity, began)
        self._name_holder(lease)
        if step == "wait":
            self._lose()
            return
        spec = lease_step.held(lease, self.identity, self._limits.duration_secs, datetime.now(UTC))
        if lease is None:
            written = self._cluster.create_lease(self._namespace, name, spec)
        else:
            written = self._cluster.replace_lease(lease, spec)
        if self._lease is None:
            self._term += 1
            _log.info("lease %s/%s taken as %s", self._namespace, name, self.identity)
        self._lease = written
        self._until = began + self._limits.renew_deadline_secs

    def _name_holder(self, lease: dict[str, Any] | None) -> None:
        holder = str(((lease or {}).get("spec") or {}).get("holderIdentity") or "")
        if holder not in (self._holder, "", self.identity):
            _log.info("lease %s/%s is held by %s; standing by", self._namespace, self._limits.name, holder)
        self._holder = holder

    def _lose(self) -> None:
        self._lease, self._until = None, 0.0
