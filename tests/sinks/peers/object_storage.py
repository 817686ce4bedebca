"""A directory that may be taken away, read as any reader of Parquet would."""

from __future__ import annotations

from typing import Any, ClassVar

import pyarrow.parquet as pq

from tests.sinks.peers.folder import PeerInFolder


class Peer(PeerInFolder):
    once: ClassVar[bool] = True

    @property
    def settings(self) -> dict[str, Any]:
        return {"type": "object_storage", "url": f"file://{self.folder}", "object_max_age_secs": 0.5}

    def received(self) -> list[str]:
        root = self.where_it_is()
        tables = [pq.read_table(path, columns=["id"]) for path in sorted(root.rglob("*.parquet"))]
        return [id_ for table in tables for id_ in table.column("id").to_pylist()]
