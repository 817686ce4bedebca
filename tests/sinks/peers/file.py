"""Files in a folder that may be taken away, as a disk that is not mounted."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tests.sinks.peers.peer import PeerOfSink, Surroundings


class Peer(PeerOfSink):
    once: ClassVar[bool] = True

    def __init__(self, around: Surroundings) -> None:
        self._folder = around.folder / "disk"
        self._away = around.folder / "away"
        self._folder.mkdir()

    @property
    def settings(self) -> dict[str, Any]:
        return {"type": "file", "path": f"{self._folder}/out/{{namespace}}.log", "rotate_max_bytes": 200_000}

    def go(self) -> None:
        self._folder.rename(self._away)
        self._folder.write_text("no folder")

    def come_back(self) -> None:
        self._folder.unlink()
        self._away.rename(self._folder)

    def received(self) -> list[str]:
        """Of lines that are whole; a last one without its end is being written, or cut off by the next start."""
        while True:
            root = self._folder if self._folder.is_dir() else self._away
            try:
                texts = [path.read_bytes() for path in sorted(root.glob("out/*.log*"))]
            except FileNotFoundError:  # put aside meanwhile
                continue
            return [json.loads(line)["id"] for text in texts for line in text[: text.rfind(b"\n") + 1].splitlines()]
