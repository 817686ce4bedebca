"""A directory that may be taken away, read as any reader of Parquet would."""

from __future__ import annotations

from typing import Any, ClassVar

import pyarrow.parquet as pq

from tests.sinks.peers.peer import PeerOfSink, Surroundings


class Peer(PeerOfSink):
    once: ClassVar[bool] = True

    def __init__(self, around: Surroundings) -> None:
        self._folder = around.folder / "archive"
        self._away = around.folder / "away"
        self._folder.mkdir()

    @property
    def settings(self) -> dict[str, Any]:
        return {"type": "object_storage", "url": f"file://{self._folder}", "object_max_age_secs": 0.5}

    def go(self) -> None:
        self._folder.rename(self._away)
        self._folder.write_text("no folder")

    def come_back(self) -> None:
        self._folder.unlink()
        self._away.rename(self._folder)

    def received(self) -> list[str]:
        root = self._folder if self._folder.is_dir() else self._away
        tables = [pq.read_table(path, columns=["id"]) for path in sorted(root.rglob("*.parquet"))]
        return [id_ for table in tables for id_ in table.column("id").to_pylist()]
