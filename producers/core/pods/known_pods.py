"""What `logs.pods` holds, and which records bring it in line with the cluster; pure.

The topic is the only memory. It is read whole at the start and followed afterwards, so what is compared with is what
really stands there, also if another watcher wrote it: for a moment there may be two (a paused process comes back).
A record of another one that contradicts ours is overwritten, not at once but by `repairs`, which is called at leisure,
so that two watchers with different settings argue slowly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from producers.core.pods.owner_chain import longer
from producers.core.pods.pod_scope import Scope
from producers.core.pods.pod_value import Pod, is_same, merged
from schemas.codec import Codec, Undecodable

NANOSECONDS = 1_000_000_000

Change: TypeAlias = Literal["added", "changed", "deleted", "removed", "repaired"]


@dataclass(frozen=True)
class Write:
    """One record to produce; a value of None is a tombstone."""

    uid: str
    value: bytes | None
    change: Change


class KnownPods:
    """The topic's pods by uid, encoded: a cluster has tens of thousands, and most are looked at once an hour."""

    def __init__(self, keep_deleted_secs: float, restarts_max: int) -> None:
        self._keep_deleted = int(keep_deleted_secs * NANOSECONDS)
        self._restarts_max = restarts_max
        self._codec = Codec("pod")
        self._held: dict[str, bytes] = {}
        self._deleted: dict[str, int] = {}
        """Uid -> deleted_at of the pods that are gone."""
        self._unread: dict[str, bytes | None] = {}
        """Uid -> our last value, as long as it has not come back from the topic."""
        self._contested: dict[str, bytes] = {}
        """Uid -> our value that another watcher's record replaced."""
        self._ours: set[str] = set()
        """Pods that this watcher has seen itself; for all others the topic is right."""

    @property
    def counts(self) -> tuple[int, int]:
        """Pods that exist, and deleted ones that are still kept."""
        return len(self._held) - len(self._deleted), len(self._deleted)

    def get(self, uid: str) -> Pod | None:
        """The value that the topic holds, if there is one that can be read."""
        held = self._held.get(uid)
        pod = None if held is None else self._codec.decode(held)
        return None if isinstance(pod, Undecodable) else pod

    def load(self, uid: str, value: bytes | None) -> bool:
        """Take in a record that stood in the topic before this watcher wrote; whether it could be read."""
        return self._hold(uid, value)

    def read_back(self, uid: str, value: bytes | None) -> None:
        """Take in a record that came since: our own, or another watcher's."""
        if uid in self._unread:
            if self._unread[uid] == value:
                del self._unread[uid]
            return  # what came before ours is replaced by ours
        ours = self._held.get(uid)
        if value == ours:
            return
        expired = value is None and uid in self._deleted
        if ours is not None and uid in self._ours and not expired:
            self._contested.setdefault(uid, ours)
        self._hold(uid, value)

    def observe(self, pod: Pod) -> Write | None:
        """A pod as it is now; what to write if the topic says something else."""
        held = self.get(pod["uid"])
        pod = merged(pod, held, self._restarts_max)
        if held is not None:
            pod["owners"] = longer(pod["owners"], held["owners"])
        self._contested.pop(pod["uid"], None)
        self._ours.add(pod["uid"])
        if is_same(pod, held):
            return None
        return self._write(pod, "added" if held is None else "changed")

    def gone(self, pod: Pod, deleted_at: int) -> Write | None:
        """A pod as it was when it was deleted."""
        held = self.get(pod["uid"])
        self._contested.pop(pod["uid"], None)
        if held is not None and held["deleted_at"] is not None:
            return None
        pod = merged(pod, held, self._restarts_max)
        if held is not None:
            pod["owners"] = longer(pod["owners"], held["owners"])
        return self._write(pod | {"deleted_at": deleted_at}, "deleted")

    def vanished(self, scope: Scope, listed: Collection[str], now: int) -> Iterator[Write]:
        """Pods that a complete list did not have although it would: deleted while nobody watched."""
        for uid in [uid for uid in self._held if uid not in listed and uid not in self._deleted]:
            pod = self.get(uid)
            if pod is not None and scope.covers(pod):
                yield self._write(pod | {"observed_at": now, "deleted_at": now}, "deleted")

    def expired(self, now: int) -> Iterator[Write]:
        """Tombstones of pods that were deleted long enough ago."""
        for uid in [uid for uid, at in self._deleted.items() if now - at >= self._keep_deleted]:
            self._hold(uid, None)
            self._unread[uid] = None
            self._ours.discard(uid)
            yield Write(uid, None, "removed")

    def repairs(self) -> Iterator[Write]:
        """Our values again, where another watcher's stand now."""
        contested, self._contested = self._contested, {}
        for uid, value in contested.items():
            if self._held.get(uid) != value:
                self._hold(uid, value)
                self._unread[uid] = value
                yield Write(uid, value, "repaired")

    def _write(self, pod: Pod, change: Change) -> Write:
        value = self._codec.encode(pod)
        self._ours.add(pod["uid"])
        self._contested.pop(pod["uid"], None)
        self._hold(pod["uid"], value)
        self._unread[pod["uid"]] = value
        return Write(pod["uid"], value, change)

    def _hold(self, uid: str, value: bytes | None) -> bool:
        self._deleted.pop(uid, None)
        if value is None:
            self._held.pop(uid, None)
            return True
        self._held[uid] = value
        pod = self._codec.decode(value)
        if isinstance(pod, Undecodable):
            return False
        if pod["deleted_at"] is not None:
            self._deleted[uid] = pod["deleted_at"]
        return True
