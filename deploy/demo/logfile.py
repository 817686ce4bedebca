"""The log file of one running container: both its streams in one file, reopened after a rotation.

What containerd does when kubelet asks it to reopen: whatever was read so far, even half a line, ends in the old file
(half a line as P), and what follows goes to a new file under the same name. Formats with `cri`.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, BinaryIO, Final

from deploy.demo.cri import Piece, RisingTime, Splitter, Stream, encode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE_MODE: Final = 0o640  # as containerd creates container logs


def _open(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE), "ab")


class ContainerLog:
    """Writes CRI lines to `path`; safe to use from several threads. Times are nanoseconds since 1970.

    Every method may raise OSError (disk full, folder removed).
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.Lock()
        self._time = RisingTime()
        self._splitters: dict[Stream, Splitter] = {"stdout": Splitter("stdout"), "stderr": Splitter("stderr")}
        self._file = _open(path)

    def write(self, stream: Stream, chunk: bytes, now_ns: int) -> None:
        """Take bytes as the program wrote them and write the lines that they complete."""
        with self._lock:
            self._append(self._splitters[stream].feed(chunk), now_ns)

    def write_pieces(self, pieces: Sequence[Piece], now_ns: int) -> int:
        """Write lines that are cut already; returns the bytes written."""
        with self._lock:
            return self._append(pieces, now_ns)

    def write_verbatim(self, chunk: bytes) -> int:
        """Write bytes that need not be CRI lines at all: what a damaged file holds. Returns their number."""
        with self._lock:
            return self._flush(chunk)

    def reopen(self, now_ns: int) -> None:
        """Leave the file, which has been renamed, and go on in a new one under the old name."""
        with self._lock:
            new = _open(self.path)
            self._end_lines(now_ns, partial=True)
            self._file.close()
            self._file = new

    def close(self, now_ns: int, *, partial: bool = True) -> None:
        """Write what has no line end (as P, or F where `partial` is false) and close."""
        with self._lock:
            self._end_lines(now_ns, partial=partial)
            self._file.close()

    def _end_lines(self, now_ns: int, *, partial: bool) -> None:
        for splitter in self._splitters.values():
            self._append(splitter.finish(partial=partial), now_ns)

    def _append(self, pieces: Sequence[Piece], now_ns: int) -> int:
        return self._flush(encode(pieces, self._time.take(len(pieces), now_ns))) if pieces else 0

    def _flush(self, chunk: bytes) -> int:
        self._file.write(chunk)
        self._file.flush()
        return len(chunk)
