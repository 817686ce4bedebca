"""An input that reads files: finds them, keeps one tail for each log, and says which have something to read.

Delivery: every byte at least once and in order for each log; record ids make the repetitions harmless. What vanishes
before it is read is reported.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Final

from producers.files.folder_times import changed_at, settled
from producers.files.layouts import Layout, Place
from producers.files.paths import PathGlob
from producers.files.tail import SourceTail
from producers.files.unfinished import has_files, place_of, unfinished_places
from producers.polling import next_round

if TYPE_CHECKING:
    from producers.chunk import Source
    from producers.core.files.checkpoint import Marks
    from producers.files.life import ReadLimits
    from producers.files.watch import Watch
    from schemas.settings import ContainerFilesInput, DockerFilesInput, FilesInput

_log = logging.getLogger(__name__)

WALK_SHARE: Final = 20
"""The globs are walked again no sooner than so many times as long as it took: at most 5 % of a core."""

LOOK_SHARE: Final = 500
"""The same for looking whether folders have changed of which nothing is heard: at most 0.2 %."""

AGAIN_SECS: Final = 1.0
"""When the globs are walked after a folder of logs has gone: links to it may still be there, and it may come back, as
one does that is mounted anew. Of neither anything is heard."""

WALK_SECS: Final = 120.0
"""How often the globs are walked though no folder seems to have changed: a link in the middle of a path may have."""

LIST_SECS: Final = 600.0
"""How often a folder is listed though nothing in it seems to have changed."""


class FileInput:
    """All files that one input names."""

    def __init__(  # what it reads, by which rules, and where it remembers
        self,
        name: str,
        settings: ContainerFilesInput | DockerFilesInput | FilesInput,
        layout: Layout,
        marks: Marks,
        limits: ReadLimits,
        watch: Watch,
    ) -> None:
        self.name = name
        self._settings = settings
        self._layout = layout
        self._marks = marks
        self._limits = limits
        self._watch = watch
        patterns = settings.path if isinstance(settings.path, tuple) else (settings.path,)
        self._globs = [PathGlob(pattern, self._enter) for pattern in patterns]
        self._patterns = patterns
        self._entered: dict[str, int | None] = {}
        """Folders that the globs look into -> modification time; None: changes are heard of."""
        self._places: dict[str, tuple[str, Place | str]] = {}
        """Path -> what it linked to when it was met, and the log it belongs to or why it belongs to none."""
        self._folders: dict[str, dict[str, SourceTail]] = {}
        """Folder -> name of a log in it -> its tail."""
        self._listed: dict[str, tuple[float, int]] = {}
        """Folder -> when it was listed last, and its modification time then."""
        self._dirty: set[str] = set()
        """Folders of which something was heard, or that are not settled yet."""
        self._unheard: set[str] = set()
        """Folders that cannot be watched."""
        self._has_met_unfinished = False
        self._next_walk = 0.0
        self._soonest_walk = self._next_look = 0.0

    @property
    def starts_at_end(self) -> bool:
        """Whether what is there when this input runs for the first time is skipped."""
        return self._settings.start_at == "end"

    # -- finding -------------------------------------------------------------------------------------------------------

    def walk(self, now: float) -> None:
        """Evaluate the globs. ``now`` is monotonic."""
        began = time.thread_time()  # not the time that others had the processor meanwhile
        self._entered = {}
        found = {path: None for glob in self._globs for path in glob.all() if not self._is_excluded(path)}
        for path in found:
            self._meet(path)
        for path in self._places.keys() - found.keys():
            del self._places[path]
        self._next_walk = now + WALK_SECS
        self._soonest_walk = next_round(now, time.thread_time() - began, WALK_SHARE)

    @property
    def next_walk(self) -> float:
        """When the globs are evaluated again at the latest, which may have been put off."""
        return max(self._next_walk, self._soonest_walk)

    def _enter(self, folder: str) -> None:
        heard = self._watch.folder(folder)
        self._entered[folder] = None if heard else settled(changed_at(folder), time.time())

    def _look_for_names(self, now: float) -> None:
        """Have the globs walked when a folder has changed of which nothing is heard."""
        began = time.perf_counter()
        unheard = ((folder, before) for folder, before in self._entered.items() if before is not None)
        if any(changed_at(folder) != before for folder, before in unheard):
            self._next_walk = now
        self._next_look = next_round(now, time.perf_counter() - began, LOOK_SHARE)

    def _is_excluded(self, path: str) -> bool:
        return any(fnmatch(path, pattern) for pattern in self._settings.exclude)

    def _meet(self, path: str) -> None:
        try:
            link = os.readlink(path)  # noqa: PTH115 - hot for many files
        except OSError:
            link = ""
        known = self._places.get(path)
        place = known[1] if known is not None and known[0] == link else ""
        if isinstance(place, Place):
            if place.log in self._folders.get(place.folder, {}):
                return
        else:  # what belonged to no log may do so by now
            place = self._layout.place(path)
            if link and isinstance(place, Place) and place.folder == os.path.dirname(path) and self._is_read(path):  # noqa: PTH120
                place = f"it is a link to {os.path.realpath(path)}, which is read under its own name"
            self._places[path] = link, place
        if isinstance(place, str):
            if known is None or known[1] != place:
                _log.warning("%s is not read: %s", path, place)
            return
        self._add(place)

    def _is_read(self, link: str) -> bool:
        """Whether what a link leads to is read by this input anyway."""
        target = os.path.realpath(link)
        return any(fnmatch(target, pattern) for pattern in self._patterns) and not self._is_excluded(target)

    def _add(self, place: Place) -> None:
        logs = self._folders.setdefault(place.folder, {})
        tail = logs.get(place.log)
        if tail is None:
            tail = logs[place.log] = SourceTail(
                self._layout.source(place), place.folder, self._marks, self._limits, self._layout.form
            )
            self._watch.folder(place.folder)
            self._dirty.add(place.folder)
        if place.container_id:
            tail.container_ids[place.restart] = place.container_id

    def _is_named(self, path: str) -> bool:
        """Whether the settings name a path, be there a file or not."""
        return any(glob.names(path) for glob in self._globs) and not self._is_excluded(path)

    # -- looking -------------------------------------------------------------------------------------------------------

    def changed(self, folder: str, name: str) -> None:
        """Names in a folder changed; an empty name: the folder itself."""
        if folder in self._folders:
            self._dirty.add(folder)
            self._listed.pop(folder, None)  # a file may have grown, which the folder's time does not show
        if folder in self._entered and (folder not in self._folders or f"{folder}/{name}" not in self._places):
            self._next_walk = 0.0

    def sweep(self, *, full: bool = True) -> None:
        """Look at every folder again where its time says that it changed; or else at those that cannot be watched."""
        self._dirty.update(self._folders if full else self._unheard)

    def scan(self, now: float, wall: float, *, from_end: bool = False) -> Iterator[SourceTail]:
        """Look at what changed; gives the tails of which something may have to be read.

        ``now`` is monotonic, ``wall`` seconds since 1970. ``from_end`` skips what is there already.
        """
        if now >= self._next_look:
            self._look_for_names(now)
        if now >= self.next_walk:
            self.walk(now)
        if not self._has_met_unfinished:
            self._has_met_unfinished = True
            for place in unfinished_places(self._marks, self._layout, self._is_named):
                self._add(place)  # the next look forgets those of which nothing is there
        dirty, self._dirty = self._dirty, set()
        for folder in dirty:
            yield from self._scan_folder(folder, now, wall, from_end=from_end)

    def _scan_folder(self, folder: str, now: float, wall: float, *, from_end: bool) -> Iterator[SourceTail]:
        logs = self._folders.get(folder)
        if logs is None or not self._must_list(folder, logs, now, wall):
            return
        entries = self._entries(folder, logs)
        if entries is None:
            return
        found = self._layout.logs(entries, logs)
        for log, tail in list(logs.items()):
            tail.scan(found.get(log, {}), now, wall, from_end=from_end)
            if tail.is_done() and not found.get(log):
                del logs[log]
            else:
                self._await_first_lines(folder, tail)
            yield tail
        if any(tail.is_unsettled(now) for tail in logs.values()):
            self._dirty.add(folder)
        if not logs:
            del self._folders[folder]
            self._listed.pop(folder, None)
            self._unheard.discard(folder)
            self._next_walk = min(self._next_walk, now + AGAIN_SECS)

    def _must_list(self, folder: str, logs: dict[str, SourceTail], now: float, wall: float) -> bool:
        """Whether a folder may hold other names, or grown files, than when it was listed last."""
        if not self._watch.folder(folder):
            self._unheard.add(folder)
        else:
            self._unheard.discard(folder)
        changed = changed_at(folder)
        at, before = self._listed.get(folder, (float("-inf"), -1))
        unsettled = any(tail.is_unsettled(now) for tail in logs.values())
        if changed == before and now - at < LIST_SECS and not unsettled:
            return False
        self._listed[folder] = now, settled(changed, wall)
        return True

    def _entries(self, folder: str, logs: dict[str, SourceTail]) -> list[str] | None:
        """The names in a folder; none when it is gone; None when it cannot be listed."""
        try:
            return os.listdir(folder)  # noqa: PTH208 - hot for many files
        except FileNotFoundError:
            return []  # the pod was removed; what is open is read to its end
        except OSError as error:
            for tail in logs.values():
                tail.files.complain(folder, error)
            return None  # nothing is known of the folder, so nothing in it ends

    def _await_first_lines(self, folder: str, tail: SourceTail) -> None:
        """Hear of it when a file gets its first line, so that empty ones need no looking at.

        A look must come after the watch, for the line may have been written in between.
        """
        heard = {entry for entry in tail.files.waiting if self._watch.path(f"{folder}/{entry}", folder)}
        tail.unheard = bool(tail.files.waiting - (heard & tail.heard))
        tail.heard = heard

    # -- what others ask -----------------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many logs were found so far."""
        return sum(map(len, self._folders.values()))

    def tails(self) -> Iterator[SourceTail]:
        """The logs found so far."""
        for logs in self._folders.values():
            yield from logs.values()

    def source_at(self, path: str) -> Source | None:
        """Whose log a file is, or was; None: that cannot be told by its path."""
        place = place_of(self._layout, path)
        return None if place is None else self._layout.source(place)

    def has_files(self, path: str, source_id: str) -> bool:
        """Whether files of a log are there, be it found or not."""
        return has_files(self._layout, path, source_id)

    def strangers(self) -> Iterator[tuple[str, str]]:
        """Paths that the globs name and that are not read, and why."""
        for path, (_, place) in self._places.items():
            if isinstance(place, str):
                yield path, place

    def excluded(self) -> Iterator[str]:
        """Paths that the globs name and the settings exclude."""
        for glob in self._globs:
            yield from (path for path in glob.all() if self._is_excluded(path))

    def closed_folders(self) -> Iterator[tuple[str, str]]:
        """Folders that cannot be looked into, and why."""
        for glob in self._globs:
            yield from glob.closed.items()

    def close(self) -> None:
        """Let go of all files."""
        for tail in self.tails():
            tail.close()
