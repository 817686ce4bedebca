"""The states of the sources of one partition: those of live chunks, or those of one replay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

from streams.core.join import SourceState
from streams.core.spans import Skip
from streams.core.work import Work

SOURCES_REMEMBERED: Final = 20_000
"""States of so many sources are kept for each partition; forgetting an idle one costs nothing but repetitions."""

AT: Final = "@"
"""Between source and replay in the names by which commits tell them apart (`streams.core.spans`)."""


def told_as(source: str, run: str) -> str:
    """The name of a source's state in what stands beside a commit; ``run``: the replay, empty for live chunks."""
    return f"{source}{AT}{run}" if run else source


def run_of(told: str) -> str:
    """The replay of such a name."""
    return told.rpartition(AT)[2] if AT in told else ""


class States:
    """States by source id, as far as anything is known of it."""

    def __init__(self, skips: Iterable[Skip] = (), run: str = "", now: float = 0.0) -> None:
        """``skips``: what a commit says is to be passed over; ``run``: the replay; ``now``: a monotonic clock's."""
        self.run = run
        self._states: OrderedDict[str, SourceState[Work]] = OrderedDict()
        self._busy: dict[str, SourceState[Work]] = {}
        self._skips: dict[str, dict[bytes, tuple[bytes, int, int | None]]] = {}
        for skip in skips:
            source = skip.source.partition(AT)[0]
            self._skips.setdefault(source, {})[skip.stream] = (skip.incarnation, skip.end, skip.last)
        self.heard_at = now
        """When a chunk of it came last."""

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

    def touched(self, source: str, state: SourceState[Work]) -> None:
        """Remember whether a source has something unfinished."""
        if state.is_idle():
            self._busy.pop(source, None)
        else:
            self._busy[source] = state

    def busy(self) -> Iterator[tuple[str, SourceState[Work]]]:
        """Sources with something unfinished."""
        return iter(list(self._busy.items()))
