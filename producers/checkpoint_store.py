"""The checkpoint on disk: written whole to a new file, synced, and renamed over the old one."""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

from producers.core.checkpoint import Marks, from_text, to_text
from schemas.errors import SettingsError

_log = logging.getLogger(__name__)


class CheckpointStore:
    """One producer's state folder, which no other process may use meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "checkpoint"
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

    def load(self) -> Marks:
        """The marks of the last run; none when there are none or when they are damaged."""
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return {}
        marks = from_text(text)
        if marks is None:
            _log.error(
                "%s is damaged and not trusted: files are read from their beginning; ids keep records single",
                self._path,
            )
            return {}
        return marks

    def save(self, marks: Marks) -> bool:
        """Write the marks; False (and the old ones stay) when the disk does not take them."""
        new = self._path.with_suffix(".new")
        try:
            with new.open("w", encoding="utf-8") as file:
                file.write(to_text(marks))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
            self._sync_folder()
        except OSError as error:
            _log.error("the checkpoint cannot be written, the last one stays: %s: %s", new, error.strerror)
            return False
        return True

    def _sync_folder(self) -> None:
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Let another producer have the folder."""
        self._lock.close()
