"""The checkpoint on disk: a SQLite database, so that a crash or a full disk leaves the last whole state.

Every value carries a checksum of its own besides, since disks lose more than SQLite can see. A value that does not fit
is left out, a file that is no database is put aside; neither is trusted.
"""

from __future__ import annotations

import fcntl
import logging
import sqlite3
import time
from pathlib import Path
from typing import Final

from producers.core.files.checkpoint import Mark, Marks, mark_from_text, mark_to_text, sealed, unsealed
from schemas.errors import SettingsError

_log = logging.getLogger(__name__)

FILE_NAME: Final = "checkpoint.db"
_VERSION: Final = 3
_ENDED: Final = "ended"
"""Name of the position that says how the last run ended."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS marks (incarnation TEXT PRIMARY KEY, mark TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (name TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;
"""


def state_on_disk(folder: Path) -> tuple[Marks, dict[str, str]]:
    """A copy of what a checkpoint holds, for looking at it while its producer may be running; empty when unreadable."""
    try:
        database = sqlite3.connect(f"file:{folder / FILE_NAME}?mode=ro", uri=True, timeout=1.0)
    except sqlite3.Error:
        return Marks(), {}
    try:
        rows = database.execute("SELECT incarnation, mark FROM marks").fetchall()
        named = database.execute("SELECT name, position FROM positions").fetchall()
    except sqlite3.Error as error:
        if (folder / FILE_NAME).exists():
            _log.warning("%s cannot be read: %s", folder / FILE_NAME, error)
        rows = named = []
    finally:
        database.close()
    marks = {name: mark_from_text(text) for name, text in rows}
    positions = {name: position for name, text in named if isinstance(position := unsealed(text), str)}
    return Marks({name: mark for name, mark in marks.items() if mark is not None}, time.monotonic()), positions


class CheckpointStore:
    """One producer's state folder, which no other process may use meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / "lock").open("a")
        except OSError as error:
            raise SettingsError(
                f"the checkpoint folder cannot be used: {error.strerror}",
                where=f"producer.state_folder: {folder}",
                remedy="name a folder on a disk that outlives this process, and that it may write to",
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise SettingsError(
                "another producer already runs on this checkpoint folder",
                where=f"producer.state_folder: {folder}",
                remedy="stop it, or give this one a folder of its own",
            ) from error
        self._database: sqlite3.Connection | None = None
        self.marks = Marks()
        self.positions: dict[str, str] = {}
        """Of inputs that are no files: name -> how far they are acknowledged."""
        self._changed_positions: set[str] = set()
        self.ended_in_order = False
        """The last run had nothing in flight when it ended."""
        self._problem = ""
        """Why the last `save` failed; empty: it did not."""

    def load(self) -> None:
        """Read what the last run left: `marks` and `positions`, empty when there is nothing or nothing trusted."""
        try:
            self._database = self._opened()
            self._read(self._database)
        except sqlite3.DatabaseError as error:
            self._put_aside(error)

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, timeout=1.0)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("PRAGMA cache_size=-256")  # KiB
        (problem,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if problem != "ok":
            database.close()
            raise sqlite3.DatabaseError(problem)
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            database.close()
            raise sqlite3.DatabaseError(f"it is of version {version}")
        database.executescript(_TABLES)
        database.execute(f"PRAGMA user_version={_VERSION}")
        return database

    def _read(self, database: sqlite3.Connection) -> None:
        marks: dict[str, Mark] = {}
        damaged = 0
        for name, text in database.execute("SELECT incarnation, mark FROM marks"):
            mark = mark_from_text(text)
            if mark is None:
                damaged += 1
            else:
                marks[name] = mark
        for name, text in database.execute("SELECT name, position FROM positions"):
            position = unsealed(text)
            if isinstance(position, str):
                self.positions[name] = position
            else:
                damaged += 1
        self.marks = Marks(marks, time.monotonic())
        self.ended_in_order = self.positions.get(_ENDED) == "in order"
        self.advance(_ENDED, "not yet")
        if damaged:
            _log.error("%s: %d entries are damaged and not trusted; their files are read from the beginning; "
                       "lines of containers keep their ids, lines of other files come twice", self._path,
                       damaged)  # fmt: skip

    def _put_aside(self, error: Exception) -> None:
        aside = self._path.with_name(f"{FILE_NAME}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
        if self._database is not None:
            self._database.close()
        _log.error("%s is damaged and not trusted (%s): it is kept as %s, files are read from their beginning; "
                   "lines of containers keep their ids, lines of other files come twice", self._path, error,
                   aside.name)  # fmt: skip
        try:
            self._path.replace(aside)
            for suffix in ("-wal", "-shm"):
                self._path.with_name(FILE_NAME + suffix).unlink(missing_ok=True)
            self._database = self._opened()
        except (OSError, sqlite3.DatabaseError) as again:
            raise SettingsError(
                f"no checkpoint can be kept: {again}", where=f"producer.state_folder: {self._path.parent}",
                remedy="look at the disk, or name another folder",
            ) from again  # fmt: skip

    def advance(self, name: str, position: str) -> None:
        """Remember a position under a name, to be written with the next `save`."""
        if self.positions.get(name) != position:
            self.positions[name] = position
            self._changed_positions.add(name)

    def end(self) -> None:
        """Remember that nothing is in flight; written with the next `save`."""
        self.advance(_ENDED, "in order")

    def is_changed(self) -> bool:
        """Whether there is something to save."""
        return bool(self.marks.changed or self._changed_positions)

    def save(self) -> bool:
        """Write what changed; False (and the last state stays) when the disk does not take it."""
        assert self._database is not None, "load() comes first"
        marks = [(name, self.marks.get(name)) for name in self.marks.changed]
        kept = [(name, mark_to_text(mark)) for name, mark in marks if mark is not None]
        gone = [(name,) for name, mark in marks if mark is None]
        positions = [(name, sealed(self.positions[name])) for name in self._changed_positions]
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?)", kept)
            self._database.executemany("DELETE FROM marks WHERE incarnation = ?", gone)
            self._database.executemany("INSERT OR REPLACE INTO positions VALUES (?, ?)", positions)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            _log.error("the checkpoint cannot be written, the last one stays: %s: %s", self._path, error)
            self._problem = str(error)
            return False
        self._problem = ""
        self.marks.changed.clear()
        self._changed_positions.clear()
        return True

    def check(self, _now: float) -> str | None:
        """For `runtime.health.Health.ready_if`: why the checkpoint is not on disk; None: it is."""
        return f"the checkpoint cannot be written: {self._path}: {self._problem}" if self._problem else None

    def _roll_back(self) -> None:
        assert self._database is not None
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    def close(self) -> None:
        """Let another producer have the folder."""
        if self._database is not None:
            self._database.close()
        self._lock.close()
