"""Cloud Logging made of the vendor's own definitions (tests/sinks/google_cloud_server.py)."""

from __future__ import annotations

from typing import Any

from bench.tcp_proxy import TcpProxy
from schemas.identity import record_id
from tests.sinks.google_cloud_server import GoogleCloudServer
from tests.sinks.peers.peer import PeerOfSink, Surroundings
from tests.sinks.records import NOON


class Peer(PeerOfSink):
    def __init__(self, around: Surroundings) -> None:
        self._server = GoogleCloudServer(lambda: NOON // 10**9)  # the day of the examples
        self._gate = TcpProxy([("127.0.0.1", self._server.server_port)])
        self._gate.start()

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "type": "google_cloud",
            "project": "shop-prod",
            "location": "europe-west3",
            "cluster_name": "shop",
            "endpoint": f"http://127.0.0.1:{self._gate.ports[0]}",
            "anonymous": True,
            "retention_days": None,
            "batch_max_age_secs": 0.2,
        }

    def go(self) -> None:
        self._gate.shut()

    def come_back(self) -> None:
        self._gate.open()

    def received(self) -> list[str]:
        return [_record_id(each.insert_id) for each in self._server.shown()]

    def close(self) -> None:
        self._gate.close()
        self._server.close()


def _record_id(insert_id: str) -> str:
    return record_id(bytes.fromhex(insert_id[:16]), int(insert_id[16:], 16))
