"""Logs that an earlier run had not finished, and that no glob finds now: what of them is there.

``app.log`` was renamed to ``app.log.1`` and its program has ended, or the next file is not made yet; a container's
folder is there, and kubelet makes the link to it a moment later.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from producers.core.files.log_names import log_paths
from producers.files.layouts import Layout, Place

if TYPE_CHECKING:
    from producers.core.files.checkpoint import Marks


def place_of(layout: Layout, path: str) -> Place | None:
    """The log that a file belongs to, or belonged to; None: that cannot be told by its path."""
    place = layout.place(path)
    if isinstance(place, str) or (layout.needs_folder and not os.path.isdir(place.folder)):  # noqa: PTH112 - as there
        return None
    return place


def unfinished_places(marks: Marks, layout: Layout, is_named: Callable[[str], bool]) -> Iterator[Place]:
    """The logs of unfinished files. ``is_named``: whether the settings name a path, be there a file or not."""
    unfinished = [mark for _, mark in marks.items() if not mark.ended]
    for mark in unfinished:
        for path in log_paths(mark.path):
            place = place_of(layout, path) if is_named(path) else None
            if place is not None and layout.source(place)["id"] == mark.source_id:
                yield place


def has_files(layout: Layout, path: str, source_id: str) -> bool:
    """Whether files are there of the log that a file belonged to, be it named by the settings now or not."""
    places = [place for each in log_paths(path) if (place := place_of(layout, each)) is not None]
    return any(layout.source(place)["id"] == source_id and _has_files(layout, place) for place in places)


def _has_files(layout: Layout, place: Place) -> bool:
    try:
        entries = os.listdir(place.folder)  # noqa: PTH208 - names are all that is asked for
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # nothing is known of the folder, so nothing in it is gone
    return bool(layout.logs(entries, [place.log]).get(place.log))
