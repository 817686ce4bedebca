"""Hearing of changes: inotify where there is any, so that a node at rest costs nothing.

A folder is watched for names that come and go. A file is watched only while nothing is read from it, and only for its
next change (IN_ONESHOT): a busy file costs no events. What cannot be watched (network file systems, exhausted
fs.inotify.max_user_watches) is polled by whoever asks.
"""

from __future__ import annotations

import errno
import logging
import os
import select
from collections.abc import Hashable, Iterator
from contextlib import suppress
from typing import Final

from inotify_simple import INotify, flags, parse_events

_log = logging.getLogger(__name__)

_NAMES: Final = (
    flags.CREATE | flags.MOVED_FROM | flags.MOVED_TO | flags.DELETE | flags.DELETE_SELF | flags.MOVE_SELF
    | flags.ATTRIB | flags.ONLYDIR
)  # fmt: skip
_WRITTEN: Final = flags.MODIFY | flags.ONESHOT
_READ_BYTES: Final = 256 * 1024


class Watch:
    """The node's inotify, and a bell that other threads may ring."""

    def __init__(self, *, use_inotify: bool = True) -> None:
        self._inotify: INotify | None = None
        self._watched: dict[int, tuple[str, Hashable]] = {}
        """Watch descriptor -> what it is (folder, file) and whose."""
        self._folders: dict[str, int] = {}
        self._bell_out, self._bell_in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._bell_out, select.POLLIN)
        self._complained = False
        self.overflowed = False
        """Changes were missed; everything must be looked at."""
        if use_inotify:
            self._open()

    def _open(self) -> None:
        try:
            self._inotify = INotify(nonblocking=True)
        except OSError as error:
            _log.warning("inotify cannot be used, files are polled: %s", error.strerror)
            return
        self._poll.register(self._inotify.fileno(), select.POLLIN)

    def folder(self, path: str) -> bool:
        """Watch the names in a folder; whether that works. Watching it again does nothing."""
        if path in self._folders:
            return True
        wd = self._add(path, _NAMES)
        if wd is None:
            return False
        self._folders[path] = wd
        self._watched[wd] = ("folder", path)
        return True

    def is_watched(self, path: str) -> bool:
        """Whether a folder is being watched."""
        return path in self._folders

    def file(self, descriptor: int, owner: Hashable) -> bool:
        """Watch for the next change of an open file; whether that works."""
        return self._once(f"/proc/self/fd/{descriptor}", "file", owner)

    def path(self, path: str, folder: str) -> bool:
        """Watch for the next change of a file that is not open, on behalf of its folder."""
        return self._once(path, "folder", folder)

    def _once(self, path: str, kind: str, owner: Hashable) -> bool:
        wd = self._add(path, _WRITTEN)
        if wd is not None:
            self._watched[wd] = (kind, owner)
        return wd is not None

    def _add(self, path: str, mask: int) -> int | None:
        if self._inotify is None:
            return None
        try:
            return int(self._inotify.add_watch(path, mask))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.ENOMEM) and not self._complained:
                self._complained = True
                _log.warning(
                    "no more inotify watches: the rest is polled; raise fs.inotify.max_user_watches (now %s)",
                    _limit("max_user_watches"),
                )
            return None

    def wait(self, timeout: float) -> Iterator[tuple[str, Hashable, str]]:
        """What changed, waiting up to ``timeout`` seconds for it: kind, whose, and in a folder the name.

        A folder without a name is gone or was replaced.
        """
        for descriptor, _ in self._poll.poll(max(0, round(timeout * 1000))):
            if descriptor == self._bell_out:
                os.read(self._bell_out, 4096)
            else:
                yield from self._events()

    def _events(self) -> Iterator[tuple[str, Hashable, str]]:
        assert self._inotify is not None
        for wd, mask, _, name in parse_events(os.read(self._inotify.fileno(), _READ_BYTES)):
            if mask & flags.Q_OVERFLOW:
                self.overflowed = True
                continue
            found = self._watched.get(wd)
            if mask & flags.IGNORED:
                self._forget(wd)
            elif found is not None:
                yield found[0], found[1], name

    def _forget(self, wd: int) -> None:
        kind, owner = self._watched.pop(wd, ("", ""))
        if kind == "folder" and self._folders.get(str(owner)) == wd:
            del self._folders[str(owner)]

    def ring(self) -> None:
        """End a `wait`; from any thread."""
        with suppress(BlockingIOError):  # it rings already
            os.write(self._bell_in, b"!")

    def close(self) -> None:
        """Let go of everything."""
        if self._inotify is not None:
            self._inotify.close()
        os.close(self._bell_in)
        os.close(self._bell_out)


def _limit(name: str) -> str:
    try:
        with open(f"/proc/sys/fs/inotify/{name}", encoding="ascii") as file:  # noqa: PTH123
            return file.read().strip()
    except OSError:
        return "unknown"
