"""Whether what comes into Kafka is taken in: a consumer may stand still beside a main loop that moves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from confluent_kafka import KafkaException


class IntakeCheck:
    """Live only if what comes into Kafka is taken in: Kafka's client may stand still beside a loop that moves.

    Kafka is asked only when nothing was taken in for ``stall_secs``. If more comes into the partitions after that, and
    is not taken in for as long again, the client stands still. The time counts from Kafka's last silence on: while it
    is away nothing can come, and that is no reason to start again. Nor is a destination that is away: whoever has no
    room says that it `moved`.
    """

    def __init__(self, stall_secs: float, ends: Callable[[], int], what: str = "chunks") -> None:
        """``ends``: where all partitions that are ours end, added up; raises KafkaException."""
        self._stall_secs = stall_secs
        self._ends = ends
        self._what = what
        self._lock = threading.Lock()
        self._moved_at = time.monotonic()
        self._asked: tuple[float, int] | None = None
        """The move that was the last one when Kafka was asked first, and where partitions ended then."""
        self._owed_since: float | None = None
        self._said: str | None = None
        """The last answer."""

    def moved(self) -> None:
        """Something was taken in, there is no room for any, or other partitions are ours."""
        self._moved_at = time.monotonic()

    def silent_secs(self, now: float) -> float:
        """For how long nothing has moved."""
        return now - self._moved_at

    def check(self, now: float) -> str | None:
        """For `runtime.health.Health.live_if`."""
        if now - self._moved_at <= self._stall_secs:
            self._said = None
        elif self._lock.acquire(blocking=False):  # else somebody is asking Kafka: two waits are longer than a probe's
            try:
                self._said = self._ask(now)
            finally:
                self._lock.release()
        return self._said

    def _ask(self, now: float) -> str | None:
        try:
            return self._judge(now, self._moved_at, self._ends())
        except KafkaException:
            self._asked = None
            return None

    def _judge(self, now: float, moved_at: float, end: int) -> str | None:
        if self._asked is None or self._asked[0] != moved_at:
            self._asked, self._owed_since = (moved_at, end), None
        if self._owed_since is None and end > self._asked[1]:
            self._owed_since = now
        if self._owed_since is None or now - self._owed_since <= self._stall_secs:
            return None
        return f"{self._what} come into Kafka, and none was taken in for {now - moved_at:.0f} s"
