"""`logferry pods`: stand by until the lease is ours, write while it is, stand by again.

Guarantee: what the cluster tells reaches `logs.pods` at least once, the last state of a pod last. While no watcher
runs, changes wait in the cluster; pods that came and went meanwhile are never seen, and their lines keep what their
paths tell.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from producers.core.pods.pod_scope import Scope, SelectorError, field_requirements, label_requirements
from producers.pods.connection import Connection
from producers.pods.lease import LeaseHolder
from producers.pods.report import Report
from producers.pods.term import Term
from schemas.errors import FatalError, SettingsError, TemporaryError

if TYPE_CHECKING:
    from schemas.settings import PodsSettings, Settings

_log = logging.getLogger(__name__)

STANDBY_SECS: Final = 0.2


class PodWatcher:
    """The whole process. Raises SettingsError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._scopes = scopes(settings.pods)
        self._report = Report(settings.metrics.stall_secs, settings.pods.request_timeout_secs)
        self.metrics, self.health = self._report.metrics, self._report.health
        Connection(settings.pods).close()  # wrong credentials are told before anything begins
        self._lease = LeaseHolder(settings.pods, self._report.trouble) if settings.pods.lease.enabled else None
        if self._lease is not None:
            self.health.live_if(partial(self._lease.stands_still, self.health.stall_secs))
            self.health.ready_if(self._lease.check)

    def run(self, stop: threading.Event) -> None:
        """Work until asked to stop. Raises FatalError when Kafka refuses a record, and what a thread died of."""
        if self._lease is not None:
            self._lease.start()
        try:
            while not stop.is_set():
                term = self._term()
                self._report.leading(leads=bool(term))
                if term:
                    self._lead(term, stop)
                else:
                    stop.wait(STANDBY_SECS)
        finally:
            self._report.leading(leads=False)
            if self._lease is not None:
                self._lease.stop()

    def _lead(self, number: int, stop: threading.Event) -> None:
        term = Term(self._settings, self._scopes, self._report, lambda: self._term() == number, stop)
        try:
            term.run()
        except TemporaryError as error:
            _log.warning("%s", error)
            stop.wait(error.delay)

    def _term(self) -> int:
        """Number of the term in which we may write, 0 if we may not; also tells that the main thread moves."""
        self._report.beat()
        if self._lease is None:
            return 1
        if self._lease.defect is not None:
            raise FatalError(f"the lease's thread died: {self._lease.defect}", remedy="this process starts again")
        self._lease.beat()
        return self._lease.term()


def scopes(settings: PodsSettings) -> list[Scope]:
    """One for each list and watch request. Raises SettingsError."""
    for key, read in (("label_selector", label_requirements), ("field_selector", field_requirements)):
        try:
            read(getattr(settings, key))
        except SelectorError as error:
            raise SettingsError(
                f"{str(error)!r} is no requirement of a selector",
                where=f"pods.{key} in the settings",
                remedy="write it as for kubectl: app=shop,tier in (web, api) or spec.nodeName=node-1",
            ) from error
    namespaces = tuple(dict.fromkeys(settings.namespaces)) or (None,)
    return [Scope(each, settings.label_selector, settings.field_selector) for each in namespaces]
