"""Reading the journal in order and in blocks, from a position, so that nothing is passed over unseen.

libsystemd merges the files of a journal and goes by time and number: what turns up behind its place it never shows. Two
things can bring that about near the journal's end: an entry is written to one file while the next one, in another file,
is being read; and a file appears while others are read on. So every entry is stepped on, wanted or not, and a block of
young entries in which a number is missing is read a second time: whatever is numbered below the block's last entry had
been written by then.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from producers.core.journald.export import (
    MARK,
    Cursor,
    Field,
    cut_to,
    export_entry,
    parse_cursor,
    unit_of,
)
from producers.core.journald.gaps import Missing, hole, leaves_doubt
from producers.core.journald.select import Selection
from producers.journald.block import Block
from producers.journald.files import JournalFiles
from producers.journald.libsystemd import INVALIDATE, Journal

EMPTY: Final = "empty"
"""Position behind the last entry of a journal that has none: all that comes is new."""

STEPS_PER_BLOCK: Final = 5_000
"""Entries stepped on for one block at most, so that a long stretch of unwanted ones does not delay a stop."""

_LOOK_AHEAD: Final = 100_000
"""How many entries are searched for the numbering of one that is gone."""

_FILES_INTERVAL_SECS: Final = 3.0

StartAt = Literal["beginning", "boot", "end"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at a time, in bytes."""

    chunk_max_bytes: int
    entry_max_bytes: int


