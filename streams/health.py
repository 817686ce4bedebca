"""What a stream worker must be beside its main loop, to be live and ready."""

from __future__ import annotations

import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from runtime.kafka import client_config
from runtime.kafka_contact import ANSWER_SECS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from schemas.settings import KafkaSettings

NOT_JOINED: Final = "it has not joined its consumer group yet"


class Membership:
    """A worker is ready only as a member of its group, be it one that stands by without a partition."""

    def __init__(self) -> None:
        self.partitions: Collection[int] | None = None
        """Those that are ours; None: the group has not told."""

    def check(self, _now: float) -> str | None:
        """For `runtime.health.Health.ready_if`."""
        return NOT_JOINED if self.partitions is None else None


class Ends:
    """Where partitions of a topic end, asked of Kafka by a client of its own, made when it is first needed."""

    def __init__(self, kafka: KafkaSettings, topic: str, membership: Membership) -> None:
        self._kafka = kafka
        self._topic = topic
        self._membership = membership

    @cached_property
    def _client(self) -> AdminClient:
        return AdminClient(client_config(self._kafka, "logferry-stream"))

    def __call__(self) -> int:
        """The ends of all partitions that are ours, added up. Raises KafkaException when Kafka does not answer."""
        latest: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(self._topic, each): latest for each in self._membership.partitions or ()}
        if not asked:
            return 0
        answers = self._client.list_offsets(asked, request_timeout=ANSWER_SECS)
        return sum(each.result().offset for each in answers.values())


class IntakeCheck:
    """Live only if what comes into Kafka is taken in: Faust's consumer may stand still beside a loop that moves.

    Kafka is asked only when nothing was taken in for ``stall_secs``. If more comes into the partitions after that, and
    is not taken in for as long again, the consumer stands still. The time counts from Kafka's last silence on: while
    it is away nothing can come, and that is no reason to start again.
    """

    def __init__(self, stall_secs: float, ends: Callable[[], int]) -> None:
        self._stall_secs = stall_secs
        self._ends = ends
        self._lock = threading.Lock()
        self._moved_at = time.monotonic()
        self._asked: tuple[float, int] | None = None
        """The move that was the last one when Kafka was asked first, and where partitions ended then."""
        self._owed_since: float | None = None
        self._said: str | None = None
        """The last answer."""

    def moved(self) -> None:
        """A chunk was taken in, there is no room for any, or other partitions are ours."""
        self._moved_at = time.monotonic()

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
        return f"chunks come into Kafka, and none was taken in for {now - moved_at:.0f} s"
