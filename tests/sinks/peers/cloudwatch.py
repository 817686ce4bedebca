"""moto behind the door that refuses what AWS refuses (tests/sinks/cloudwatch_server.py)."""

from __future__ import annotations

from typing import Any, ClassVar

from bench.tcp_proxy import TcpProxy
from tests.sinks.cloudwatch_server import CloudwatchServer
from tests.sinks.peers.peer import PeerOfSink, Surroundings
from tests.sinks.records import NOON

_ID = slice(len('{"id":"'), len('{"id":"') + 19)


class Peer(PeerOfSink):
    once: ClassVar[bool] = False

    def __init__(self, around: Surroundings) -> None:
        self._server = CloudwatchServer(lambda: NOON // 1_000_000)  # the day of the examples
        self._gate = TcpProxy([("127.0.0.1", self._server.port)])
        self._gate.start()
        self._secret = around.folder / "secret-access-key"
        self._secret.write_text("secret")

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "type": "cloudwatch",
            "region": "eu-central-1",
            "endpoint_url": f"http://127.0.0.1:{self._gate.ports[0]}",
            "access_key_id": "AKIDOWN",
            "secret_access_key": {"file": str(self._secret)},
            "batch_max_age_secs": 0.2,
        }

    def go(self) -> None:
        self._gate.shut()

    def come_back(self) -> None:
        self._gate.open()

    def received(self) -> list[str]:
        return [event["message"][_ID] for put in list(self._server.puts) for event in put["logEvents"]]

    def close(self) -> None:
        self._gate.close()
        self._server.close()
