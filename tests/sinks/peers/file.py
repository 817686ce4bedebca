"""Files in a folder that may be taken away, as a disk that is not mounted."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tests.sinks.peers.folder import PeerInFolder


class Peer(PeerInFolder):
    once: ClassVar[bool] = True

    @property
    def settings(self) -> dict[str, Any]:
        return {"type": "file", "path": f"{self.folder}/out/{{namespace}}.log", "rotate_max_bytes": 200_000}

    def received(self) -> list[str]:
        """Of lines that are whole; a last one without its end is being written, or cut off by the next start."""
        while True:
            root = self.where_it_is()
            try:
                texts = [path.read_bytes() for path in sorted(root.glob("out/*.log*"))]
            except FileNotFoundError:  # put aside meanwhile
                continue
            return [json.loads(line)["id"] for text in texts for line in text[: text.rfind(b"\n") + 1].splitlines()]