class JournalReader:
    """One place in one journal, for one thread. Everything may raise OSError, after which `open` begins anew."""

    def __init__(
        self,
        path: str | None,
        namespace: str | None,
        selection: Selection,
        limits: Limits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._namespace = path, namespace
        self._selection, self._limits, self._clock = selection, limits, clock
        self._files = JournalFiles(path, namespace)
        self._journal: Journal | None = None
        self._roots = self._files.roots()
        self._next_look = 0.0
        self._last: Cursor | None = None
        self._gone: Cursor | None = None
        """The last entry read, when it is not there any more and it is not known yet what else is gone."""
        self._on_unread = False
        """libsystemd stands on an entry that was not read yet."""
        self._awake = False

    def open(self, position: str | None, start_at: StartAt) -> str | None:
        """Open the journal where an earlier run ended, or where the settings say; the position then."""
        self.close()
        self._roots = self._files.roots()
        # One byte more than is allowed shows that a value was cut.
        self._journal = journal = Journal(self._path, self._namespace, self._limits.entry_max_bytes + 1)
        journal.descriptor()  # from now on libsystemd is told of new files
        self._last = parse_cursor(position) if position else None
        self._gone, self._on_unread = None, False
        if position is None and start_at != "beginning":
            position = self._first_position(journal, start_at)
            self._last = parse_cursor(position)
        self._return_to_last(journal)
        return position

    def reopen(self) -> None:
        """Open again where reading stands."""
        self.open(self._last.text if self._last else EMPTY, "beginning")

    def close(self) -> None:
        """Let go of all files."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    @staticmethod
    def _first_position(journal: Journal, start_at: StartAt) -> str:
        """The entry behind which a new input begins."""
        if start_at == "boot":
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
                journal.match_only(f"_BOOT_ID={file.read().strip().replace('-', '')}".encode())
            journal.seek_head()
            first = journal.cursor() if journal.next() else None
            journal.match_only(None)
            if first is not None:
                journal.seek_cursor(first)
                return journal.cursor() if journal.next() and journal.previous() else EMPTY
        journal.seek_tail()
        return journal.cursor() if journal.previous() else EMPTY

    def _return_to_last(self, journal: Journal) -> None:
        """Stand on the last entry read, else on the first behind it."""
        self._on_unread = False
        if self._last is None:
            journal.seek_head()
            return
        journal.seek_cursor(self._last.text)
        if not journal.next():
            self._gone = self._last
            return
        found = parse_cursor(journal.cursor())
        if found is None or not found.same_entry(self._last):
            self._gone, self._on_unread = self._last, True
        else:
            self._last = found

    def read(self) -> Block:
        """The next block of entries; none when there is nothing new."""
        if self._journal is None:
            raise OSError(0, "the journal is not open")
        began = self._clock()
        self._notice_files(self._journal, began)
        before = self._last
        block = self._pass(self._journal, began, until=None)
        if block.doubtful and block.last is not None:
            # Files that came since are noticed, and the same stretch is read again; now it is complete.
            end, self._last = block.last, before
            self._journal.process()
            self._return_to_last(self._journal)
            block = self._pass(self._journal, began, until=end)
        block.damaged_files = self._look_at_files(began)
        return block

    def wait(self, interval_secs: float) -> None:
        """Return when there is something new, a file has changed, or it is time to look at the files.

        journald tells of entries only a quarter of a second after it wrote them, so the end is looked at in between;
        here and not from the event loop, for waking two threads costs ten times as much as the look.
        """
        if self._journal is None or self._on_unread:
            return
        changes = select.poll()
        changes.register(self._journal.descriptor(), select.POLLIN)
        end = time.monotonic() + _FILES_INTERVAL_SECS
        while not self._awake and time.monotonic() < end and not changes.poll(interval_secs * 1000):
            if self._journal.next():
                self._on_unread = True
                return

    def wake(self) -> None:
        """Let `wait` return soon, now and ever after. The one method that may be called from any thread."""
        self._awake = True

    def _notice_files(self, journal: Journal, now: float) -> None:
        if journal.process() == INVALIDATE:
            self._next_look = min(self._next_look, now)
            self._return_to_last(journal)

    def _look_at_files(self, now: float) -> int:
        if 0 <= self._next_look - now <= _FILES_INTERVAL_SECS:
            return 0
        self._next_look = now + _FILES_INTERVAL_SECS
        if self._files.roots() != self._roots:
            self.reopen()
        return self._files.damaged()

    def _pass(self, journal: Journal, began: float, until: Cursor | None) -> Block:
        block = Block(more=True)
        for _ in range(STEPS_PER_BLOCK):
            if not self._step(journal):
                block.more = False
                break
            cursor = parse_cursor(journal.cursor())
            if cursor is None:
                raise OSError(0, "libsystemd gave a cursor of an unknown form")
            self._account(journal, cursor, block)
            if not self._take(journal, cursor, block):
                self._on_unread = True
                break
            if self._last is not None:
                block.doubtful |= leaves_doubt(self._last, cursor, began)
                block.holes += hole(self._last, cursor)
            self._last = block.last = cursor
            if until is not None and cursor.same_entry(until):
                break
        block.position = block.last.text if block.last else None
        return block

    def _account(self, journal: Journal, first: Cursor, block: Block) -> None:
        """If the last entry read is gone, find out what went with it; ``first`` is the first entry behind it."""
        if self._gone is not None:
            block.missing.append(self._explain(journal, self._gone, first))
            self._gone = self._last = None  # what is missing is told already, and is no hole

    def _step(self, journal: Journal) -> bool:
        if self._on_unread:
            self._on_unread = False
            return True
        return journal.next()

    def _explain(self, journal: Journal, gone: Cursor, first: Cursor) -> Missing:
        """What was removed between the last entry read and the first one behind it, where libsystemd stands."""
        if first.seqnum == gone.seqnum + 1 or first.seqnum_id == gone.seqnum_id:
            return Missing.between(gone, first)
        found = None
        for _ in range(_LOOK_AHEAD):
            if not journal.next():
                break
            cursor = parse_cursor(journal.cursor())
            if cursor is not None and cursor.seqnum_id == gone.seqnum_id:
                found = cursor
                break
        journal.seek_cursor(first.text)
        journal.next()
        return Missing.between(gone, found) if found else Missing.unknown(gone, first)

    def _take(self, journal: Journal, cursor: Cursor, block: Block) -> bool:
        """Put the entry at hand into the block if it is selected; False: it must wait for the next."""
        unit = unit_of(journal.first_value)
        if not self._selection.takes_unit(unit):
            return True
        fields, lacking = self._fields(journal)
        if not self._selection.takes(fields):
            return True
        if lacking:
            fields.append(MARK + b"=" + lacking.encode())
        entry = export_entry(cursor, fields)
        if block.size and block.size + len(entry) > self._limits.chunk_max_bytes:
            return False
        block.incomplete += bool(lacking)
        block.add(unit, cursor, entry)
        return True

    def _fields(self, journal: Journal) -> tuple[list[Field], str]:
        """All fields of the entry at hand, and what is missing of them; never more than the limit in memory at once."""
        fields: list[Field] = []
        size, names, problems = 0, dict[str, None](), list[str]()
        try:
            for each in journal.fields():
                fields.append(each)
                size += len(each)
                if size > self._limits.entry_max_bytes:
                    fields, cut = cut_to(fields, self._limits.entry_max_bytes)
                    names.update(dict.fromkeys(cut))
                    size = sum(map(len, fields))
        except OSError as error:
            problems.append(f"unreadable: {error.strerror}")
        if names:
            problems.insert(0, f"cut: {', '.join(names)}")
        return fields, "; ".join(problems)
