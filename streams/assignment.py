"""One partition of logs.raw for as long as it is ours: what is in flight, and the states of its sources.

A revoked partition is forgotten as a whole. Whoever gets it next reads from the last commit, which lies below every
chunk that was not finished, and builds the same states from the same bytes.

Time in a partition is the broker's: that of the latest record read, and only when there is nothing more to read, the
wall clock beyond it. So what has piled up is read as it would have been read when it was written.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, TypeVar

from runtime.frontier import Frontier
from streams.core.join import SourceState
from streams.core.spans import Skip, Spans
from streams.core.work import Span, Work

Token = TypeVar("Token")

SOURCES_REMEMBERED: Final = 20_000
"""States of so many sources are kept for each partition; forgetting an idle one costs nothing but repetitions."""


class Assignment(Generic[Token]):
    """Chunks in flight and source states of one partition and one generation of the group."""

    def __init__(self, acknowledge: Callable[[Token], None], skips: Iterable[Skip] = ()) -> None:
        """``skips``: what the commit says that reading begins at."""
        self._acknowledge = acknowledge
        self._frontier: Frontier[tuple[int, Token]] = Frontier()
        self._states: OrderedDict[str, SourceState[Work]] = OrderedDict()
        self._busy: dict[str, SourceState[Work]] = {}
        self._skips: dict[str, dict[bytes, tuple[bytes, int, int | None]]] = {}
        skips = list(skips)
        for skip in skips:
            self._skips.setdefault(skip.source, {})[skip.stream] = (skip.incarnation, skip.end, skip.last)
        self.spans = Spans(skips)
        self.revoked = False
        self.next_offset = 0
        """Offset behind the latest chunk that was begun."""
        self._time = 0.0
        self._begun_at = 0.0

    def begin(self, offset: int, token: Token, timestamp: float, now: float) -> Callable[[], None]:
        """A chunk begins; returns what to call when it is finished.

        ``timestamp``: Kafka's of the record, in seconds; ``now``: a monotonic clock's.
        """
        self._frontier.begin(offset, (offset, token))
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
            if not self.revoked:
                self.spans.known_to = position + 1
                self._acknowledge(token)

    def state(self, source: str) -> SourceState[Work]:
        """The state of a source; a new one when nothing is known of it."""
        state = self._states.get(source)
        if state is None:
            state = self._states[source] = SourceState()
            state.skip_until = self._skips.pop(source, {})
            self._forget_idle()
        self._states.move_to_end(source)
        return state

    def _forget_idle(self) -> None:
        while len(self._states) > SOURCES_REMEMBERED:
            oldest, state = self._states.popitem(last=False)
            if not state.is_idle():
                self._states[oldest] = state
                return

    def touched(self, source: str, state: SourceState[Work], spans: Iterable[Span]) -> None:
        """Remember whether a source has something unfinished, and what went over the end of a chunk."""
        self.spans.add(source, spans)
        if state.is_idle():
            self._busy.pop(source, None)
        else:
            self._busy[source] = state

    def busy(self) -> Iterator[tuple[str, SourceState[Work]]]:
        """Sources with something unfinished."""
        return iter(list(self._busy.items()))

    def __len__(self) -> int:
        """Chunks in flight."""
        return len(self._frontier)
