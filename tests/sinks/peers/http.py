"""A server that takes batches as docs/sinks.md says, and answers 422 to one that holds what it does not know."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from bench.tcp_proxy import TcpProxy
from tests.sinks.peers.peer import PeerOfSink, Surroundings


class Server(ThreadingHTTPServer):
    """Keeps what it has taken."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.taken: list[dict[str, Any]] = []
        """Documents, in the order in which they came."""
        self.keys: list[str] = []
        """Idempotency keys of the requests."""
        self.thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


class Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
        assert self.headers["content-type"] == "application/x-ndjson"
        documents = [json.loads(line) for line in body.splitlines()]
        good = all("id" in each and "@timestamp" in each for each in documents)
        if good:
            self.server.taken += documents
        self.server.keys.append(self.headers["idempotency-key"])
        self.send_response(200 if good else 422)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


class Peer(PeerOfSink):
    once: ClassVar[bool] = False

    def __init__(self, around: Surroundings) -> None:
        self._server = Server()
        self._gate = TcpProxy([("127.0.0.1", self._server.server_port)])
        self._gate.start()

    @property
    def settings(self) -> dict[str, Any]:
        return {"type": "http", "url": f"http://127.0.0.1:{self._gate.ports[0]}/logs", "batch_max_age_secs": 0.2}

    def go(self) -> None:
        self._gate.shut()

    def come_back(self) -> None:
        self._gate.open()

    def received(self) -> list[str]:
        return [each["id"] for each in list(self._server.taken)]

    def close(self) -> None:
        self._gate.close()
        self._server.close()
