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

    def rest(self, position: int) -> None:
        """What lies before ``position`` will not be asked for soon; memory held for it can go."""

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

    def rest(self, position: int) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """As LogFile says."""
        os.close(self._descriptor)


class GzipLog:
    """A rotated file that kubelet or logrotate compressed. Read forwards; a short step back stays in memory.

    Hundreds may wait for their turn after an outage, so one that waits holds a descriptor and nothing else.
    """

    def __init__(self, path: str) -> None:
        self._raw = open(path, "rb")  # noqa: PTH123, SIM115 - closed by close()
        self._file: gzip.GzipFile | None = None
        self._start = 0
        self._held = b""
        """Bytes from ``_start`` on that were read and may be asked for again."""

    def read(self, position: int, size: int) -> bytes:
        """As LogFile says."""
        if self._file is None:
            self._raw.seek(0)
            self._file = gzip.GzipFile(fileobj=self._raw, mode="rb")
            self._start, self._held = 0, b""
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

    def rest(self, position: int) -> None:
        """Keep only what was read beyond ``position``; when nothing was read yet, no decompressor either."""
        if position == 0:
            self._file = None
        self._held = self._held[max(0, position - self._start) :]
        self._start = max(self._start, position)

    def close(self) -> None:
        """As LogFile says."""
        self._raw.close()


def open_log(path: str) -> LogFile:
    """Open a log file by the ending of its name. Raises OSError."""
    return GzipLog(path) if path.endswith(".gz") else PlainLog(path)
