"""Values for the tests of the peers."""

from pathlib import Path
from typing import Any

from bench.peers.task import Site


def raw_chunk(payload: bytes) -> dict[str, Any]:
    source = {"id": "0123456789abcdef", "node": "node-1", "kind": "files", "framing": "raw"}
    return {
        "source": source,
        "path": "/a",
        "incarnation": bytes(8),
        "offset": 0,
        "observed_timestamp": 1,
        "payload": payload,
    }


def site(folder: Path) -> Site:
    return Site(
        name="somebody-1",
        folder=folder,
        files=Path("/node"),
        pods=(),
        bootstrap_servers="127.0.0.1:19092",
        elasticsearch_url="http://127.0.0.1:19200",
    )
