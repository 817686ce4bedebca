"""The real search server, behind a gate."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, ClassVar
from urllib.parse import urlsplit

from bench.tcp_proxy import TcpProxy
from tests.sinks.peers.peer import PeerOfSink, Surroundings


class Peer(PeerOfSink):
    once: ClassVar[bool] = True

    def __init__(self, around: Surroundings) -> None:
        self._url = around.stack.endpoints.elasticsearch_url
        self._index = around.name
        self._gate = TcpProxy([("127.0.0.1", urlsplit(self._url).port or 0)])
        self._gate.start()

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "type": "elasticsearch",
            "hosts": [f"http://127.0.0.1:{self._gate.ports[0]}"],
            "index": f"{self._index}-%Y.%m.%d",
            "replicas": 0,
        }

    def go(self) -> None:
        self._gate.shut()

    def come_back(self) -> None:
        self._gate.open()

    def received(self) -> list[str]:
        self._ask(f"/{self._index}-*/_refresh")
        body = {"size": 10_000, "_source": False, "query": {"match_all": {}}}
        try:
            found = self._ask(f"/{self._index}-*/_search?ignore_unavailable=true", body)
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            return []  # the index has just been made, and its shard is not there yet
        return [hit["_id"] for hit in found["hits"]["hits"]]

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = json.dumps(body).encode() if body else b""
        request = urllib.request.Request(f"{self._url}{path}", data)
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def close(self) -> None:
        self._gate.close()
