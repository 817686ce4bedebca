"""One partition of logs.raw for as long as it is ours: what is in flight, and the states of its sources.

A revoked partition is forgotten as a whole. Whoever gets it next reads from the last commit, which lies below every
chunk that was not finished, and builds the same states from the same bytes.

Time in a partition is the broker's: that of the latest record read, and only when there is nothing more to read, the
wall clock beyond it. So what has piled up is read as it would have been read when it was written.

Chunks of a replay have states of their own, and the only time that counts for one of its sources is that of its own
chunks: others may be sent hours earlier or later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from runtime.frontier import Frontier
from runtime.kafka_lag import Place
from schemas.replay import FORGET_SECS
from streams.core.spans import Skip, Spans
from streams.states import States, run_of

Token = TypeVar("Token")


class Assignment(Generic[Token]):
    """Chunks in flight and source states of one partition and one generation of the group."""

    def __init__(self, acknowledge: Callable[[Token], None], skips: Iterable[Skip] = ()) -> None:
        """``skips``: what the commit says that reading begins at."""
        self._acknowledge = acknowledge
        self._frontier: Frontier[tuple[int, Token]] = Frontier()
        self._skips = list(skips)
        self.live = States(skip for skip in self._skips if not run_of(skip.source))
        self._replays: dict[str, States] = {}
        self.spans = Spans(self._skips)
        self.revoked = False
        self.place = Place()
        """How far it is; for metrics."""
        self.next_offset = 0
        """Offset behind the latest chunk that was begun."""
        self._time = 0.0
        self._begun_at = 0.0

    def begin(self, offset: int, token: Token, timestamp: float, now: float) -> Callable[[], None]:
        """A chunk begins; returns what to call when it is finished.

        ``timestamp``: Kafka's of the record, in seconds; ``now``: a monotonic clock's.
        """
        self._frontier.begin(offset, (offset, token))
        self.place.begun(offset, offset + 1, timestamp)
        self.next_offset = offset + 1
        self._time, self._begun_at = max(self._time, timestamp), now
        return lambda: self._finish(offset)

    @property
    def time(self) -> float:
        """Time of the latest chunk in seconds."""
        return self._time

    def time_at(self, now: float, *, is_read_to_its_end: bool) -> float:
        """The time in the partition, by a monotonic clock."""
        return self._time + max(0.0, now - self._begun_at) if is_read_to_its_end else self._time

    def _finish(self, offset: int) -> None:
        for position, token in self._frontier.finish(offset):
            self.place.finished(position + 1)
            if not self.revoked:
                self.spans.known_to = position + 1
                self._acknowledge(token)

    def replay(self, run: str, now: float) -> States:
        """The states of a replay's sources; ``now`` is when a chunk of it came."""
        states = self._replays.get(run)
        if states is None:
            states = self._replays[run] = States((each for each in self._skips if run_of(each.source) == run), run, now)
        states.heard_at = now
        return states

    def forget(self, run: str) -> States | None:
        """A replay is over, or given up; what was known of it."""
        self._skips = [each for each in self._skips if run_of(each.source) != run]
        return self._replays.pop(run, None)

    def forget_silent(self, now: float) -> Iterator[str]:
        """Let go of replays that were broken off: what they left open would hold back the commits of live traffic.

        It was made the first time, and is made again when somebody starts the replay again.
        """
        for run in [run for run, states in self._replays.items() if now - states.heard_at > FORGET_SECS]:
            for _, state in self._replays[run].busy():
                for work in set(state.held()):
                    work.release()
            self.forget(run)
            yield run

    def __len__(self) -> int:
        """Chunks in flight."""
        return len(self._frontier)
