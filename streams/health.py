"""What a stream worker must be beside its main loop to be ready, and how far it is behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from runtime.held import Held
from runtime.kafka_lag import Behind, Ends, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from runtime.metrics import Metrics
    from schemas.settings import KafkaSettings
    from streams.assignments import Assignments

NOT_JOINED: Final = "it has not joined its consumer group yet"


class Membership:
    """A worker is ready only as a member of its group, be it one that stands by without a partition."""

    def __init__(self) -> None:
        self.partitions: Collection[int] | None = None
        """Those that are ours; None: the group has not told."""

    def check(self, _now: float) -> str | None:
        """For `runtime.health.Health.ready_if`."""
        return NOT_JOINED if self.partitions is None else None


STALE_SECS: Final = 1.0
"""A worker that is held up for so long fetches nothing, so that only Kafka knows where partitions end."""


class StreamLag:
    """How far a worker is behind in each of its partitions, and whether it is held up."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topic: str,
        membership: Membership,
        assignments: Assignments[Any],
        fetched: Callable[[int], tuple[int | None, int | None]],
    ) -> None:
        """``fetched``: of a partition what the group has committed, and its end at the last fetch; None: not known."""
        self._topic = topic
        self._membership = membership
        self._assignments = assignments
        self._fetched = fetched
        self._ends = Ends(kafka, "logferry-stream")
        self.held = Held()
        """Whether no chunk is taken in because there is no room. The loop tells; the rest is asked by others."""

    def show(self, metrics: Metrics) -> None:
        """Have all of it told."""
        metrics.ask("logferry_stream_lag_records", lambda: self._by_partition("records"))
        metrics.ask("logferry_stream_lag_seconds", lambda: self._by_partition("seconds"))
        metrics.ask("logferry_stream_held_up", lambda: float(self.held.is_held))
        metrics.ask("logferry_stream_held_up_seconds_total", self.held.total_secs)

    def ends(self) -> int:
        """The ends of all partitions that are ours, added up. Raises KafkaException when Kafka does not answer."""
        return sum(self._ends.of([(self._topic, each) for each in self._membership.partitions or ()]).values())

    def of_partitions(self) -> dict[int, Behind]:
        """How far behind each partition is that is ours; those that nobody knows of are left out."""
        ours = list(self._membership.partitions or ())
        places = {number: assignment.place for number, assignment in self._assignments}
        asked = self._ends.recent([(self._topic, each) for each in ours]) if self.held.now_secs() > STALE_SECS else {}
        now, found = time.time(), {}
        for number in ours:
            committed, end = self._fetched(number)
            end = asked.get((self._topic, number), end)
            if end is not None:
                found[number] = (places.get(number) or Place()).behind(end, now, committed or 0)
        return found

    def _by_partition(self, field: str) -> dict[tuple[str, ...], float]:
        return {(str(number),): float(getattr(each, field)) for number, each in self.of_partitions().items()}
