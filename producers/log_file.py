"""Reading a log file at a position, plain or compressed."""

from __future__ import annotations

import gzip
import os
from typing import Protocol


class LogFile(Protocol):
    """An open log file. Positions count uncompressed bytes."""

    def read(self, position: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``position``; fewer only at the end of what is there."""

    def size(self) -> int | None:
        """Bytes in it now; None where that is not known without reading."""

    def close(self) -> None:
        """Let go of it."""


class PlainLog:
    """A file that may still grow, and may be renamed or deleted while it is read."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, position: int, size: int) -> bytes:
        """As LogFile says."""
        return os.pread(self._descriptor, size, position)

    def size(self) -> int:
        """As LogFile says."""
        return os.fstat(self._descriptor).st_size

    def close(self) -> None:
        """As LogFile says."""
        os.close(self._descriptor)


class GzipLog:
    """A rotated file that kubelet or logrotate compressed. Read forwards; a short step back stays in memory."""

    def __init__(self, path: str) -> None:
        self._file = gzip.open(path, "rb")  # noqa: SIM115 - closed by close()
        self._start = 0
        self._held = b""
        """Bytes from ``_start`` on that were read and may be asked for again."""

    def read(self, position: int, size: int) -> bytes:
        """As LogFile says."""
        if not self._start <= position <= self._start + len(self._held):
            self._file.seek(position)
            self._start, self._held = position, b""
        held = self._held[position - self._start :]
        if len(held) < size:
            held += self._file.read(size - len(held))
        self._start, self._held = position, held
        return held[:size]

    def size(self) -> None:
        """As LogFile says."""
        return

    def close(self) -> None:
        """As LogFile says."""
        self._file.close()


def open_log(path: str) -> LogFile:
    """Open a log file by the ending of its name. Raises OSError."""
    return GzipLog(path) if path.endswith(".gz") else PlainLog(path)
