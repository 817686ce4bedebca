"""What an earlier run has left: files that it had not finished, and bytes of which the ledger may not know.

Only when all files have been met is it known which of them are gone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Protocol

from producers.chunk import Loss, Source, source_of

if TYPE_CHECKING:
    from producers.account import Account
    from producers.core.files.checkpoint import Mark, Marks
    from producers.files.tail import SourceTail

EARLIER_SECS: Final = 2.0
"""How long after its start a producer has met every file there is; what it has not met by then is gone."""

AGAIN_SECS: Final = 30.0
"""How often what could not be read then is looked at again."""


class Files(Protocol):
    """What is known of files by their marks, and where losses go."""

    def source_at(self, mark: Mark) -> Source | None:
        """Whose file a mark is about, by its path; None: that cannot be told."""

    def has_files(self, mark: Mark) -> bool:
        """Whether files of a mark's log are there, though it may not have been found."""

    def report_earlier(self, name: str, loss: Loss) -> None:
        """An incarnation is lost."""


class Earlier:
    """The incarnations of the checkpoint that this run has to look after."""

    def __init__(self, marks: Marks, account: Account, files: Files, node: str) -> None:
        self._marks = marks
        self._account = account
        self._files = files
        self._node = node
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
        missing = frozenset(self._left_open)
        for name in missing:
            mark = self._marks.get(name)
            if mark is None or mark.ended:
                self._left_open.discard(name)
            elif self._is_gone(mark, tail := found.get(mark.source_id)):
                self._left_open.discard(name)
                self._files.report_earlier(name, self._vanished(name, mark, tail, missing))

    def _is_gone(self, mark: Mark, tail: SourceTail | None) -> bool:
        """What cannot be read now may be readable later; a log that no link or live file leads to yet may be found."""
        return not self._files.has_files(mark) if tail is None else not tail.files.complaints

    def _tell(self, found: dict[str, SourceTail], now: float) -> None:
        for name in self._untold:
            mark = self._marks.get(name)
            if mark is not None:
                self._account.catch_up(name, self._source_of(mark, found.get(mark.source_id)), now)
        self._untold.clear()

    def _vanished(self, name: str, mark: Mark, tail: SourceTail | None, missing: frozenset[str]) -> Loss:
        seen = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(mark.seen_at))
        source = self._source_of(mark, tail)
        # kubelet never truncates: under a container's name the same inode is another file's
        truncated = source["framing"] != "cri" and _has_its_inode(mark)
        how = "truncated, or removed and its inode used again," if truncated else "removed"
        return Loss(
            source, mark.path, bytes.fromhex(name), mark.offset, max(mark.size, mark.offset),
            "truncated" if truncated else "removed", self._following(mark, tail, missing),
            f"it was {how} while no producer ran; last seen {seen}",
        )  # fmt: skip

    def _following(self, lost: Mark, tail: SourceTail | None, missing: frozenset[str]) -> bytes | None:
        """The first incarnation behind a lost one of which something was, or can be, read.

        That may be one that a killed producer has sent. ``missing``: those of which nothing is there.
        """
        later = [
            (mark.order, name)
            for name, mark in self._marks.of_source(lost.source_id).items()
            if mark.order > lost.order and (name not in missing or mark.offset > mark.begun)
        ]
        if lost.order and later:
            return bytes.fromhex(min(later)[1])
        return None if tail is None else tail.files.oldest

    def _source_of(self, mark: Mark, tail: SourceTail | None) -> Source:
        """By its path, where none of its files is there any more; else no more than its id is known."""
        if tail is not None:
            return tail.source
        return self._files.source_at(mark) or source_of(mark.source_id, self._node, "", "")


def _has_its_inode(mark: Mark) -> bool:
    """Whether the file that has the name now is, as far as its inode tells, the one that was read under it."""
    try:
        return os.stat(mark.path).st_ino == mark.inode != 0  # noqa: PTH116 - a path of a mark
    except OSError:
        return False
