"""Files that are appended to: a bounded number of them open, each put aside when it is large or old enough."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sinks.file.state import FileEnd, sync_folder

if TYPE_CHECKING:
    from schemas.settings import FileSink

_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
"""Not blocking, so that a pipe without a reader under the name is an error and not an endless wait."""
_MODE: Final = 0o640
_ASIDE: Final = re.compile(r"\.\d{8}-\d{6}(?:-(\d{6}))?$")


@dataclass
class _Open:
    descriptor: int
    inode: int
    since: float


class Files:
    """The files of a sink. All methods raise OSError."""

    def __init__(self, settings: FileSink) -> None:
        self._settings = settings
        self._open: OrderedDict[str, _Open] = OrderedDict()
        """Those that were written last stand last."""

    @property
    def paths(self) -> set[str]:
        """Those that are open."""
        return set(self._open)

    def end(self, path: str, known: FileEnd | None, now: float) -> FileEnd:
        """How far a file is written that is going to be appended to; one that is due is put aside before."""
        file = self._opened(path, known, now)
        length = os.fstat(file.descriptor).st_size
        if length and self._is_due(length, now - file.since):
            self._put_aside(path, now)
            file, length = self._opened(path, None, now), 0
        return FileEnd(file.inode, length, file.since)

    def append(self, path: str, data: bytes, known: FileEnd) -> FileEnd:
        """Write data behind a file's end; returns its new end."""
        file = self._opened(path, known, known.since)
        if file.inode != known.inode:
            raise FileNotFoundError(errno.ENOENT, "moved away while it was written", path)
        left = memoryview(data)
        while left:
            left = left[os.write(file.descriptor, left) :]
        if self._settings.fsync:
            os.fsync(file.descriptor)
        return FileEnd(file.inode, known.length + len(data), known.since)

    def close(self) -> None:
        """Close all; what is written next is opened anew."""
        while self._open:
            os.close(self._open.popitem()[1].descriptor)

    def _opened(self, path: str, known: FileEnd | None, now: float) -> _Open:
        """The file that has this name now."""
        file = self._open.get(path)
        if file is not None and not _is_named(path, file.inode):
            os.close(self._open.pop(path).descriptor)
            file = None
        if file is None:
            while len(self._open) >= self._settings.open_files_max:
                os.close(self._open.popitem(last=False)[1].descriptor)
            file = self._open[path] = self._new(path, known, now)
        self._open.move_to_end(path)
        return file

    def _new(self, path: str, known: FileEnd | None, now: float) -> _Open:
        folder = Path(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, _FLAGS, _MODE)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file", path)
        if found.st_size == 0 and self._settings.fsync:
            sync_folder(folder)
        since = known.since if known is not None and known.inode == found.st_ino else now
        return _Open(descriptor, found.st_ino, since)

    def _is_due(self, length: int, age: float) -> bool:
        most, oldest = self._settings.rotate_max_bytes, self._settings.rotate_max_age_secs
        return (most is not None and length >= most) or (oldest is not None and age >= oldest)

    def _put_aside(self, path: str, now: float) -> None:
        os.close(self._open.pop(path).descriptor)
        stem = f"{path}.{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}"
        aside = put_aside(path)
        # Of one second the later one sorts behind, also where the earlier ones were removed meanwhile.
        number = 1 + max((_number(str(each)) for each in aside if str(each).startswith(stem)), default=-1)
        name = f"{stem}-{number:06d}" if number else stem
        Path(path).rename(name)
        if self._settings.rotated_files_max is not None:
            for each in [*aside, Path(name)][: max(0, len(aside) + 1 - self._settings.rotated_files_max)]:
                each.unlink(missing_ok=True)


def _number(name: str) -> int:
    """Which of one second a file is that was put aside."""
    found = _ASIDE.search(name[-len(".YYYYmmdd-HHMMSS-000000") :])
    return int(found[1] or 0) if found else 0


def put_aside(path: str) -> list[Path]:
    """The files that were put aside for a path, oldest first."""
    live = Path(path)
    named = (each for each in live.parent.iterdir() if each.name.startswith(live.name))
    return sorted(each for each in named if _ASIDE.fullmatch(each.name[len(live.name) :]))


def cut(ends: Mapping[str, FileEnd]) -> None:
    """Cut files to the lengths at which they were known to be good, also those that were renamed since."""
    for path, end in ends.items():
        for place in _places(path, end.inode):
            if place.stat().st_size > end.length:
                os.truncate(place, end.length)


def _places(path: str, inode: int) -> list[Path]:
    """Where a file is now: under its name, or under another in its folder; nowhere, when it is gone."""
    if _is_named(path, inode):
        return [Path(path)]
    folder = Path(path).parent
    return [each for each in folder.iterdir() if _is_named(str(each), inode)] if folder.is_dir() else []


def _is_named(path: str, inode: int) -> bool:
    try:
        return Path(path).stat().st_ino == inode
    except FileNotFoundError:
        return False
