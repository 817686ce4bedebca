"""Finds the Deployment behind a pod's ReplicaSet, the CronJob behind its Job.

Who owns an owner never changes in practice, so each is asked for once and remembered. When many are unknown (at the
start), they are listed, metadata only, rather than asked for one by one.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from producers.core.pods.owner_chain import LOOKED_UP, Owner, owner_chain, owner_of
from producers.pods.cluster import ClusterError

if TYPE_CHECKING:
    from producers.pods.cluster import Cluster

LIST_FROM: Final = 20
"""Unknown owners of one kind from which on a list is cheaper than single requests."""

SILENT_SECS: Final = 30.0
"""So long owners of a kind are not asked for after a failure: pods must not wait for what cannot be had. Until they are
next seen, such pods have the owners that they name themselves, or those that the topic knew."""


class Owners:
    """For one thread; remembers at most `most` owners, the last ones that were needed."""

    def __init__(self, cluster: Cluster, most: int, failed: Callable[[ClusterError], None]) -> None:
        self._cluster = cluster
        self._most = most
        self._failed = failed
        self._known: OrderedDict[str, Owner | None] = OrderedDict()
        """Uid of an owner -> its own owner."""
        self._silent_until: dict[str, float] = {}
        """Kind -> until when it is not asked for, because the last request failed."""

    def chain(self, pod: Mapping[str, Any]) -> list[dict[str, str]]:
        """All owners of a pod, nearest first; if the API does not tell, as far as it does."""
        metadata = pod.get("metadata") or {}
        namespace = str(metadata.get("namespace") or "")
        return owner_chain(metadata, lambda owner: self._look_up(owner, namespace))

    def prepare(self, pods: Iterable[Mapping[str, Any]], namespace: str | None) -> None:
        """Get to know the owners of many pods at once, of one namespace or of all."""
        direct = [owner_of(pod.get("metadata") or {}) for pod in pods]
        for kind in LOOKED_UP:
            unknown = {
                owner.uid
                for owner in direct
                if owner is not None and owner.kind == kind and owner.is_looked_up and owner.uid not in self._known
            }
            if len(unknown) >= LIST_FROM and self._is_asked(kind):
                self._list(kind, namespace, unknown)

    def _list(self, kind: str, namespace: str | None, wanted: set[str]) -> None:
        rest = ""
        try:
            while True:
                page = self._cluster.owners(kind, namespace, rest)
                for item in page.items:
                    metadata = item.get("metadata") or {}
                    if metadata.get("uid") in wanted:
                        self._remember(metadata["uid"], owner_of(metadata))
                rest = page.rest
                if not rest:
                    return
        except ClusterError as error:
            self._fail(kind, error)

    def _look_up(self, owner: Owner, namespace: str) -> Owner | None:
        if owner.uid in self._known:
            self._known.move_to_end(owner.uid)
            return self._known[owner.uid]
        if not self._is_asked(owner.kind):
            return None
        try:
            metadata = self._cluster.owner(owner, namespace)
        except ClusterError as error:
            self._fail(owner.kind, error)
            return None  # not remembered: asked for again when the pod is next seen
        # One of the same name that is not the pod's owner tells nothing of it.
        found = owner_of(metadata) if metadata is not None and metadata.get("uid") == owner.uid else None
        self._remember(owner.uid, found)
        return found

    def _is_asked(self, kind: str) -> bool:
        return time.monotonic() >= self._silent_until.get(kind, 0.0)

    def _fail(self, kind: str, error: ClusterError) -> None:
        self._silent_until[kind] = time.monotonic() + max(SILENT_SECS, error.delay)
        self._failed(error)

    def _remember(self, uid: str, owner: Owner | None) -> None:
        self._known[uid] = owner
        if len(self._known) > self._most:
            self._known.popitem(last=False)
