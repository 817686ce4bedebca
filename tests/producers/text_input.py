"""A `files` or `docker_files` input over real files, looked at and read by hand, with a time of its own."""

from __future__ import annotations

from producers.chunk import Chunk
from producers.core.files.checkpoint import Marks
from producers.files.input import FileInput
from producers.files.layouts import LAYOUTS
from producers.files.watch import Watch
from schemas.settings import DockerFilesInput, FilesInput
from tests.producers.node import LIMITS

KINDS = {"files": FilesInput, "docker_files": DockerFilesInput}
WALL = 1_795_000_000.0
"""Seconds since 1970 when a reader's time is 0; after every file here was written."""


class TextInput:
    """One input of one run of a producer."""

    def __init__(self, *paths: object, kind: str = "files", marks: Marks | None = None, **settings: object) -> None:
        path = str(paths[0]) if kind != "files" else [str(each) for each in paths]
        given = KINDS[kind].model_validate({"type": kind, "path": path, **settings})
        self.marks = Marks() if marks is None else marks
        self.watch = Watch(use_inotify=False)
        self.input = FileInput("logs", given, LAYOUTS[kind](given, "node-1"), self.marks, LIMITS, self.watch)
        self.now = 0.0
        self.look(from_end=self.input.starts_at_end and len(self.marks) == 0)

    def look(self, secs: float = 60.0, *, from_end: bool = False) -> None:
        """As a producer does every second, but with all folders, and so much later that nothing is put off."""
        self.now += secs
        self.input.sweep()
        list(self.input.scan(self.now, WALL + self.now, from_end=from_end))

    def chunks(self) -> list[Chunk]:
        """Everything that can be read now."""
        found = []
        for tail in list(self.input.tails()):
            while (reading := tail.next_chunk(self.now, int((WALL + self.now) * 1e9))) is not None:
                reading.life.acknowledge(reading.chunk.offset)
                found.append(reading.chunk)
        return found

    def read(self) -> dict[str, bytes]:
        """The same by path."""
        found: dict[str, bytes] = {}
        for chunk in self.chunks():
            found[chunk.path] = found.get(chunk.path, b"") + chunk.payload
        return found

    def close(self) -> None:
        self.input.close()
        self.watch.close()
