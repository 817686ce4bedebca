"""The pods that logs.pods knows, by uid, kept up to date."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from runtime.compacted import CompactedReader
from schemas.codec import Codec, Undecodable

if TYPE_CHECKING:
    from schemas.settings import KafkaSettings

_log = logging.getLogger(__name__)


class PodTable:
    """Pod uid -> Pod value."""

    def __init__(self, kafka: KafkaSettings, topic: str, others: Mapping[str, dict[str, Any]] | None = None) -> None:
        """``others``: pods that the topic may not know any longer; what it says of one goes first."""
        self._topic = topic
        self._reader = CompactedReader(kafka, topic)
        self._codec = Codec("pod")
        self._others = others or {}
        self.pods: dict[str, dict[str, Any]] = dict(self._others)
        self.failed: Callable[[str], object] = lambda _kind: None
        """Hears of failures, by kind, to count them."""

    def load(self, timeout: float) -> None:
        """Read all that is there. Raises TemporaryError."""
        self._take(self._reader.load(timeout))
        _log.info("%d pods known", len(self.pods))

    def follow(self) -> None:
        """Take in what has come since."""
        self._take(self._reader.poll())

    def _take(self, changes: Iterable[tuple[str, bytes | None]]) -> None:
        for uid, value in changes:
            if value is None:
                self.pods.pop(uid, None)
                if uid in self._others:
                    self.pods[uid] = self._others[uid]
                continue
            pod = self._codec.decode(value)
            if isinstance(pod, Undecodable):
                self.failed("pod")
                _log.warning("%s: pod %s is not readable: %s", self._topic, uid, pod.message)
            else:
                self.pods[uid] = pod

    def close(self) -> None:
        """Let go of the connection."""
        self._reader.close()
