"""What the ledger is told of each file: how much of it Kafka has, and what waits in files.

Entries are cumulative, so the newest says all that earlier ones said, and none needs to arrive: one that did not is
made up for by the next. A file's first entry comes an interval after it was written to, its next an interval after it
was written to again, so that those of thousands of files are spread over time. They wait behind everything else: while
the client has no room, nothing is told.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from producers.ending import left_of
from producers.ledger import entry_of_loss, entry_of_sent

if TYPE_CHECKING:
    from producers.chunk import Source
    from producers.core.files.checkpoint import Mark, Marks
    from producers.files.tail import SourceTail

AT_ONCE: Final = 100
"""Files told of between two looks at what is to be read, some milliseconds."""

BEHIND_BYTES: Final = 256 * 1024
"""What waits in the file that is being read is told when it is more than a chunk: less is read within a moment."""


class Output(Protocol):
    """The way into the ledger."""

    def has_room(self) -> bool:
        """Whether more may be sent."""

    def tell(self, entry: dict[str, Any], delivered: Callable[[], object]) -> None:
        """Send a LedgerEntry; ``delivered`` is called when Kafka has it."""


class _Moved(NamedTuple):
    """A file of which Kafka has more than the ledger knows."""

    due: float
    source: Source
    tail: SourceTail | None
    ended: bool


class Account:
    """The files that have moved since the ledger was told of them, those first that are due first."""

    def __init__(self, output: Output, marks: Marks, interval_secs: float) -> None:
        self._output = output
        self._marks = marks
        self._interval = interval_secs
        self._moved: OrderedDict[str, _Moved] = OrderedDict()
        self.paused = False
        """Nothing is told but by `tell_all`: whoever waits for a quiet moment is not disturbed."""

    def moved(self, name: str, tail: SourceTail, now: float, *, ended: bool = False) -> None:
        """Kafka has more of an incarnation; ``ended``: all of it. ``now``: monotonic seconds."""
        if ended:
            self._at_once(name, _Moved(now, tail.source, tail, ended=True))
        elif name not in self._moved:
            self._moved[name] = _Moved(now + self._interval, tail.source, tail, ended=False)

    def catch_up(self, name: str, source: Source, now: float) -> None:
        """An earlier run has not told of everything; a file that moved since is told of in its turn."""
        mark = self._marks.get(name)
        if mark is not None and mark.offset > mark.told and name not in self._moved:
            self._at_once(name, _Moved(now, source, None, ended=False))

    def _at_once(self, name: str, moved: _Moved) -> None:
        self._moved[name] = moved
        self._moved.move_to_end(name, last=False)

    def tell(self, now: float) -> None:
        """Some of the entries that are due, if the client has room. ``now``: monotonic seconds."""
        for _ in range(AT_ONCE):
            if self.paused or not self._is_due(now) or not self._output.has_room():
                return
            self._tell(*self._moved.popitem(last=False))

    def tell_all(self) -> None:
        """All that is known: nobody will tell it later."""
        while self._moved:
            self._tell(*self._moved.popitem(last=False))

    def _is_due(self, now: float) -> bool:
        return bool(self._moved) and next(iter(self._moved.values())).due <= now

    def _tell(self, name: str, moved: _Moved) -> None:
        mark = self._marks.get(name)
        if mark is None:
            return  # forgotten an hour after its end, which was told then
        entry = entry_of_sent(moved.source, name, mark, time.time_ns(), ended=moved.ended and mark.ended)
        self._output.tell(entry, partial(self._told, name, mark, mark.offset))
        if moved.tail is not None and not moved.ended and not self.paused:
            self._tell_left(moved.tail)

    def _tell_left(self, tail: SourceTail) -> None:
        """What waits in the files of a log: only this node has it."""
        for number, life in enumerate(tail.files.open):
            left = None if life.ended else left_of(tail, life, life.mark.offset)
            if left is not None and (number or left.end - left.start > BEHIND_BYTES):
                self._output.tell(entry_of_loss(left, time.time_ns(), "left"), _nothing)

    def _told(self, name: str, mark: Mark, end: int) -> None:
        """The ledger has it; a later run need not tell it again."""
        mark.told = max(mark.told, end)
        if self._marks.get(name) is mark:
            self._marks.touch(name)

    def __len__(self) -> int:
        """Files that the ledger is to be told of."""
        return len(self._moved)


def _nothing() -> None:
    pass
