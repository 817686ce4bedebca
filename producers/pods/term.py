"""One term of writing: read the topic, follow the cluster, and keep the one in line with the other.

Ends when the watcher is stopped or may not write any more; nothing of it is used again then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from producers.core.pods.known_pods import KnownPods, Write
from producers.core.pods.pod_scope import Scope
from producers.core.pods.pod_value import AnnotationRule, deletion_time, pod_uid, pod_value
from producers.pods.backlog import Backlog
from producers.pods.cluster import Cluster, ClusterError
from producers.pods.owners import Owners
from producers.pods.publish import PodTopic
from producers.pods.watch import Absent, Complete, Died, PageRead, PodWatch, Present, Trouble

if TYPE_CHECKING:
    from producers.core.pods.pod_value import ApiObject, Pod
    from producers.pods.report import Report
    from producers.pods.watch import News
    from schemas.settings import Settings

_log = logging.getLogger(__name__)

LOAD_SECS: Final = 60.0
FOLLOW_SECS: Final = 1.0
"""How often the topic is looked at for records of another watcher."""
TIDY_SECS: Final = 15.0
"""How often expired pods get their tombstones and contradictions are repaired."""
WAIT_SECS: Final = 0.2
DRAIN_SECS: Final = 5.0


class Term:
    """Lasts until `stop` is set or `holds` says no; both are asked before every record."""

    def __init__(
        self,
        settings: Settings,
        scopes: Iterable[Scope],
        report: Report,
        holds: Callable[[], bool],
        stop: threading.Event,
    ) -> None:
        pods = settings.pods
        rule = pods.annotations
        self._settings = pods
        self._annotations = AnnotationRule(rule.include, rule.exclude, rule.value_max_bytes)
        self._report = report
        self._holds = holds
        self._stop = stop
        self._topic = PodTopic(settings)
        self._known = KnownPods(pods.keep_deleted_secs, pods.restarts_max)
        self._cluster = Cluster(pods)
        self._owners = Owners(self._cluster, pods.owners_max, self._owner_failed)
        self._backlog = Backlog(pods.events_max)
        self._watches = [PodWatch(pods, scope, self._backlog.put) for scope in scopes]
        report.watches = [watch.failing for watch in self._watches]
        self._unlisted = {watch.scope for watch in self._watches}
        self._next_follow = 0.0
        self._next_tidy = time.monotonic() + TIDY_SECS  # after the lists, which may find a deleted pod alive

    def run(self) -> None:
        """Work until we may not write any more. Raises TemporaryError (begin a new term later) and FatalError."""
        try:
            self._load()
            for watch in self._watches:
                watch.start()
            while self._may_write():
                self._pass()
            if self._holds() and not self._topic.drain(DRAIN_SECS):
                _log.warning("Kafka did not acknowledge all pods in %.0f s; the next watcher writes them", DRAIN_SECS)
        finally:
            self._end()

    def _may_write(self) -> bool:
        return not self._stop.is_set() and self._holds()

    def _load(self) -> None:
        unreadable = 0
        for uid, value in self._topic.load(LOAD_SECS):
            unreadable += not self._known.load(uid, value)
            if not self._may_write():
                return
        if unreadable:
            _log.warning(
                "%s: %d records are unreadable; pods that exist are written anew", self._topic.name, unreadable
            )
        _log.info("%s: %d pods exist, %d deleted ones are kept", self._topic.name, *self._known.counts)

    def _pass(self) -> None:
        now = time.monotonic()
        news = self._backlog.get(WAIT_SECS)
        if news is not None:
            self._take(news)
        if now >= self._next_follow:
            self._next_follow = now + FOLLOW_SECS
            self._follow()
        if now >= self._next_tidy:
            self._next_tidy = now + TIDY_SECS
            self._write_all([*self._known.expired(time.time_ns()), *self._known.repairs()])
        self._topic.poll()

    def _follow(self) -> None:
        for uid, value in self._topic.follow():
            self._known.read_back(uid, value)
        self._report.state(*self._known.counts, min(watch.last_heard for watch in self._watches))

    def _take(self, news: News) -> None:
        match news:
            case PageRead(scope, pods):
                self._owners.prepare(pods, scope.namespace)
                self._write_all(self._known.observe(self._value(pod)) for pod in pods if pod_uid(pod))
            case Present(_, pod):
                self._report.event("present")
                self._write_all([self._known.observe(self._value(pod))])
            case Absent(_, pod):
                self._report.event("absent")
                self._write_all([self._known.gone(self._value(pod), deletion_time(pod, time.time_ns()))])
            case Complete():
                self._complete(news)
            case Trouble(_, error):
                self._report.trouble(error)
            case Died(_, error):
                raise error

    def _complete(self, news: Complete) -> None:
        self._write_all(self._known.vanished(news.scope, news.uids, time.time_ns()))
        self._unlisted.discard(news.scope)
        self._report.listed(news.why, len(news.uids), in_step=not self._unlisted)

    def _value(self, pod: ApiObject) -> Pod:
        return pod_value(pod, self._owners.chain(pod), self._annotations, time.time_ns())

    def _write_all(self, writes: Iterable[Write | None]) -> None:
        for write in writes:
            if write is None:
                self._report.unchanged()
                continue
            while not self._topic.has_room() and self._may_write():
                self._topic.poll(WAIT_SECS)
            if not self._may_write():
                return  # what was not written is written by the next term: it compares with the topic
            self._topic.send(write)
            self._report.written(write.change)

    def _owner_failed(self, error: ClusterError) -> None:
        self._report.unresolved()
        self._report.trouble(error)

    def _end(self) -> None:
        self._backlog.close()
        for watch in self._watches:
            watch.stop()
        for watch in self._watches:
            self._report.beat()
            if watch.ident is not None:
                watch.join(timeout=self._settings.request_timeout_secs)
        self._cluster.close()
        self._topic.close()
        self._report.ended()
