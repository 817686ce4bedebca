"""Reading a log file at a position, plain or compressed."""

from __future__ import annotations

import os
import stat
from typing import IO, Protocol, cast

from producers.core.files.volume_paths import volume_of_path


class LogFile(Protocol):
    """An open log file. Positions count uncompressed bytes. Reading raises OSError."""

    def read(self, position: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``position``; fewer only at the end of what is there."""

    def size(self) -> int | None:
        """Bytes in it now; None where that is not known without reading."""

    def rest(self, position: int) -> None:
        """What lies before ``position`` will not be asked for soon; memory held for it can go."""

    def descriptor(self) -> int:
        """The open file's, for watching it and asking for its state."""

    def close(self) -> None:
        """Let go of it."""


class PlainLog:
    """A file that may still grow, and may be renamed or deleted while it is read."""

    __slots__ = ("_descriptor",)

    def __init__(self, path: str) -> None:
        # A named pipe in the place of a log would block here for ever.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)

    def read(self, position: int, size: int) -> bytes:
        """As LogFile says."""
        return os.pread(self._descriptor, size, position)

    def size(self) -> int:
        """As LogFile says."""
        return os.lseek(self._descriptor, 0, os.SEEK_END)  # a quarter of the cost of fstat; reading names its position

    def rest(self, position: int) -> None:
        """Nothing is held."""

    def descriptor(self) -> int:
        """As LogFile says."""
        return self._descriptor

    def close(self) -> None:
        """As LogFile says."""
        os.close(self._descriptor)


class CompressedLog:
    """A rotated file that kubelet or logrotate compressed. Read forwards; a short step back stays in memory.

    Hundreds may wait for their turn after an outage, so one that waits holds a descriptor and nothing else.
    """

    __slots__ = ("_file", "_held", "_path", "_raw", "_start")

    def __init__(self, path: str) -> None:
        self._path = path
        self._raw = open(path, "rb")  # noqa: PTH123, SIM115 - closed by close()
        self._file: IO[bytes] | None = None
        self._start = 0
        self._held = b""
        """Bytes from ``_start`` on that were read and may be asked for again."""

    def read(self, position: int, size: int) -> bytes:
        """As LogFile says."""
        if self._file is None:
            self._raw.seek(0)
            self._file = _decompressed(self._path, self._raw)
            self._start, self._held = 0, b""
        try:
            self._hold(self._file, position, size)
        except OSError:
            raise
        except Exception as error:  # zlib.error, EOFError, LZMAError …: one for each module
            raise OSError(f"badly compressed: {error}") from error
        return self._held[:size]

    def _hold(self, file: IO[bytes], position: int, size: int) -> None:
        """Have the bytes from ``position`` on at hand, as many as asked for or as there are."""
        if not self._start <= position <= self._start + len(self._held):
            file.seek(position)
            self._start, self._held = position, b""
        held = self._held[position - self._start :]
        if len(held) < size:
            held += file.read(size - len(held))
        self._start, self._held = position, held

    def size(self) -> None:
        """As LogFile says."""
        return

    def rest(self, position: int) -> None:
        """Keep only what was read beyond ``position``; when nothing was read yet, no decompressor either."""
        if position == 0:
            self._file = None
        self._held = self._held[max(0, position - self._start) :]
        self._start = max(self._start, position)

    def descriptor(self) -> int:
        """As LogFile says."""
        return self._raw.fileno()

    def close(self) -> None:
        """As LogFile says."""
        self._raw.close()


def _decompressed(path: str, raw: IO[bytes]) -> IO[bytes]:
    """The content, by the name's ending. Each module is loaded only where such a file is read."""
    if path.endswith(".bz2"):
        import bz2

        return bz2.BZ2File(raw)
    if path.endswith(".xz"):
        import lzma

        return lzma.LZMAFile(raw)
    import gzip

    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb"))


def open_log(path: str, *, compressed: bool) -> LogFile:
    """Open a log file. Raises OSError."""
    return CompressedLog(path) if compressed else PlainLog(path)


def open_in_volume(path: str, *, compressed: bool) -> LogFile:
    """Open a file of a pod's emptyDir volume. Raises OSError, also where it lies elsewhere.

    A pod may put links into its volume that lead anywhere on the node, and devices. What was opened is asked what and
    where it is, since a name may be changed between a look and the opening.
    """
    log = open_log(path, compressed=compressed)
    volume = volume_of_path(path)
    found = os.readlink(f"/proc/self/fd/{log.descriptor()}")  # noqa: PTH115 - bytes of the kernel, no path of ours
    if volume is None or not found.startswith(os.path.realpath(volume.root) + "/"):
        log.close()
        raise OSError(f"it leads out of its volume, to {found}")
    if not stat.S_ISREG(os.fstat(log.descriptor()).st_mode):
        log.close()
        raise OSError(f"{found} is no regular file")
    return log
