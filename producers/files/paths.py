"""Which paths a glob names, found step by step, so that a folder that appears is looked into by itself.

Components are those of Python's glob: ``*``, ``?``, ``[…]`` within a name (a leading dot must be spelt out), ``**`` any
number of folders.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from fnmatch import translate
from typing import Final

_MAGIC: Final = re.compile(r"[*?\[]")


class PathGlob:
    """One glob. ``entered`` is called with every folder whose names matter to it."""

    def __init__(self, pattern: str, entered: Callable[[str], None]) -> None:
        parts = [part for part in pattern.split("/") if part]
        fixed = next((number for number, part in enumerate(parts) if _MAGIC.search(part)), len(parts) - 1)
        self._root = "/" + "/".join(parts[:fixed])
        self._steps = [_step(part) for part in parts[fixed:]]
        self._entered = entered
        self.closed: dict[str, str] = {}
        """Folders that could not be listed when it was evaluated last -> why."""

    def all(self) -> Iterator[str]:
        """Every path that is there now. Folders that cannot be listed are left out."""
        self.closed.clear()
        yield from self._below(self._root, 0)

    def names(self, path: str) -> bool:
        """Whether a path is one of those, were it there."""
        root = self._root.rstrip("/") + "/"
        return path.startswith(root) and _fit(path[len(root) :].split("/"), self._steps)

    def root(self) -> str:
        """The longest folder that is the same for all paths."""
        return self._root

    def _below(self, folder: str, depth: int) -> Iterator[str]:
        self._entered(folder)
        try:
            with os.scandir(folder) as entries:
                found = [(entry.name, entry) for entry in entries]
        except OSError as error:
            self.closed[folder] = error.strerror or str(error)
            return
        for name, entry in sorted(found, key=lambda pair: pair[0]):
            yield from self._through(folder, name, depth, entry)

    def _through(self, folder: str, name: str, depth: int, entry: os.DirEntry[str]) -> Iterator[str]:
        step, path, last = self._steps[depth], f"{folder.rstrip('/')}/{name}", depth + 1 == len(self._steps)
        if step is None:  # **
            if not last:
                yield from self._through(folder, name, depth + 1, entry)
            if entry.is_dir(follow_symlinks=False) and not name.startswith("."):
                yield from self._below(path, depth)
            elif last and not name.startswith("."):
                yield path
        elif step(name):
            if last:
                yield path
            elif _is_folder(entry):
                yield from self._below(path, depth + 1)


def _fit(names: list[str], steps: list[Callable[[str], object] | None]) -> bool:
    """Whether the names in a path are what the steps ask for."""
    if not names or not steps:
        return not names and not steps
    step, last = steps[0], len(steps) == 1
    if step is not None:
        return bool(step(names[0])) and _fit(names[1:], steps[1:])
    if last:
        return not any(name.startswith(".") for name in names)
    return _fit(names, steps[1:]) or (not names[0].startswith(".") and _fit(names[1:], steps))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _step(part: str) -> Callable[[str], object] | None:
    """What a name must satisfy; None: any number of folders."""
    if part == "**":
        return None
    if not _MAGIC.search(part):
        return part.__eq__
    matches = re.compile(translate(part)).match
    return matches if part.startswith(".") else lambda name: not name.startswith(".") and matches(name)
