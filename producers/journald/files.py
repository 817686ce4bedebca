"""Journal files on disk: where they lie, and which of them libsystemd cannot read.

libsystemd passes over a damaged file in silence. Each file is therefore opened once alone; what fails twice, a few
seconds apart (journald may just be creating it), is warned of.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

from producers.journald.libsystemd import problem_of_file

_log = logging.getLogger(__name__)

SYSTEM_FOLDERS: Final = ("/var/log/journal", "/run/log/journal")
"""Where journald writes: lasting, and until the next start of the machine."""


class JournalFiles:
    """The files of one input."""

    def __init__(self, path: str | None, namespace: str | None) -> None:
        self._roots = (path,) if path is not None else SYSTEM_FOLDERS
        self._suffix = f".{namespace}" if namespace else ""
        self._system = path is None
        self._healthy: set[tuple[str, int]] = set()
        self._suspects: set[tuple[str, int]] = set()
        self._warned: set[tuple[str, int]] = set()

    def roots(self) -> tuple[tuple[int, int] | None, ...]:
        """Device and inode of each folder; differs when one came, went or was replaced, which libsystemd misses."""
        return tuple(_identity(root) for root in self._roots)

    def damaged(self) -> int:
        """Look at files that were not looked at before; how many are newly found to be unreadable."""
        present = {(str(file), inode) for file in self._list() if (inode := _inode(file)) is not None}
        self._healthy &= present
        self._warned &= present
        self._suspects &= present
        found = 0
        for file in present - self._healthy - self._warned:
            problem = problem_of_file(file[0])
            if problem is None:
                self._healthy.add(file)
                self._suspects.discard(file)
            elif file in self._suspects:
                self._suspects.discard(file)
                self._warned.add(file)
                found += 1
                _log.warning("journal file %s is passed over: %s", file[0], problem)
            else:
                self._suspects.add(file)
        return found

    def _list(self) -> list[Path]:
        folders = [Path(root) for root in self._roots]
        if self._system:
            folders = [each for root in folders for each in _children(root) if self._is_ours(each.name)]
        return [file for folder in folders for file in _children(folder) if file.suffix in {".journal", ".journal~"}]

    def _is_ours(self, name: str) -> bool:
        return name.endswith(self._suffix) if self._suffix else "." not in name


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _inode(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except OSError:
        return None


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)  # noqa: PTH116 - asked for often
    except OSError:
        return None
    return status.st_dev, status.st_ino
