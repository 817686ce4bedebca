"""How faults that need a part of a writer (pause, truncate, rotate away) find it: by its kind, at a site."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakKeyDictionary

import yaml

from bench.pipeline import merged
from producers.checkpoint_store import FILE_NAME, state_on_disk

if TYPE_CHECKING:
    from bench.faults.site import Site

Kind = TypeVar("Kind")

_WRITERS: Final[WeakKeyDictionary[Site, list[object]]] = WeakKeyDictionary()

READ_SECS: Final = 60.0
"""So long a producer may take to have read everything of a few files."""


def enrol(site: Site, writer: Kind) -> Kind:
    """Make a writer known to faults."""
    _WRITERS.setdefault(site, []).append(writer)
    return writer


def found(site: Site, kind: type[Kind]) -> Kind:
    """The site's writer of a kind."""
    return next(writer for writer in _WRITERS[site] if isinstance(writer, kind))


def read_also(site: Site, inputs: dict[str, Any]) -> None:
    """More inputs, and a route for whatever they read; before stages start."""
    settings = merged(yaml.safe_load(site.pipeline.config.read_text()), {"inputs": inputs})
    settings["routes"][0]["match"] = "**"
    site.pipeline.configure(yaml.safe_dump(settings))


def has_read(site: Site) -> bool:
    """Whether the producer's checkpoint knows of any file."""
    folder = site.pipeline.folder / "producer"
    return (folder / FILE_NAME).exists() and any(state_on_disk(folder)[0].items())


def expect_read(site: Site, *files: Path) -> None:
    """Wait until the producer's checkpoint says that Kafka has all of these files, and all others beside them are done.

    So losses of before have been told, too. Raises AssertionError.
    """
    until = time.monotonic() + READ_SECS
    while behind := _behind(site, files):
        assert time.monotonic() < until, f"not read after {READ_SECS:.0f} s: {behind}\n{site.pipeline.tails()}"
        site.hold(0.1)


def _behind(site: Site, files: tuple[Path, ...]) -> list[str]:
    marks, _ = state_on_disk(site.pipeline.folder / "producer")
    read: set[str] = set()
    unfinished: list[str] = []
    sizes = {str(path): path.stat().st_size for path in files}
    folders = {path.parent for path in files}  # files elsewhere are another writer's, which goes on
    for mark in dict(marks.items()).values():
        if Path(mark.path).parent not in folders:
            continue
        if not mark.ended and sizes.get(mark.path) == mark.offset:
            read.add(mark.path)
        elif not mark.ended:
            unfinished.append(mark.path)
    return [*unfinished, *(path for path in sizes if path not in read)]
