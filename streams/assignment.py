"""One partition of logs.raw for as long as it is ours: what is in flight, and the states of its sources.

A revoked partition is forgotten as a whole. Whoever gets it next reads from the last commit, which lies below every
chunk that was not finished, and builds the same states from the same bytes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from runtime.frontier import Frontier
from streams.core.join import SourceState
from streams.core.work import Work

Token = TypeVar("Token")

SOURCES_REMEMBERED: Final = 20_000
"""States of so many sources are kept for each partition; forgetting an idle one costs nothing but repetitions."""


class Assignment(Generic[Token]):
    """Chunks in flight and source states of one partition and one generation of the group."""

    def __init__(self, acknowledge: Callable[[Token], None]) -> None:
        self._acknowledge = acknowledge
        self._frontier: Frontier[Token] = Frontier()
        self._states: OrderedDict[str, SourceState[Work]] = OrderedDict()
        self._busy: dict[str, SourceState[Work]] = {}
        self.revoked = False

    def begin(self, offset: int, token: Token) -> Callable[[], None]:
        """A chunk begins; returns what to call when it is finished."""
        self._frontier.begin(offset, token)
        return lambda: self._finish(offset)

    def _finish(self, offset: int) -> None:
        for token in self._frontier.finish(offset):
            if not self.revoked:
                self._acknowledge(token)

    def state(self, source: str) -> SourceState[Work]:
        """The state of a source; a new one when nothing is known of it."""
        state = self._states.get(source)
        if state is None:
            state = self._states[source] = SourceState()
            self._forget_idle()
        self._states.move_to_end(source)
        return state

    def _forget_idle(self) -> None:
        while len(self._states) > SOURCES_REMEMBERED:
            oldest, state = self._states.popitem(last=False)
            if not state.is_idle():
                self._states[oldest] = state
                return

    def touched(self, source: str, state: SourceState[Work]) -> None:
        """Remember whether a source has something unfinished."""
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
