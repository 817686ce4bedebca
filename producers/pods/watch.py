"""Follows the pods of one scope in a thread: list, then watch, then list again when the watch cannot go on.

What it sees it hands over in order; nothing is decided here. The last version seen is where a broken watch resumes. A
version that the server has forgotten (410), an unreadable line and the resync interval lead to a new list. The API:
Kubernetes API concepts, "Efficient detection of changes" and "Retrieving large results sets in chunks".
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from urllib3.exceptions import HTTPError, ProtocolError

from producers.core.pods.pod_value import pod_uid
from producers.core.pods.watch_event import GONE, Bookmark, Broken, Gone, Seen, read_event
from producers.pods.cluster import Cluster, ClusterError
from runtime.backoff import Backoff
from runtime.health import Failing

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from producers.core.pods.pod_scope import Scope
    from schemas.settings import PodsSettings

_log = logging.getLogger(__name__)

BACKOFF: Final = Backoff(first_secs=0.5, most_secs=30.0)
HOT_SECS: Final = 1.0
"""A watch that ends sooner without having told anything was cut off by something between; that is no way to go on."""
LINE_MAX_BYTES: Final = 16 * 1024 * 1024
"""Ten times what etcd takes as one object."""

Why: TypeAlias = Literal["start", "expired", "resync", "broken"]


@dataclass(frozen=True)
class Present:
    """A pod that exists, from a list or from the watch."""

    scope: Scope
    pod: Mapping[str, Any]


@dataclass(frozen=True)
class PageRead:
    """Pods of one page of a list."""

    scope: Scope
    pods: list[dict[str, Any]]


@dataclass(frozen=True)
class Absent:
    """A pod that was deleted."""

    scope: Scope
    pod: Mapping[str, Any]


@dataclass(frozen=True)
class Complete:
    """The list has been read to its end."""

    scope: Scope
    uids: frozenset[str]
    why: Why


@dataclass(frozen=True)
class Trouble:
    """The API server did not do what was asked; it is asked again later."""

    scope: Scope
    error: ClusterError


@dataclass(frozen=True)
class Died:
    """The thread has ended by a defect, or by settings that are wrong."""

    scope: Scope
    error: Exception


News: TypeAlias = Present | PageRead | Absent | Complete | Trouble | Died


class PodWatch(threading.Thread):
    """One scope's watch; `hand_over` takes what happens, and may wait until there is room."""

    def __init__(self, settings: PodsSettings, scope: Scope, hand_over: Callable[[News], None]) -> None:
        super().__init__(name=f"pods-{scope.namespace or 'all'}", daemon=True)
        self._settings = settings
        self.scope = scope
        self._hand_over = hand_over
        self._cluster = Cluster(settings)
        self._stopping = threading.Event()
        self._response: BaseHTTPResponse | None = None
        self._version = ""
        self._why: Why = "start"
        self._failures = 0
        self._next_list = 0.0
        self.last_heard = time.monotonic()
        """When the API server last answered."""
        self.failing = Failing(f"watching the pods of {scope.namespace or 'all namespaces'}")

    def run(self) -> None:
        """Work until stopped."""
        try:
            while not self._stopping.is_set():
                self._step()
        except Exception as error:  # handed to the main thread, which ends the process with it
            self._hand_over(Died(self.scope, error))
        finally:
            self._cluster.close()

    def stop(self) -> None:
        """Ask it to end, also while it waits for the server; join it afterwards."""
        self._stopping.set()
        response = self._response
        if response is not None:
            try:
                response.shutdown()
            except (OSError, ValueError, RuntimeError):
                _log.debug("the watch had ended already")

    def _step(self) -> None:
        try:
            if not self._version:
                self._list()
            self._watch()
        except ClusterError as error:
            self._fail(error)

    def _fail(self, error: ClusterError) -> None:
        if self._stopping.is_set():
            return
        if error.kind == "expired":
            self._list_again("expired")
            if self._failures == 0:  # as is usual after a while; a list that expires again and again waits
                self._failures = 1
                return
        self._failures += 1
        self.failing.failed(error.problem)
        self._hand_over(Trouble(self.scope, error))
        delay = BACKOFF.delay(self._failures, random.random())  # noqa: S311 - spreads requests, protects nothing
        self._stopping.wait(max(delay, error.delay))

    def _list_again(self, why: Why) -> None:
        self._version, self._why = "", why

    def _list(self) -> None:
        uids: set[str] = set()
        rest = ""
        while not self._stopping.is_set():
            page = self._cluster.pods(self.scope, rest)
            self.last_heard = time.monotonic()
            uids.update(map(pod_uid, page.items))
            self._hand_over(PageRead(self.scope, page.items))
            rest = page.rest
            if not rest:
                self._hand_over(Complete(self.scope, frozenset(uids), self._why))
                self._version = page.version
                self._next_list = time.monotonic() + self._settings.resync_interval_secs
                return

    def _watch(self) -> None:
        """Follow changes for a while; the connection may end at any time."""
        began = time.monotonic()
        if began >= self._next_list:
            self._list_again("resync")
            return
        told = False
        response = self._cluster.watch(self.scope, self._version, self._duration(began))
        self.failing.succeeded()
        self._response = response  # from here on `stop` reaches it
        try:
            for line in [] if self._stopping.is_set() else _lines(response):
                told = True
                if not self._take(line):
                    return
        except (HTTPError, OSError) as error:
            raise ClusterError(f"the watch was interrupted: {error}", "unreachable") from error
        finally:
            self._response = None
            response.close()
        if not told and time.monotonic() - began < HOT_SECS:
            raise ClusterError("the watch was closed at once", "unreachable", remedy="look for a proxy between")
        self._failures = 0

    def _duration(self, now: float) -> int:
        """Seconds to watch, at random up to twice the settings' time, and not beyond the next list."""
        wanted = self._settings.watch_timeout_secs * (1 + random.random())  # noqa: S311 - spreads requests
        return max(1, int(min(wanted, self._next_list - now)))

    def _take(self, line: bytes) -> bool:
        """Hand over what a line tells; whether the watch can go on."""
        event = read_event(line)
        if self._stopping.is_set():
            return False
        match event:
            case Seen(pod, version):
                self._hand_over(Present(self.scope, pod))
            case Gone(pod, version):
                self._hand_over(Absent(self.scope, pod))
            case Bookmark(version):
                pass
            case Broken(status, message):
                self._list_again("expired" if status == GONE else "broken")
                if status == GONE:
                    return False
                raise ClusterError(f"the watch cannot go on: {status} {message}", "server")
        self._version = version
        self._failures = 0
        self.last_heard = time.monotonic()
        return True


def _lines(response: BaseHTTPResponse) -> Iterator[bytes]:
    """Whole lines as they come; what a broken connection leaves without its end is left out."""
    pending = bytearray()
    for block in response.stream(amt=None, decode_content=True):
        pending += block
        *lines, rest = pending.split(b"\n")
        yield from (bytes(line) for line in lines if line.strip())
        pending = bytearray(rest)
        if len(pending) > LINE_MAX_BYTES:
            raise ProtocolError(f"a line of more than {LINE_MAX_BYTES} bytes")
