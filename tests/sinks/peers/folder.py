"""A destination on a disk that may be taken away."""

from __future__ import annotations

from pathlib import Path

from tests.sinks.peers.peer import PeerOfSink, Surroundings


class PeerInFolder(PeerOfSink):
    def __init__(self, around: Surroundings) -> None:
        self.folder = around.folder / "disk"
        self._away = around.folder / "away"
        self.folder.mkdir()

    def go(self) -> None:
        self.folder.rename(self._away)
        self.folder.write_text("no folder")

    def come_back(self) -> None:
        self.folder.unlink()
        self._away.rename(self.folder)

    def where_it_is(self) -> Path:
        """What was written can be looked at while it is away, too."""
        return self.folder if self.folder.is_dir() else self._away
