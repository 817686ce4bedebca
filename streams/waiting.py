"""Chunks of pods that logs.pods does not know yet.

A pod's first lines may be here before the watcher has told of it. Its chunks wait a moment, those of all others go on.
What has waited long enough, or does not fit, goes on with what the path tells, and its pod is not waited for again.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

Chunk = TypeVar("Chunk")

GIVEN_UP_REMEMBERED: Final = 50_000


def pod_of(chunk: Mapping[str, Any]) -> str:
    """Uid of the pod that a chunk is of; empty: of none."""
    container = chunk["source"]["container"]
    return container["pod_uid"] if container is not None and container["namespace"] else ""


class Waiting(Generic[Chunk]):
    """Chunks by pod uid, in order. Times are a monotonic clock's, in seconds."""

    def __init__(self, longest_secs: float, max_bytes: int) -> None:
        self._longest = longest_secs
        self._max_bytes = max_bytes
        self._queues: OrderedDict[str, tuple[float, deque[tuple[Chunk, int]]]] = OrderedDict()
        """Pod uid -> when its first chunk came, and its chunks with their sizes; the longest waiting first."""
        self._given_up: OrderedDict[str, None] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        """Pods that are waited for."""
        return len(self._queues)

    def must_wait(self, uid: str, known: Container[str]) -> bool:
        """Whether a chunk of a pod must wait: it is not known, or earlier chunks of it wait still."""
        return uid in self._queues or not (uid in known or uid in self._given_up or not self._longest)

    def add(self, uid: str, chunk: Chunk, size: int, now: float) -> None:
        """Let a chunk wait."""
        self._queues.setdefault(uid, (now, deque()))[1].append((chunk, size))
        self.bytes += size

    def ready(self, known: Container[str], now: float) -> Iterator[Chunk]:
        """Chunks that wait no longer, in order for each pod."""
        for uid in [uid for uid in self._queues if uid in known]:
            yield from self._take(uid)
        while self._queues:
            uid, (since, _) = next(iter(self._queues.items()))
            if now - since < self._longest and self.bytes <= self._max_bytes:
                return
            self._given_up[uid] = None
            if len(self._given_up) > GIVEN_UP_REMEMBERED:
                self._given_up.popitem(last=False)
            yield from self._take(uid)

    def _take(self, uid: str) -> Iterator[Chunk]:
        _, queue = self._queues.pop(uid)
        for chunk, size in queue:
            self.bytes -= size
            yield chunk
