"""What an earlier run has left: files that it had not finished, and bytes of which the ledger may not know.

Only when all files have been met is it known which of them are gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from producers.chunk import Loss, Source, source_of

if TYPE_CHECKING:
    from producers.account import Account
    from producers.core.files.checkpoint import Mark, Marks
    from producers.files.tail import SourceTail

EARLIER_SECS: Final = 2.0
"""How long after its start a producer has met every file there is; what it has not met by then is gone."""

AGAIN_SECS: Final = 30.0
"""How often what could not be read then is looked at again."""


class Earlier:
    """The incarnations of the checkpoint that this run has to look after."""

    def __init__(
        self, marks: Marks, account: Account, source_at: Callable[[Mark], Source | None], node: str,
        report: Callable[[str, Loss], None],
    ) -> None:  # fmt: skip
        """``source_at``: whose file a mark is about, by its path; ``report`` is given an incarnation and its loss."""
        self._marks = marks
        self._account = account
        self._source_at = source_at
        self._node = node
        self._report = report
        self._left_open = {name for name, mark in marks.items() if not mark.ended}
        """Those that no scan finds are lost."""
        self._untold = {name for name, mark in marks.items() if mark.offset > mark.told}
        self._at: float | None = None
        """When those that were not found are looked through."""

    def look(self, now: float, tails: Callable[[], Iterable[SourceTail]]) -> None:
        """Report what is lost, once it is known. ``now``: monotonic seconds; ``tails``: all logs found so far."""
        if not self._left_open and not self._untold:
            return
        if self._at is None:
            self._at = now + EARLIER_SECS
        found = {tail.source["id"]: tail for tail in tails()}
        self._left_open.difference_update(name for tail in found.values() for name in tail.known())
        if now < self._at:
            return
        self._at = now + AGAIN_SECS
        self._tell(found, now)
        for name in list(self._left_open):
            mark = self._marks.get(name)
            tail = None if mark is None else found.get(mark.source_id)
            if mark is None or mark.ended:
                self._left_open.discard(name)
            elif tail is None or not tail.files.complaints:  # what cannot be read now may be readable later
                self._left_open.discard(name)
                self._report(name, self._vanished(name, mark, tail))

    def _tell(self, found: dict[str, SourceTail], now: float) -> None:
        for name in self._untold:
            mark = self._marks.get(name)
            if mark is not None:
                self._account.catch_up(name, self._source_of(mark, found.get(mark.source_id)), now)
        self._untold.clear()

    def _vanished(self, name: str, mark: Mark, tail: SourceTail | None) -> Loss:
        following = None if tail is None else tail.files.oldest
        seen = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(mark.seen_at))
        return Loss(
            self._source_of(mark, tail), mark.path, bytes.fromhex(name), mark.offset, max(mark.size, mark.offset),
            "removed", following, f"it was removed while no producer ran; last seen {seen}",
        )  # fmt: skip

    def _source_of(self, mark: Mark, tail: SourceTail | None) -> Source:
        """By its path, where none of its files is there any more; else no more than its id is known."""
        if tail is not None:
            return tail.source
        return self._source_at(mark) or source_of(mark.source_id, self._node, "", "")
